"""Build the section on the calibration of probabilities."""

from __future__ import annotations

from forensics.evaluation import Level
from forensics.reporting.blocks import Column, Figure, Figures, Section, Table, section
from forensics.reporting.charts.curves import Bin, reliability_chart
from forensics.reporting.charts.drawing import tone
from forensics.reporting.curves import are_probabilities, reliability, video_table
from forensics.reporting.gather import DetectorResults, Results
from forensics.reporting.words import count_cell, estimate, estimate_fields, number, text_cell

from .detection import measures_table

SHOWN = (
    "log_loss",
    "brier",
    "brier_reliability",
    "brier_resolution",
    "brier_uncertainty",
    "ece",
    "ece_mass",
    "ece_width",
    "ece_balanced",
)


def calibration(results: Results) -> Section | None:
    """Build the charts of reliability and of the scores of probabilities."""
    binned: list[tuple[DetectorResults, tuple[Bin, ...]]] = []
    figures: list[Figure] = []
    for index, one in enumerate(results.detectors):
        table = video_table(one)
        if table is not None and are_probabilities(table):
            bins = reliability(table, results.run.seed)
            binned.append((one, bins))
            chart = reliability_chart(one.title, bins, tone(index, len(results.detectors)))
            figures.append(Figure(f"reliability_{index + 1}", one.title, chart))
    drawn = Figures(tuple(figures), (_bins(binned),)) if figures else None
    return section(
        "calibration",
        "Calibration",
        "On the diagonal, of all videos given 0.8 eight in ten are manipulated. Below it a detector is too sure, above "
        "it too timid. It holds for this test's share of manipulated videos only.",
        [drawn, measures_table("calibration", "Scores of the probabilities", results.detectors, SHOWN, Level.VIDEO)],
    )


def _bins(binned: list[tuple[DetectorResults, tuple[Bin, ...]]]) -> Table:
    columns = (
        Column("detector"),
        Column("stated probability", numeric=True),
        Column("share manipulated", estimate_fields("share manipulated"), numeric=True),
        Column("videos", numeric=True),
    )
    rows = tuple(
        (
            text_cell(one.name),
            text_cell(number(found.predicted)),
            estimate(found.observed, found.low, found.high),
            count_cell(found.count),
        )
        for one, bins in binned
        for found in bins
    )
    return Table("reliability_bins", "Bins of equal size", columns, rows, folded=True)
