from __future__ import annotations

import numpy as np
import pytest

from generator import EXPRESSION, SHAPE, FaceParams
from generator.face.head_model import LIP_GAP, eye_opening, features, landmarks68, project, rotation, surface


def expression(**values):
    e = np.zeros(len(EXPRESSION), np.float32)
    for name, value in values.items():
        e[EXPRESSION.index(name)] = value
    return e


def shapes(count=20):
    rng = np.random.default_rng(0)
    return [np.clip(rng.normal(0, 1, len(SHAPE)), -2.2, 2.2).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize("shape", shapes())
def test_the_landmarks_of_any_head_keep_their_order(shape):
    points = landmarks68(shape, expression())
    x, y = points[:, 0], points[:, 1]
    assert (np.diff(x[:17]) > 0).all(), "jaw runs from the picture's left to its right"
    assert y[17:27].min() > y[36:48].max() - 0.05, "brows stand above the eyes"
    assert y[36:48].mean() > y[31:36].mean() > y[48:68].mean() > y[8], "eyes, nose, mouth, chin"
    np.testing.assert_allclose(x[36:42], -x[[45, 44, 43, 42, 47, 46]], atol=1e-5)


def test_the_jaw_lowers_the_lower_lip_and_leaves_the_corners():
    shut, open_ = (landmarks68(np.zeros(16, np.float32), expression(jaw_open=v)) for v in (0, 1))
    assert shut[66, 1] - open_[66, 1] > 0.15
    np.testing.assert_allclose(open_[[48, 54]], shut[[48, 54]], atol=0.02)
    assert shut[8, 1] - open_[8, 1] > 0.05


def test_the_mouth_opens_in_proportion_to_the_jaw():
    gaps = []
    for value in (0, 0.25, 0.5, 1):
        points = landmarks68(np.zeros(16, np.float32), expression(jaw_open=value))
        gaps.append(float(np.linalg.norm(points[62] - points[66])))
    assert gaps[0] < 0.02
    assert np.diff(gaps).min() > 0.03


@pytest.mark.parametrize("squint", [0.0, 0.5, 1.0])
def test_a_full_blink_closes_the_eye(squint):
    du = np.linspace(-1, 1, 21).astype(np.float32)
    upper, lower = eye_opening(du, 1.0, squint)
    np.testing.assert_allclose(upper, lower, atol=1e-6)
    upper, lower = eye_opening(du, 0.0, squint)
    assert (upper - lower)[10] > 0.9


def test_the_surface_is_continuous_except_at_the_lips():
    u = np.zeros(2000, np.float32)
    t = np.linspace(0.01, 0.99, 2000).astype(np.float32)
    points = surface(u, t, np.zeros(16, np.float32), expression(jaw_open=1.0))
    step = np.linalg.norm(np.diff(points, axis=0), axis=1)
    f = features(np.zeros(16, np.float32))
    lips = np.abs(t[:-1] - f.mouth_t) < 2 * LIP_GAP
    assert step[~lips].max() < 0.02 < step[lips].max()


def test_yaw_turns_the_nose_to_the_right_and_pitch_lowers_it():
    nose = np.array([0, 0, 1], np.float32)
    assert (rotation(np.float32([0.3, 0, 0])) @ nose)[0] > 0.2
    assert (rotation(np.float32([0, 0.3, 0])) @ nose)[1] < -0.2
    np.testing.assert_allclose(
        rotation(np.float32([0.3, 0.2, -0.4])) @ rotation(np.float32([0.3, 0.2, -0.4])).T, np.eye(3), atol=1e-6
    )


def test_the_camera_scales_and_shifts_in_picture_sides():
    points = np.float32([[1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(
        project(points, np.zeros(3, np.float32), np.float32([0.3, 0.5, 0.6])), [[0.8, 0.6], [0.5, 0.3]], atol=1e-6
    )


def test_a_neutral_face_looks_straight_ahead():
    params = FaceParams.neutral()
    assert not params.expression.any() and not params.pose.any() and not params.gaze.any()
