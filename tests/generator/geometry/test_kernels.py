from __future__ import annotations

import numpy as np

from generator.geometry.kernels import Drawn, topmost

SIDE = 12


def _sheet(shift: int, stop: int) -> Drawn:
    """Return a sheet over the columns before `stop`, which shows the source `shift` pixels further right."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) + 0.5
    face = np.where(columns < stop, 0, -1).astype(np.int32)
    return Drawn(face, np.zeros((SIDE, SIDE), np.float32), np.stack([columns + shift, rows], -1))


def test_what_lies_beside_a_texture_moves_with_its_sheet_and_what_no_sheet_reaches_stays():
    texture = np.zeros((SIDE, SIDE, 4), np.float32)
    texture[:, :5, 3] = 1
    nothing = Drawn(np.full((SIDE, SIDE), -1, np.int32), np.zeros((SIDE, SIDE), np.float32),
                    np.zeros((SIDE, SIDE, 2), np.float32))  # fmt: skip
    top, places = topmost(((_sheet(2, 8), texture),), nothing, np.zeros((SIDE, SIDE), np.float32))
    assert np.array_equal(top[0], [1] * 3 + [3] * 5 + [0] * 4)
    grid = np.arange(SIDE) + 0.5
    assert np.array_equal(places[0, :8, 0], grid[:8] + 2) and np.array_equal(places[0, 8:, 0], grid[8:])


def test_a_rim_never_hides_what_another_sheet_carries():
    solid, empty = (np.full((SIDE, SIDE, 4), value, np.float32) for value in (1, 0))
    none = Drawn(np.full((SIDE, SIDE), -1, np.int32), np.zeros((SIDE, SIDE), np.float32),
                 np.zeros((SIDE, SIDE, 2), np.float32))  # fmt: skip
    sheets = ((_sheet(0, SIDE), solid), (_sheet(3, SIDE), empty))
    top, places = topmost(sheets, none, np.zeros((SIDE, SIDE), np.float32))
    assert (top == 1).all() and np.array_equal(places[0, :, 0], np.arange(SIDE) + 0.5)
