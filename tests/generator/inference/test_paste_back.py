from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from generator import FaceParams
from generator.inference.framing import frame_source
from generator.inference.paste_back import PasteBack


def noise(height, width, grain=6.0):
    rng = np.random.default_rng(3)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3)).astype(np.float32), (0, 0), grain)
    return cv2.normalize(picture, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def face(height, width, scale, place=(0.5, 0.5)):
    """Return a face whose camera is in sides of the enclosing square."""
    longest = max(height, width)
    centre = (np.array(place) * [width, height] + (longest - np.array([width, height])) / 2) / longest
    return dataclasses.replace(FaceParams.neutral(face_model="arkit"), camera=np.float32([scale, *centre]))


@pytest.mark.parametrize(
    ("height", "width", "scale", "place"),
    [
        (301, 517, 0.12, (0.4, 0.55)),
        (517, 301, 0.09, (0.5, 0.3)),
        (700, 700, 0.1, (0.3, 0.6)),
        (256, 256, 0.05, (0.5, 0.5)),
    ],
)
def test_what_was_cut_out_goes_back_where_it_was(height, width, scale, place):
    picture = noise(height, width)
    square, _, framing = frame_source(picture, face(height, width, scale, place), 128)
    paste = PasteBack(picture, framing)
    (back,) = paste(square[None])
    np.testing.assert_array_equal(back[paste.mask == 0], picture[paste.mask == 0])
    assert (paste.mask == 1).any() and np.abs(back.astype(int) - picture)[paste.mask == 1].mean() < 4


def test_only_the_square_changes_and_its_edge_is_soft():
    picture = noise(400, 600)
    _, _, framing = frame_source(picture, face(400, 600, 0.1), 128)
    paste = PasteBack(picture, framing)
    left, top = framing.corner
    y, x = np.mgrid[:400, :600] + 0.5
    inside = (x > left) & (x < left + framing.side) & (y > top) & (y < top + framing.side)
    assert (paste.mask[~inside] == 0).all()
    assert max(np.abs(np.diff(paste.mask, axis=axis)).max() for axis in (0, 1)) < 0.1
    (changed,) = paste(np.full((1, 128, 128, 3), 255, np.uint8))
    np.testing.assert_array_equal(changed[~inside], picture[~inside])
    assert (changed[paste.mask == 1] == 255).all()


def test_an_edge_on_or_beyond_the_border_of_the_picture_is_hard():
    picture = noise(300, 300)
    _, _, framing = frame_source(picture, face(300, 300, 0.2, (0.15, 0.5)), 128)
    mask = PasteBack(picture, framing).mask
    assert framing.corner[0] < 0
    assert (mask[:, 0] > 0).any() and mask[150, 0] == 1
    _, _, framing = frame_source(picture, face(300, 300, 0.32), 128)
    assert (PasteBack(picture, framing).mask == 1).all()


def test_frames_do_not_touch_each_other_nor_the_source():
    picture = noise(200, 300)
    before = picture.copy()
    _, _, framing = frame_source(picture, face(200, 300, 0.1), 128)
    paste = PasteBack(picture, framing)
    squares = np.stack([np.full((128, 128, 3), value, np.uint8) for value in (0, 255)])
    both = paste(squares)
    np.testing.assert_array_equal(both[1], paste(squares[1:])[0])
    np.testing.assert_array_equal(picture, before)
