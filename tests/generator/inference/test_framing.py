from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import FaceParams
from generator.inference.framing import frame_source


@pytest.mark.parametrize(("height", "width"), [(300, 500), (500, 300), (400, 400)])
def test_any_source_is_cropped_around_its_head(height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    longest = max(height, width)
    y, x = 150, 210
    picture[y - 3 : y + 3, x - 3 : x + 3] = 255
    camera = np.float32([0.12, (x + (longest - width) / 2) / longest, (y + (longest - height) / 2) / longest])
    params = replace(FaceParams.neutral(face_model="arkit"), camera=camera)
    square, found, _ = frame_source(picture, params, 256)
    rows, columns = np.nonzero(square[..., 0] > 128)
    np.testing.assert_allclose([columns.mean() + 0.5, rows.mean() + 0.5], found.camera[1:] * 256, atol=1.0)
    np.testing.assert_allclose(found.camera, [0.32, 0.5, 0.5], atol=1e-3)


def test_a_square_source_of_fitting_scale_is_not_cropped(portrait, face):
    square, found, _ = frame_source(portrait, face, 256)
    np.testing.assert_array_equal(square, portrait)
    np.testing.assert_allclose(found.camera, face.camera, atol=1e-6)
