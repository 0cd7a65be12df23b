"""Blinks of drawn eyes: what is drawn as eye must be gone when the drive's lids are shut, however large it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from generator.face.face_params import ARKIT_EXPRESSION
from generator.geometry import GUIDES, Painter, Strength, avatar_rig, face_in_picture, moment_of, prepare_source
from generator.geometry.landmarks import LIDS
from generator.geometry.lids import set_lids

from .conftest import SIZE

IRIS, WHITE, LASH = (60, 90, 200), (240, 238, 232), (40, 20, 20)


def draw_large_eyes(picture: np.ndarray, params, growth: float) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """Return a face whose drawn eyes are larger than its read lids by a factor, and the boxes of these eyes."""
    face, drawn, boxes = face_in_picture(params, SIZE), picture.copy(), []
    for eye in (0, 1):
        lid = face.points[list(LIDS[eye])]
        x, y = lid.mean(0)
        across, down = 0.5 * growth * np.ptp(lid[:, 0]), 0.9 * growth * np.ptp(lid[:, 1])

        def oval(share: float, colour: tuple[int, int, int], side: float = 1.0, at=(x, y, across, down)) -> None:
            axes = (at[2] * share * side, at[3] * share)
            cv2.ellipse(drawn, ((at[0], at[1]), (2 * axes[0], 2 * axes[1]), 0), colour, -1, cv2.LINE_AA)

        oval(1.18, LASH)
        oval(1.0, WHITE)
        oval(0.85, IRIS, down / across * 0.8)
        boxes.append((int(x - across * 1.3), int(x + across * 1.3), int(y - down * 1.3), int(y + down * 1.3)))
    return drawn, boxes


def eye_area(frame: np.ndarray, boxes: list[tuple[int, int, int, int]], colours=(IRIS, WHITE)) -> float:
    """Return the number of pixels in the boxes that have the colours of iris or white."""
    count = 0
    for left, right, top, bottom in boxes:
        part = frame[top:bottom, left:right].astype(int)
        count += int(np.any([np.abs(part - colour).max(-1) < 40 for colour in colours], 0).sum())
    return float(count)


@pytest.fixture(scope="module", params=[1.0, 1.4, 1.7])
def drawn(request, picture, params):
    """Return painter, boxes of the eyes, and drive of faces with eyes of three sizes."""
    image, boxes = draw_large_eyes(picture, params, request.param)
    source = prepare_source(avatar_rig(), image, face_in_picture(params, SIZE))
    drive = replace(params, residual=None)
    return image, boxes, drive, Painter(source, moment_of(avatar_rig(), drive), Strength())


def blink(drive, share: float):
    expression = np.array(drive.expression)
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        expression[ARKIT_EXPRESSION.index(name)] = share
    return moment_of(avatar_rig(), replace(drive, expression=expression))


def test_a_full_blink_leaves_no_eye_to_see(drawn):
    image, boxes, drive, painter = drawn
    shut = eye_area(painter.frame(blink(drive, 1.0)), boxes)
    assert shut < 0.03 * eye_area(image, boxes)


def test_an_eye_shuts_little_by_little(drawn):
    image, boxes, drive, painter = drawn
    areas = [eye_area(painter.frame(blink(drive, share)), boxes) for share in (0.0, 0.35, 0.6, 1.0)]
    assert areas[0] == eye_area(image, boxes)
    assert all(more >= less for more, less in pairwise(areas))
    assert areas[2] < 0.75 * areas[0]


def test_a_shut_eye_shows_its_lashes_at_the_bottom_and_skin_above(drawn):
    _, boxes, drive, painter = drawn
    frame = painter.frame(blink(drive, 1.0))
    for left, right, top, bottom in boxes:
        middle = frame[top:bottom, (left + right) // 2 - 2 : (left + right) // 2 + 3].astype(int).mean((1, 2))
        darkest = int(middle.argmin())
        assert darkest > 0.55 * len(middle)
        assert middle[darkest] < np.median(middle) - 25
        assert np.ptp(middle[int(0.25 * len(middle)) : int(0.5 * len(middle))]) < 30


def test_lids_are_set_to_large_drawn_eyes(picture, params):
    image, boxes = draw_large_eyes(picture, params, 1.7)
    points = face_in_picture(params, SIZE).points
    moved = set_lids(image.astype(np.float32), points)
    for eye, (left, right, top, bottom) in enumerate(boxes):
        lid, before = moved[list(LIDS[eye])], points[list(LIDS[eye])]
        assert np.ptp(lid[:, 0]) > 1.35 * np.ptp(before[:, 0])
        assert np.ptp(lid[:, 1]) > 2.0 * np.ptp(before[:, 1])
        assert lid[:, 0].min() > left and lid[:, 0].max() < right
        assert lid[:, 1].min() > top and lid[:, 1].max() < bottom


def test_the_guides_of_a_shut_eye_show_no_eye_and_lids_that_lack_detail(drawn):
    _, boxes, drive, painter = drawn
    drawing = painter.drawing(blink(drive, 1.0), SIZE)
    trust, eyes = (drawing.guides[..., GUIDES.index(name)] for name in ("trust", "eyes"))
    assert eyes.max() < 0.3
    for left, right, top, bottom in boxes:
        x, y = (left + right) // 2, (top + bottom) // 2
        assert np.allclose(trust[y - 2 : y + 3, x - 2 : x + 3], 0.6, atol=0.1)
