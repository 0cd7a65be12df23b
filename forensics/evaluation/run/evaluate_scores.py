"""Evaluate scores that other programs made, one results folder for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forensics.evaluation import SCORES_NAME, EvalReport, folder_of, measure_table, warnings_of, write_scores
from forensics.evaluation.external_scores import (
    BESIDE_NAME,
    Beside,
    ForeignScores,
    describe_beside,
    put_beside,
    read_foreign,
    write_beside,
)
from forensics.execution.progress import Report, silent, subrange

from .evaluate_corpus import Evaluated, Settings

HALF = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """One detector's scores, measured.

    Attributes:
        evaluated: As for a detector of ours.
        beside: Published numbers beside ours.
        notes: How the file was understood.
    """

    evaluated: Evaluated
    beside: tuple[Beside, ...]
    notes: tuple[str, ...]

    def describe(self) -> str:
        """Say in lines how the file was read, and what is published beside ours."""
        title = f"{self.evaluated.report.detector}: as published, and corrected"
        return "\n".join([title, *(f"  {note}" for note in self.notes), describe_beside(self.beside)])


def evaluate_files(
    paths: Sequence[Path],
    settings: Settings,
    *,
    columns: Mapping[str, str] | None = None,
    out: Path | None = None,
    report: Report = silent,
) -> tuple[Imported, ...]:
    """Measure scores from files or DeepfakeBench's folders; each detector and test set becomes a detector of the run.

    Nothing is known of a validation split, so probabilities are compared with one half and other scores with nothing.

    Args:
        paths: CSV, JSON, JSON Lines, NPZ, DeepfakeBench's pickles or folders.
        settings: How; the protocol does not enter.
        columns: Which column holds which field, for all files.
        out: The results folder; scores and comparisons are written there, None to write nothing.
        report: Is told how far the work is.

    Raises:
        ScoresError: A file is of no known form, or broken.
        MetricError: A file holds one class only.
    """
    read = [one for path in paths for one in read_foreign(path, columns)]
    done = []
    for number, (foreign, name) in enumerate(zip(read, _names(read), strict=True)):
        step = subrange(report, number / len(read), (number + 1) / len(read))
        step(0.0, f"measuring {name}")
        done.append(_evaluate(replace(foreign, name=name), settings, out))
    return tuple(done)


def _evaluate(foreign: ForeignScores, settings: Settings, out: Path | None) -> Imported:
    table = foreign.table
    probabilities = bool(table.scores.min() >= 0 and table.scores.max() <= 1)
    threshold = HALF if probabilities else None
    measures = measure_table(
        table,
        seed=settings.seed,
        threshold=threshold,
        replicates=settings.replicates,
        aggregation=settings.aggregation,
        slices=table.method_slices,
    )
    report = EvalReport(
        corpus=foreign.corpus,
        detector=foreign.name,
        protocol="scores from a file",
        seed=settings.seed,
        measures=measures,
        sealed=False,
        threshold=threshold,
        threshold_origin="one half, chosen before the scores were read" if probabilities else "",
        aggregation=settings.aggregation.value,
        warnings=(*foreign.warnings, *warnings_of(measures, table.identities)),
    )
    folder = None if out is None else out / folder_of(foreign.name)
    beside = put_beside(foreign, report)
    if folder is not None:
        write_scores(table, folder / SCORES_NAME)
        write_beside(beside, folder / BESIDE_NAME)
    return Imported(Evaluated(report, table, settings, folder=folder), beside, foreign.notes)


def _names(read: Sequence[ForeignScores]) -> tuple[str, ...]:
    """Name each by its detector, those that share it by the test set too, and number what is still alike."""
    names = [one.name for one in read]
    shared = Counter(names)
    names = [f"{one.name} {one.corpus}" if shared[one.name] > 1 else one.name for one in read]
    shared, met = Counter(names), Counter[str]()
    for place, name in enumerate(names):
        met[name] += 1
        names[place] = f"{name} {met[name]}" if shared[name] > 1 else name
    return tuple(names)
