from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import FaceParams
from generator.inference.framing import frame_sharp

FACE = FaceParams.neutral(face_model="arkit")


def _picture(height, width):
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


def _face(scale, x=0.5, y=0.5):
    return replace(FACE, camera=np.array([scale, x, y], np.float32))


@pytest.mark.parametrize(("size", "scale", "side"), [(512, 0.32, 512), (400, 0.32, 400), (512, 0.45, 512)])
def test_a_square_picture_is_taken_as_it_is_and_a_close_up_too(size, scale, side):
    image = _picture(size, size)
    square, params, framing = frame_sharp(image, _face(scale), None, pasted=False)
    assert np.array_equal(square, image[:side, :side]) and framing.zoom == 1
    assert np.allclose(params.camera, [scale, 0.5, 0.5])


def test_a_square_in_a_wide_picture_keeps_its_pixels_and_stays_inside():
    image = _picture(500, 900)
    square, params, framing = frame_sharp(image, _face(0.14, 0.1, 0.5), None, pasted=False)
    left, top = framing.corner.astype(int)
    side = int(framing.side)
    assert left == 0 and top >= 0 and top + side <= 500 and side % 16 == 0
    assert np.array_equal(square, image[top : top + side, left : left + side])
    x = params.camera[1] * side + left
    assert x == pytest.approx(0.1 * 900, abs=0.5)


def test_large_pictures_are_made_smaller_and_small_ones_large_enough_for_a_mark():
    assert frame_sharp(_picture(1400, 1400), _face(0.32), None, pasted=False)[0].shape == (512, 512, 3)
    assert frame_sharp(_picture(1400, 1400), _face(0.32), None, pasted=True)[0].shape == (1024, 1024, 3)
    assert frame_sharp(_picture(64, 64), _face(0.32), None, pasted=False)[0].shape == (256, 256, 3)
    assert frame_sharp(_picture(700, 700), _face(0.32), 600, pasted=False)[0].shape == (600, 600, 3)
