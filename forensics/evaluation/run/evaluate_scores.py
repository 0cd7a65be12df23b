"""Evaluate scores of other programs, with one results folder for all of them."""

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
    SampleUnit,
    describe_beside,
    put_beside,
    read_foreign,
    write_beside,
)
from forensics.execution.progress import Report, silent, subrange

from .evaluated import Evaluated, Settings

HALF = 0.5
_READING = 0.25  # share of the progress for reading files
_MEASURING = 0.95  # share of the progress of one file for its measures


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """The measured scores of one detector.

    Attributes:
        evaluated: The same result as for a detector of ours.
        beside: Published numbers beside ours.
        notes: Sentences on how the file was interpreted.
    """

    evaluated: Evaluated
    beside: tuple[Beside, ...]
    notes: tuple[str, ...]

    def describe(self) -> str:
        """Return lines on how the file was read, and the published numbers beside ours."""
        title = f"{self.evaluated.report.detector}: as published, and corrected"
        return "\n".join([title, *(f"  {note}" for note in self.notes), describe_beside(self.beside)])


def evaluate_files(
    paths: Sequence[Path],
    settings: Settings,
    *,
    columns: Mapping[str, str] | None = None,
    out: Path | None = None,
    unit: SampleUnit = SampleUnit.AUTO,
    report: Report = silent,
) -> tuple[Imported, ...]:
    """Measure scores from files or DeepfakeBench's folders; each detector and test set becomes a detector of the run.

    No validation split is known, so probabilities are compared with one half, and other scores have no threshold.

    Args:
        paths: CSV, JSON, JSON Lines, NPZ, DeepfakeBench's pickles or folders.
        settings: Settings of the evaluation; the protocol is not used.
        columns: The column of each field, for all files.
        out: The results folder; scores and comparisons are written there, None to write nothing.
        unit: What one sample is where the rows of a file are pictures.
        report: Progress callback.

    Raises:
        ScoresError: A file has no known format, or is damaged.
        MetricError: A file contains one class only.
    """
    read = [
        one
        for number, path in enumerate(paths)
        for one in read_foreign(
            path,
            columns,
            unit=unit,
            report=subrange(report, _READING * number / len(paths), _READING * (number + 1) / len(paths)),
        )
    ]
    measuring = subrange(report, _READING, 1.0)
    done = []
    for number, (foreign, name) in enumerate(zip(read, _names(read), strict=True)):
        step = subrange(measuring, number / len(read), (number + 1) / len(read))
        step(0.0, f"measuring {name}")
        done.append(_evaluate(replace(foreign, name=name), settings, out, step))
    return tuple(done)


def _evaluate(foreign: ForeignScores, settings: Settings, out: Path | None, report: Report) -> Imported:
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
        report=subrange(report, 0.0, _MEASURING),
    )
    measured = EvalReport(
        corpus=foreign.corpus,
        detector=foreign.name,
        protocol="scores from a file",
        seed=settings.seed,
        measures=measures,
        sealed=False,
        threshold=threshold,
        threshold_origin="one half, chosen before the scores were read" if probabilities else "",
        aggregation=settings.aggregation.value,
        warnings=(*foreign.warnings, *warnings_of(measures, table.identities, foreign.samples)),
        samples=foreign.samples,
    )
    report(_MEASURING, f"writing {foreign.name}")
    folder = None if out is None else out / folder_of(foreign.name)
    beside = put_beside(foreign, measured)
    if folder is not None:
        write_scores(table, folder / SCORES_NAME)
        write_beside(beside, folder / BESIDE_NAME)
    return Imported(Evaluated(measured, table, settings, folder=folder), beside, foreign.notes)


def _names(read: Sequence[ForeignScores]) -> tuple[str, ...]:
    """Return names by detector, with the test set where the detector is not unique, and with a number where needed."""
    names = [one.name for one in read]
    shared = Counter(names)
    names = [f"{one.name} {one.corpus}" if shared[one.name] > 1 else one.name for one in read]
    shared, met = Counter(names), Counter[str]()
    for place, name in enumerate(names):
        met[name] += 1
        names[place] = f"{name} {met[name]}" if shared[name] > 1 else name
    return tuple(names)
