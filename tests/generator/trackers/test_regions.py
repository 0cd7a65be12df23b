from __future__ import annotations

import numpy as np
import pytest

from generator.trackers.regions import Region


def spot(height, width, x, y, radius):
    row, column = np.mgrid[:height, :width] + 0.5
    inside = np.hypot(column - x, row - y) < radius
    return np.repeat(inside[..., None], 3, 2).astype(np.uint8) * 255


@pytest.mark.parametrize("side", [60.0, 150.0, 900.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_what_is_cut_out_is_taken_back_to_where_it_was(side, angle):
    at = np.array([410.0, 333.0])
    radius = side / 12
    image = spot(900, 1000, *at, radius)
    region = Region(at[0] + side / 8, at[1] - side / 10, side, angle)
    cut = region.cut(image, 64)[..., 0]
    row, column = np.mgrid[:64, :64] + 0.5
    centre = np.array([[(cut * column).sum(), (cut * row).sum()]]) / cut.sum()
    np.testing.assert_allclose(region.to_picture(centre, 64)[0], at, atol=side / 64 * 0.1)


def test_region_lies_level_with_its_line():
    points = np.array([[0.0, 0.0], [10.0, 4.0]])
    region = Region.around(points, np.array([0.0, 0.0]), np.array([1.0, 1.0]), 1.5)
    assert (region.x, region.y, region.side) == (5.0, 2.0, 15.0)
    assert region.angle == pytest.approx(np.pi / 4)


def test_depth_is_only_scaled():
    moved = Region(7, 9, 200, 0.3).to_picture(np.array([[1.0, 2.0, 3.0]]), 100)
    assert moved[0, 2] == pytest.approx(6.0)
