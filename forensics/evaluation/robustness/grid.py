"""Measure a detector under suites: score every cell, then compare each cell with the undistorted samples."""

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
"""Folder of a detector's results for its cells."""

BASELINE = "the suite's samples, undistorted"


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The measures of a detector under suites.

    Attributes:
        measures: Measures of the undistorted samples first, then cell by cell.
        notes: Notes on the distortions for the reader, each once.
    """

    measures: tuple[Measure, ...]
    notes: tuple[str, ...]

    @property
    def cells(self) -> tuple[Measure, ...]:
        """Return the measures of the cells alone."""
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
        run: The samples to score, with settings.
        cells: Names of distortions with severities.
        threshold: Frozen on undistorted validation data.
        aggregation: Aggregation of frame scores into a video's score.
        replicates: Number of bootstrap replicates.
        report: Progress callback.

    Raises:
        CorpusError: As for `run_cells`.
        InputError: As for `run_cells`.
        MetricError: A class is missing.
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
    """Return a note where a cell measures less than its name suggests."""
    if one.key == CLEAN_KEY or not one.unchanged:
        return ""
    return f"left {len(one.unchanged)} of {videos} videos unchanged"
