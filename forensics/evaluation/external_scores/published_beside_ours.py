"""Compare the published number with the corrected one, and explain the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.evaluation.measures.reports import EvalReport, Measure
from forensics.evaluation.metrics import classification as metrics
from forensics.evaluation.scores.score_table import ScoreTable
from forensics.evaluation.text import columns
from forensics.storage.files import write_csv

from . import published
from .importing import ForeignScores

BESIDE_NAME = "side_by_side.csv"


@dataclass(frozen=True, slots=True)
class Beside:
    """One published number beside ours.

    Attributes:
        name: Their name of the number.
        theirs: Their number.
        theirs_of: Basis of their number, such as `280 folders`.
        printed: The same number where they printed it themselves, otherwise None.
        ours_name: Our measure, such as `auc/video`; empty where none corresponds.
        ours: Value of our measure.
        low: Lower end of its 95 % interval.
        high: Upper end of the interval.
        ours_of: Basis of our measure.
        why: Why the two differ.
    """

    name: str
    theirs: float
    theirs_of: str
    printed: float | None
    ours_name: str
    ours: float | None
    low: float | None
    high: float | None
    ours_of: str
    why: str


def put_beside(foreign: ForeignScores, report: EvalReport) -> tuple[Beside, ...]:
    """Compare the numbers that the field would publish of some scores with the measures of our report on them.

    Args:
        foreign: The scores.
        report: Our measures of them.
    """
    table, printed = foreign.table, dict(foreign.printed or {})
    frames = f"{len(table)} rows"
    rows = [_row("frame AUC", metrics.auc(table.labels, table.scores), frames, printed.get("auc"), report, "auc/frame",
                 "same formula; theirs comes without an interval")]  # fmt: skip
    if foreign.readings:
        rows.append(_top_readings(foreign.readings, report))
    if foreign.folders:
        rows.append(_by_folder(foreign, printed.get("video_auc"), report))
    rows.append(
        _row("EER", published.nearest_eer(table.labels, table.scores), frames, printed.get("eer"), report, "eer/video",
             "theirs is the false positive rate at the nearest point of the ROC, over frames; ours is where the rates "
             "meet, over videos")
    )  # fmt: skip
    precision = metrics.average_precision(table.labels, table.scores)
    rows.append(
        _row("AP", precision.value, frames, printed.get("ap"), report, "average_precision/video",
             f"over frames against videos; {precision.prevalence:.0%} of the rows are forged, and AP rises with it")
    )  # fmt: skip
    if table.scores.min() >= 0 and table.scores.max() <= 1:
        rows += _accuracies(table, printed.get("acc"), report)
    return tuple(rows)


def write_beside(rows: Sequence[Beside], path: Path) -> None:
    """Write the comparison as CSV."""
    write_csv(path, Beside, rows)


def describe_beside(rows: Sequence[Beside]) -> str:
    """Return the comparison as lines of text, each reason under its numbers."""
    cells = [("as published", "", "of", "printed", "corrected", "", "95 % interval", "of")]
    for row in rows:
        interval = "none" if row.low is None or row.high is None else f"{row.low:.3f} to {row.high:.3f}"
        printed = "" if row.printed is None else f"{row.printed:.3f}"
        ours = ("none", "", "", "") if row.ours is None else (row.ours_name, f"{row.ours:.3f}", interval, row.ours_of)
        cells.append((row.name, f"{row.theirs:.3f}", row.theirs_of, printed, *ours))
    head, *lines = columns(cells).splitlines()
    return "\n".join([head, *(f"{line}\n      {row.why}" for line, row in zip(lines, rows, strict=True))])


def _row(
    name: str, theirs: float, theirs_of: str, printed: float | None, report: EvalReport, ours: str, why: str
) -> Beside:
    measure = report.find(ours)
    if measure is None:
        return Beside(name, theirs, theirs_of, printed, "", None, None, None, "", why)
    return Beside(
        name, theirs, theirs_of, printed, ours, measure.value, measure.low, measure.high, _counts(measure), why
    )


def _top_readings(readings: Sequence[float], report: EvalReport) -> Beside:
    why = (
        f"theirs is the mean of the best three of {len(readings)} looks at the test set; the last look gave "
        f"{readings[-1]:.3f}. Ours is of the saved scores, which are those of the best look: without a choice made on "
        "validation data the honest number is lower than both"
    )
    return _row("AUC, top 3", published.top_mean(readings), f"{len(readings)} readings", None, report, "auc/frame", why)


def _by_folder(foreign: ForeignScores, printed: float | None, report: EvalReport) -> Beside:
    table = foreign.table
    found = published.by_folder(foreign.folders, table.videos, table.labels, table.scores)
    videos = len(set(table.videos))
    why = (
        f"theirs takes frames of equal folder names for one video: {found.merged} of its {found.groups} groups mix "
        f"several of the {videos} videos"
        if found.merged
        else "every folder is one video here; theirs comes without an interval"
    )
    return _row("video AUC", found.auc, f"{found.groups} folders", printed, report, "auc/video", why)


def _accuracies(table: ScoreTable, printed: float | None, report: EvalReport) -> list[Beside]:
    forged = float((table.labels == 1).mean())
    at_half = published.accuracy_at_half(table.labels, table.scores)
    best = published.best_accuracy(table.labels, table.scores)
    frames = f"{len(table)} rows"
    word = "manipulated" if forged >= 0.5 else "genuine"
    trivial = max(forged, 1 - forged)
    return [
        _row("ACC at 0.5", at_half, frames, printed, report, "balanced_accuracy/video",
             f"calling everything {word} already gives {trivial:.3f}; ours weighs both classes alike"),
        _row("ACC at the best threshold", best, frames, None, report, "balanced_accuracy/video",
             "theirs chooses the threshold on the test itself, as several papers do; ours is fixed at 0.5 beforehand"),
    ]  # fmt: skip


def _counts(measure: Measure) -> str:
    return f"{measure.n_positive} forged, {measure.n_negative} genuine"
