"""Read a results folder: the run, each detector's measures, scores and failures, and a demo's trail."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import ReportError
from forensics.evaluation import (
    SCORES_NAME,
    VALIDATION_NAME,
    EvalReport,
    EvalRun,
    ScoresError,
    ScoreTable,
    folder_of,
    read_report,
    read_run,
    read_scores,
)

from .failures import Failure, read_failures
from .trail import Trail

RUN = "run.json"
PUBLISHED = "side_by_side.csv"
INNER = "evaluation"
"""Folder of a demo that contains its results."""


@dataclass(frozen=True, slots=True, eq=False)
class DetectorResults:
    """All results of one detector.

    Attributes:
        report: Its measures.
        title: Its name on the page.
        scores: Scores of the undistorted test, None where the folder has none.
        validation: Scores of the validation split, where there is one.
        failures: Its worst errors.
        published: Numbers of its authors with the corrected ones, header first; empty where there are none.
    """

    report: EvalReport
    title: str
    scores: ScoreTable | None
    validation: ScoreTable | None
    failures: tuple[Failure, ...]
    published: tuple[tuple[str, ...], ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the detector."""
        return self.report.detector


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """All results that a report is made of.

    Attributes:
        folder: The folder that media paths are relative to.
        run: The common record of the detectors.
        detectors: The detectors, in the order of the run.
        probes: Results of the probes.
        quality: Measures of a generator's output, slice by slice.
        trail: The trail of a demo, None otherwise.
    """

    folder: Path
    run: EvalRun
    detectors: tuple[DetectorResults, ...]
    probes: tuple[DetectorResults, ...]
    quality: tuple[DetectorResults, ...]
    trail: Trail | None


def gather_results(folder: Path) -> Results:
    """Read a results folder that `evaluate -o` or `demo` wrote.

    Args:
        folder: The folder; for a demo its folder or the `evaluation` folder inside it.

    Raises:
        ReportError: The folder is not a results folder, or a record in it is damaged; the message names the file.
    """
    inner = folder / INNER if (folder / INNER / RUN).is_file() else folder
    if not (inner / RUN).is_file():
        raise ReportError(
            f"{folder} holds no {RUN}; name a folder that `facetrail evaluate ... -o DIR` or `facetrail demo` wrote",
            folder,
        )
    trail = Trail.load(folder)
    titles = dict(trail.titles) if trail else {}
    try:
        run = read_run(inner)
        found = [_read(folder, inner / folder_of(name), titles.get(name, name)) for name in run.detectors]
        probes = tuple(_read(folder, inner / folder_of(name), name.removeprefix("probe:")) for name in run.probes)
    except ScoresError as error:
        raise ReportError(str(error), error.path) from error
    return Results(
        folder=folder,
        run=run,
        detectors=tuple(one for one in found if not _is_quality(one.report)),
        probes=probes,
        quality=tuple(one for one in found if _is_quality(one.report)),
        trail=trail,
    )


def _read(root: Path, folder: Path, title: str) -> DetectorResults:
    return DetectorResults(
        report=read_report(folder),
        title=title,
        scores=_scores(folder / SCORES_NAME),
        validation=_scores(folder / VALIDATION_NAME),
        failures=read_failures(root, folder),
        published=_lines(folder / PUBLISHED),
    )


def _scores(path: Path) -> ScoreTable | None:
    return read_scores(path) if path.is_file() else None


def _lines(path: Path) -> tuple[tuple[str, ...], ...]:
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(tuple(line) for line in csv.reader(file, strict=True) if line)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReportError(f"{path} cannot be read as CSV: {error}; evaluate again", path) from error


def _is_quality(report: EvalReport) -> bool:
    """Return whether the measures are those of a generator, which need no genuine sample, and not of a detector."""
    names = {measure.metric for measure in report.measures}
    return bool(names) and "auc" not in names and all(measure.n_negative == 0 for measure in report.measures)
