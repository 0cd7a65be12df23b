"""Test face cropping and the conversion to network input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors import CropError, crop_face, list_detectors
from detectors.preprocessing import crop_square, to_input

SPEC = list_detectors("toy_cpu")[0]


def picture(height=120, width=160):
    rows, columns = np.mgrid[:height, :width]
    return np.stack((rows, columns, (rows + columns) // 2), axis=2).astype(np.uint8)


def test_a_crop_is_the_square_around_the_box_with_the_margin_of_the_spec():
    crop = crop_face(picture(), (60, 40, 100, 70), SPEC)
    assert crop.shape == (64, 64, 3)
    assert crop.dtype == np.uint8
    side = 40 * (1 + 2 * SPEC.crop_margin)
    rows, columns = crop[..., 0].astype(float), crop[..., 1].astype(float)
    assert rows.mean() == pytest.approx(55 - 0.5, abs=1)
    assert columns.mean() == pytest.approx(80 - 0.5, abs=1)
    assert columns.max() - columns.min() == pytest.approx(side - 1, abs=2)


def test_beyond_the_picture_the_border_is_repeated_and_nothing_is_mirrored():
    crop = crop_face(picture(), (-20, 40, 20, 80), SPEC)
    assert (np.diff(crop[32, :, 1].astype(int)) >= 0).all()
    assert crop[32, 0, 1] == 0
    assert crop[..., 0].min() > 0


def test_a_box_of_exactly_the_input_size_is_cut_without_resampling():
    side = 64 / (1 + 2 * SPEC.crop_margin)
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    crop = crop_face(image, (80 - side / 2, 60 - side / 2, 80 + side / 2, 60 + side / 2), SPEC)
    assert np.array_equal(crop, image[28:92, 48:112])


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((10, 10, 10, 40), "empty"),
        ((50, 50, 20, 20), "empty"),
        ((200, 10, 240, 40), "outside"),
        ((0, 0, float("nan"), 10), "finite"),
        ((1, 2, 3), "four"),
    ],
)
def test_a_box_without_a_face_in_it_is_refused(box, message):
    with pytest.raises(CropError, match=message):
        crop_face(picture(), box, SPEC)


def test_a_box_does_not_satisfy_a_contract_of_aligned_faces():
    with pytest.raises(CropError, match="five_point"):
        crop_face(picture(), (60, 40, 100, 70), replace(SPEC, alignment="five_point"))


def test_a_picture_that_is_not_eight_bit_colour_is_refused():
    with pytest.raises(CropError, match="uint8"):
        crop_face(picture().astype(np.float32), (10, 10, 40, 40), SPEC)


def test_network_input_is_scaled_and_normalised_in_red_green_blue_order():
    crops = np.zeros((1, 64, 64, 3), np.uint8)
    crops[..., 0] = 255
    planes = to_input(crops, SPEC)
    assert planes.shape == (1, 3, 64, 64)
    assert planes[0, :, 0, 0].tolist() == [1.0, -1.0, -1.0]


def test_a_crop_is_what_gathering_its_rows_and_columns_gives():
    rng, spec, cut = np.random.default_rng(0), replace(SPEC, input_size=1, crop_margin=0.15), 0
    while cut < 400:
        height, width = rng.integers(1, 60, 2).tolist()
        scene = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        (left, right), (top, bottom) = np.sort(rng.uniform(-30, 90, (2, 2)))
        if not (right > 0 and left < width and bottom > 0 and top < height and right > left and bottom > top):
            continue
        rows, columns = crop_square(height, width, (left, top, right, bottom), spec)
        sized = replace(spec, input_size=len(rows))  # no resizing, so that pixels can be compared
        assert np.array_equal(crop_face(scene, (left, top, right, bottom), sized), scene[np.ix_(rows, columns)])
        cut += 1
