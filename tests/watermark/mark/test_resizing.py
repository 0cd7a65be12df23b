"""Pictures that are resized in strips equal those that OpenCV resizes at once."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from watermark.mark.pattern import Pattern
from watermark.mark.resizing import STRIP_UNIT, Rows, shrunk, strips


@pytest.mark.parametrize("shape", [(1, 1), (700, 900), (33, 100_000), (100_000, 3)])
def test_strips_cover_every_row_once_and_begin_at_blocks(shape: tuple[int, int]) -> None:
    found = list(strips(*shape))
    assert [rows.start for rows in found] == [0, *(rows.stop for rows in found[:-1])]
    assert found[-1].stop == shape[0]
    assert all(rows.start % STRIP_UNIT == 0 for rows in found)


@pytest.mark.parametrize(
    ("shape", "size"), [((600, 801), (256, 342)), ((1100, 1001), (1000, 900)), ((1030, 1300), (5, 2))]
)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_pictures_shrink_to_the_average_of_an_area(shape, size, kind) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(kind)
    whole = cv2.resize(picture.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(shrunk(picture, *size), whole, atol=1e-3)


def test_linear_rows_are_those_of_opencv() -> None:
    small = np.random.default_rng(1).normal(size=(37, 50)).astype(np.float32)
    whole = cv2.resize(small, (50, 301), interpolation=cv2.INTER_LINEAR)
    rows = Rows.linear(small, 301)
    for part in (slice(0, 16), slice(16, 300), slice(300, 301)):
        np.testing.assert_allclose(rows[part], whole[part], atol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 0.37, 2.0, 4 / 3])
def test_a_pattern_is_its_tile_enlarged_and_repeated(scale: float) -> None:
    smooth = np.fft.rfft2(np.random.default_rng(2).normal(size=(128, 128)))
    smooth[np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128)[None]) > 0.15] = 0
    tile = np.fft.irfft2(smooth).astype(np.float32)
    height, width, shift = 83, 130, (5, 117)
    pattern = Pattern.of(tile, shift, scale, height, width)
    drawn = np.concatenate([pattern.drawn(slice(0, 48)), pattern.drawn(slice(48, 83))])[:height, :width]
    down, right = (
        (np.arange(side) + 0.5) * scale - 0.5 - begin for side, begin in zip((height, width), shift, strict=True)
    )
    laid = np.tile(tile, (6, 6)).astype(np.float32)
    places = np.meshgrid((right + 256).astype(np.float32), (down + 256).astype(np.float32))
    wanted = cv2.remap(laid, *places, cv2.INTER_CUBIC)
    np.testing.assert_allclose(drawn, wanted, atol=0.03 * tile.std())
