"""Score a corpus under every cell of distortion suites: in shards over processes, resumable and cached."""

from .answers import evaluate_answers
from .distorted_files import DistortedFiles, write_distorted
from .grid import CELLS, Grid, measure_grid
from .running import CellScores, GridRun, run_cells

__all__ = [
    "CELLS",
    "CellScores",
    "DistortedFiles",
    "Grid",
    "GridRun",
    "evaluate_answers",
    "measure_grid",
    "run_cells",
    "write_distorted",
]
