from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.geometry import avatar_rig, moment_of
from generator.geometry.motion import Moment
from generator.geometry.steadiness import Skull
from generator.geometry.view import View


@pytest.fixture(scope="module")
def neutral(params) -> Moment:
    return moment_of(avatar_rig(), params)


@pytest.fixture(scope="module")
def skull(neutral) -> Skull:
    return Skull.of(avatar_rig(), neutral)


def _turned(view: View, yaw: float) -> View:
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    return view.moved(rotation=turn @ view.rotation)


def _yaw(first: View, second: View) -> float:
    between = second.rotation @ first.rotation.T
    return float(np.arctan2(between[0, 2], between[2, 2]))


def _seen(moment: Moment) -> np.ndarray:
    return moment.view.project(moment.landmarks)[:, :2]


def test_the_neutral_moment_stays_as_it_is_to_the_bit(skull, neutral):
    made = skull.steadied(neutral, np.zeros((468, 3)))
    assert np.array_equal(made.view.rotation, neutral.view.rotation) and made.view.scale == neutral.view.scale
    assert np.array_equal(made.view.shift, neutral.view.shift)
    assert np.array_equal(made.landmarks, neutral.landmarks)


def test_a_motion_that_the_landmarks_confirm_is_believed(skull, neutral):
    for yaw in (0.02, 0.3, -0.5):
        made = skull.steadied(replace(neutral, view=_turned(neutral.view, yaw)), np.zeros((468, 3)))
        assert _yaw(neutral.view, made.view) == pytest.approx(yaw, abs=1e-3)


def test_a_camera_that_the_bones_contradict_is_taken_back_and_every_landmark_stays_where_it_was_seen(skull, neutral):
    """The tracker says that the head has turned by 3 degrees, but no landmark has moved in the picture."""
    wrong = _turned(neutral.view, 0.05)
    shifts = _seen(neutral) - wrong.project(neutral.landmarks)[:, :2]
    read = replace(neutral, view=wrong, landmarks=neutral.landmarks + wrong.lift(neutral.landmarks, shifts))
    made = skull.steadied(read, np.zeros((468, 3)))
    assert abs(_yaw(neutral.view, made.view)) < 0.01
    assert np.abs(_seen(made) - _seen(read)).max() < 1e-3 * neutral.view.scale


def test_small_noise_of_the_landmarks_sways_the_outline_less_than_it_would_by_themselves(skull, neutral):
    noise = np.random.default_rng(0).normal(0, 0.01, (468, 3))
    made = skull.steadied(replace(neutral, landmarks=neutral.landmarks + noise), np.zeros((468, 3)))
    swayed = made.view.project(skull.outline) - neutral.view.project(skull.outline)
    assert np.abs(swayed[:, :2]).max() < 0.01 * neutral.view.scale
