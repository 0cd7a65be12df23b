"""Distort clips as they change in practice: recompress, resize, blur, add noise, change the tone, move the crop, mark.

Every distortion is a pure function on frames or on face boxes. Randomness comes only from the generator that is passed
in. `suites.py` lists all of them, suite by suite.
"""

from .distortion import Distortion, Floats, Frames, Rng
from .suites import DISTORTIONS, SUITES, Cell, Suite, distort, find_cell, find_distortion, find_suite, gather_cells

__all__ = [
    "DISTORTIONS",
    "SUITES",
    "Cell",
    "Distortion",
    "Floats",
    "Frames",
    "Rng",
    "Suite",
    "distort",
    "find_cell",
    "find_distortion",
    "find_suite",
    "gather_cells",
]
