"""Measure a detector under suites: score every cell, then compare each with the undistorted samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forensics.distortions import find_cell
from forensics.evaluation import Aggregation, AppliedDistortion, Measure
from forensics.evaluation.measures.distorted_cells import measure_cell
from forensics.execution.progress import Report, silent

from .running import CellScores, GridRun, run_cells
from .work_units import CLEAN_KEY, CellKey

CELLS = "cells"
"""Folder of a detector's results that cells are kept in."""

BASELINE = "the suite's samples, undistorted"


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A detector under suites.

    Attributes:
        measures: Those of the undistorted samples first, then cell by cell.
        notes: What a reader has to know of the distortions, each once.
    """

    measures: tuple[Measure, ...]
    notes: tuple[str, ...]

    @property
    def cells(self) -> tuple[Measure, ...]:
        """The measures of the cells alone."""
        return tuple(one for one in self.measures if one.severity > 0)


def measure_grid(
    run: GridRun,
    cells: Sequence[CellKey],
    *,
    threshold: float,
    aggregation: Aggregation = Aggregation.MEAN,
    replicates: int = 1000,
    report: Report = silent,
) -> Grid:
    """Score and measure every cell at video level.

    Args:
        run: What is to be scored, and how.
        cells: Names of distortions with severities.
        threshold: Frozen on undistorted validation data.
        aggregation: How a video's score follows from its frames'.
        replicates: Of the bootstrap.
        report: Is told how far the work is.

    Raises:
        CorpusError: As `run_cells`.
        InputError: As `run_cells`.
        MetricError: If a class is missing.
    """
    scored = run_cells(run, cells, report)
    clean = scored[0].table.by_video(aggregation)
    measures: list[Measure] = []
    for one in scored:
        measures += measure_cell(
            clean,
            one.table.by_video(aggregation),
            threshold=threshold,
            seed=run.seed,
            applied=AppliedDistortion(*one.key, parameter=BASELINE if one.key == CLEAN_KEY else one.parameter),
            note=_note(one, len(clean)),
            replicates=replicates,
        )
    told = {one.key[0]: find_cell(*one.key).distortion.note for one in scored[1:]}
    return Grid(tuple(measures), tuple(f"{name}: {note}" for name, note in told.items() if note))


def _note(one: CellScores, videos: int) -> str:
    """Say where a cell measures less than its name promises."""
    if one.key == CLEAN_KEY or not one.unchanged:
        return ""
    return f"left {len(one.unchanged)} of {videos} videos unchanged"
