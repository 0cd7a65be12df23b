from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.face.face_params import ARKIT_EXPRESSION
from generator.geometry import Painter, Strength, avatar_rig, moment_of
from generator.geometry.landmarks import LIDS


@pytest.fixture(scope="module")
def drive(params):
    """Return the driving face at rest; only its coefficients are known."""
    return replace(params, residual=None)


@pytest.fixture(scope="module")
def painter(source, drive):
    return Painter(source, moment_of(avatar_rig(), drive), Strength())


def _with(drive, **coefficients):
    expression = np.array(drive.expression)
    for name, value in coefficients.items():
        expression[ARKIT_EXPRESSION.index(name)] = value
    return moment_of(avatar_rig(), replace(drive, expression=expression))


def _turned(drive, yaw):
    return moment_of(avatar_rig(), replace(drive, pose=np.array([yaw, 0, 0], np.float32)))


def _change(frame, picture, source, eye):
    low, high = source.sight.points[list(LIDS[eye])].min(0).astype(int), source.sight.points[list(LIDS[eye])].max(0)
    box = np.s_[low[1] : int(high[1]) + 1, low[0] : int(high[0]) + 1]
    return float(np.abs(frame[box].astype(int) - picture[box]).mean())


def test_the_neutral_frame_is_the_source_to_the_bit(painter, drive, picture):
    assert np.array_equal(painter.frame(moment_of(avatar_rig(), drive)), picture)


def test_a_drive_that_stands_as_at_its_neutral_moment_leaves_the_source_to_the_bit(source, drive, picture):
    """Whatever that moment is: a turned head, an open mouth."""
    expression = np.array(drive.expression)
    expression[ARKIT_EXPRESSION.index("jawOpen")] = 0.4
    pose = np.array([0.31, -0.17, 0.23], np.float32)
    neutral = moment_of(avatar_rig(), replace(drive, pose=pose, expression=expression))
    for same_person in (False, True):
        painter = Painter(source, neutral, Strength(same_person=same_person))
        assert np.array_equal(painter.frame(neutral), picture)


@pytest.mark.parametrize(("name", "shut", "open_"), [("eyeBlinkLeft", 1, 0), ("eyeBlinkRight", 0, 1)])
def test_a_blink_of_one_eye_shuts_that_eye_alone(painter, drive, picture, source, name, shut, open_):
    """The person's left eye is the one on the picture's right."""
    frame = painter.frame(_with(drive, **{name: 1.0}))
    assert _change(frame, picture, source, shut) > 25
    assert _change(frame, picture, source, open_) < 3


def test_an_open_jaw_shows_the_dark_of_the_mouth(painter, drive, picture, source):
    frame = painter.frame(_with(drive, jawOpen=0.8))
    x, y = source.sight.points[[13, 14]].mean(0).astype(int)
    below = frame[y : y + len(picture) // 14, x - 3 : x + 4].min(-1)
    assert below.min() < picture[y : y + len(picture) // 14, x - 3 : x + 4].min() - 30


def test_the_iris_follows_the_gaze(painter, drive, picture, source):
    frame = painter.frame(moment_of(avatar_rig(), replace(drive, gaze=np.array([0.6, 0], np.float32))))
    x, y = source.sight.face.irises[1].astype(int)
    row = np.s_[y - 1 : y + 2, x - 14 : x + 15]
    columns = np.arange(29)
    before, after = (
        float((columns * (255 - image[row][..., 0].mean(0))).sum() / (255 - image[row][..., 0].mean(0)).sum())
        for image in (picture, frame)
    )
    assert after > before + 1


def test_a_turned_head_moves_and_leaves_the_corners_of_the_picture(painter, drive, picture):
    frame = painter.frame(_turned(drive, 0.3))
    assert np.abs(frame.astype(int) - picture).mean() > 2
    assert np.array_equal(frame[:8, :8], picture[:8, :8]) and np.array_equal(frame[:8, -8:], picture[:8, -8:])


def test_the_gains_scale_lids_and_mouth(source, drive, picture):
    neutral = moment_of(avatar_rig(), drive)
    still = Painter(source, neutral, Strength(eyes=0, mouth=0))
    shut = still.frame(_with(drive, eyeBlinkLeft=1.0))
    assert _change(shut, picture, source, 1) < 6


def test_what_eyes_and_mouth_show_is_the_same_whatever_was_drawn_before(painter, drive):
    first = painter.frame(_with(drive, jawOpen=0.5))
    painter.frame(_turned(drive, 0.5))
    assert np.array_equal(painter.frame(_with(drive, jawOpen=0.5)), first)
