"""Score a corpus under every cell of distortion suites: in shards over processes, resumable and cached."""

from .grid import CELLS, Grid, measure_grid
from .running import CellScores, GridRun, run_cells

__all__ = ["CELLS", "CellScores", "Grid", "GridRun", "measure_grid", "run_cells"]
