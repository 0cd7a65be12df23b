"""Sliders make faces: within the ends, each its own number, and visibly."""

import base64

import cv2
import numpy as np
import pytest

from forensics.web.app.pose_sliders import RATE, SLIDERS, between, picture, portraits, posed, puppet_of
from generator import EXPRESSION

REST = [0.0] * len(SLIDERS)


def decoded(address):
    kind, _, data = address.partition(",")
    assert kind == "data:image/webp;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


def test_every_number_of_expression_pose_and_gaze_has_one_slider():
    places = {(slider.field, slider.index) for slider in SLIDERS}
    assert len(places) == len(SLIDERS) == len(EXPRESSION) + 3 + 2
    assert len({slider.label for slider in SLIDERS}) == len(SLIDERS)


def test_a_slider_sets_its_own_number_and_stays_within_its_ends():
    neutral = puppet_of(1, 0).neutral()
    for number, slider in enumerate(SLIDERS):
        values = [*REST[:number], 1e6, *REST[number + 1 :]]
        face = posed(neutral, values)
        for field in ("expression", "pose", "gaze"):
            expected = np.zeros_like(getattr(neutral, field))
            if field == slider.field:
                expected[slider.index] = slider.high * slider.scale
            np.testing.assert_allclose(getattr(face, field), expected, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: slider.label)
def test_a_slider_is_seen_in_the_picture(slider):
    puppet, number = puppet_of(1, 1), SLIDERS.index(slider)
    moved = [*REST[:number], slider.high, *REST[number + 1 :]]
    change = np.abs(decoded(picture(puppet, moved)).astype(int) - decoded(picture(puppet, REST)))
    assert change.max() > 40


def test_a_motion_between_poses_begins_and_ends_at_the_first_and_passes_the_second():
    neutral = puppet_of(1, 0).neutral()
    end = posed(neutral, [20.0, *REST[1:]])
    motion = between(neutral, end, 25)
    assert (len(motion), motion.fps) == (25, RATE)
    np.testing.assert_allclose(motion.pose[0], neutral.pose, atol=1e-6)
    np.testing.assert_allclose(motion.pose[-1], neutral.pose, atol=1e-6)
    np.testing.assert_allclose(motion.pose[12], end.pose, rtol=1e-6)
    assert (np.diff(motion.pose[:13, 0]) > 0).all()


@pytest.mark.slow
def test_a_cast_is_the_same_for_a_seed_and_another_for_another():
    first, again, other = portraits(1), portraits(1), portraits(2)
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert all((one != two).any() for one, two in zip(first, other, strict=True))
