"""Build the section on the separation of the classes: ROC, DET, histograms and the table of measures."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.evaluation import CLEAN, PICTURES, Level, Measure
from forensics.reporting.blocks import Column, Figure, Figures, Key, Section, Table, section
from forensics.reporting.charts.curves import Curve, det_chart, roc_chart
from forensics.reporting.charts.drawing import tone
from forensics.reporting.charts.histogram import histogram_chart
from forensics.reporting.curves import RATES, are_probabilities, by_class, roc_curve, video_table
from forensics.reporting.gather import DetectorResults, Results
from forensics.reporting.words import count_cell, estimate_cell, estimate_fields, interval, metric, number, text_cell

SHOWN = (
    "auc",
    "average_precision",
    "eer",
    "tpr_at_fpr_0.1",
    "tpr_at_fpr_1",
    "tpr_at_fpr_5",
    "balanced_accuracy",
    "fpr",
    "tpr",
)

TABLED = tuple(RATES[index] for index in (0, 1, 2, 4, 6, 8, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, 110))
"""Rates of the table behind the curves."""


def detection(results: Results) -> Section | None:
    """Build the charts and tables of separation, without distortion, over the whole test."""
    seed = results.run.seed
    curves = [
        (one, roc_curve(one.title, table, seed)) for one in results.detectors if (table := video_table(one)) is not None
    ]
    drawn = Figures(_curve_figures(curves), (_points(curves),)) if curves else None
    histograms = _histograms(results.detectors)
    return section(
        "detection",
        "Detection",
        "Each point of a curve is one threshold: how many manipulated videos it finds, and how many genuine ones it "
        "wrongly flags. Bands and intervals are 95 %, from a bootstrap over identities, not frames.",
        [
            drawn,
            Figures(histograms) if histograms else None,
            measures_table("measures", f"Measures by {_sample(results)}", results.detectors, SHOWN, Level.VIDEO),
            measures_table("measures_frames", "Measures by frame", results.detectors, SHOWN, Level.FRAME),
        ],
    )


def _sample(results: Results) -> str:
    """Return what one sample is: `picture` where every detector was tested on pictures alone."""
    kinds = {one.report.samples for one in results.detectors}
    return "picture" if kinds == {PICTURES} else "video"


def measures_table(
    name: str, title: str, detectors: Sequence[DetectorResults], shown: Sequence[str], level: Level
) -> Table | None:
    """Return the undistorted measures of all detectors that have any, side by side; None where none has any.

    Args:
        name: Name of the table.
        title: Title of the table.
        detectors: The detectors, from left to right.
        shown: The metrics, from top to bottom.
        level: Level of the measures; the table of frames is folded.
    """
    having = [one for one in detectors if any(one.report.find(f"{short}/{level}") for short in shown)]
    rows = []
    for short in shown:
        beside = [one.report.find(f"{short}/{level}") for one in having]
        first = next((found for found in beside if found is not None), None)
        if first is not None:
            rows.append(
                (
                    text_cell(metric(short), _common_note(beside)),
                    *(estimate_cell(found) for found in beside),
                    count_cell(first.n_positive),
                    count_cell(first.n_negative),
                )
            )
    if not rows:
        return None
    columns = (
        Column("measure"),
        *(Column(one.name, estimate_fields(one.name), numeric=True) for one in having),
        Column("manipulated", numeric=True),
        Column("genuine", numeric=True),
    )
    return Table(name, title, columns, tuple(rows), folded=level is Level.FRAME)


def _common_note(beside: Sequence[Measure | None]) -> str:
    """Return the note that all measures share; a measure's own note is shown on hover."""
    notes = {found.note for found in beside if found is not None}
    return notes.pop() if len(notes) == 1 else ""


def _curve_figures(curves: Sequence[tuple[DetectorResults, Curve]]) -> tuple[Figure, ...]:
    drawn = [curve for _, curve in curves]
    legend = tuple(_key(one, index, len(curves)) for index, (one, _) in enumerate(curves))
    return (
        Figure("roc", "ROC", roc_chart(drawn), legend),
        Figure(
            "det",
            "DET: the same errors on normal deviates",
            det_chart(drawn),
            note="Nearer to the lower left corner is better; straight lines are normally distributed scores.",
        ),
    )


def _key(one: DetectorResults, index: int, count: int) -> Key:
    chief = one.report.find("auc/video")
    note = "" if chief is None else f"AUC {number(chief.value)}, {interval(chief.low, chief.high)}"
    return Key(one.title, tone(index, count), note)


def _points(curves: Sequence[tuple[DetectorResults, Curve]]) -> Table:
    columns = [Column("false positive rate", numeric=True)]
    columns += [Column(one.title, estimate_fields(f"tpr {one.name}"), numeric=True) for one, _ in curves]
    rows = []
    for rate in TABLED:
        index = curves[0][1].x.index(rate)
        cells = [text_cell(f"{rate:.3f}")]
        for one, curve in curves:
            cells.append(
                estimate_cell(
                    Measure(
                        f"tpr {one.name}", Level.VIDEO, "all", CLEAN, 0,
                        curve.y[index], curve.low[index], curve.high[index], 0, 0,
                    )
                )
            )  # fmt: skip
        rows.append(tuple(cells))
    return Table("roc_points", "True positive rate along the curve", tuple(columns), tuple(rows), folded=True)


def _histograms(detectors: Sequence[DetectorResults]) -> tuple[Figure, ...]:
    figures = []
    for index, one in enumerate(detectors):
        table = video_table(one)
        if table is None:
            continue
        low, high = (0.0, 1.0) if are_probabilities(table) else (float(table.scores.min()), float(table.scores.max()))
        chart = histogram_chart(
            one.title,
            *by_class(table),
            tone(index, len(detectors)),
            threshold=one.report.threshold,
            low=low,
            high=high if high > low else low + 1.0,
        )
        figures.append(Figure(f"scores_{index + 1}", f"Scores by class, {one.title}", chart))
    return tuple(figures)
