"""Test the fit on faces of the head model itself, whose parameters are all known."""

from __future__ import annotations

import numpy as np
import pytest

from generator.face.face_params import EXPRESSION
from generator.face.head_model import project, rotation
from generator.trackers.ibug import camera_space
from generator.trackers.puppet_fit.head_fit import fit_head, mesh_points
from generator.trackers.puppet_fit.motion_fit import FITTED, fit_motion
from generator.trackers.rigid import Similarity, angles

CAMERA = np.array([0.31, 0.48, 0.55])


def placed(pose, camera=CAMERA):
    return Similarity(float(camera[0]), rotation(np.float32(pose)).astype(float), np.array([camera[1], -camera[2], 0]))


def some_shape(seed):
    return np.random.default_rng(seed).normal(0, 0.6, 16).clip(-1.2, 1.2)


def expression(**channels):
    return np.array([channels.get(name, 0.0) for name in EXPRESSION])


def made_clip(seed, frames=40, noise=0.0):
    """Return a head that rests in the first and last third and moves in between."""
    rng = np.random.default_rng(seed)
    shape = some_shape(seed)
    active = np.clip(np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, frames)) * 1.5, 0, 1)
    top = {"jaw_open": 0.7, "smile": 0.5, "brow_l": 0.6, "brow_r": 0.4, "stretch": 0.3}
    motion = np.stack([expression(**{name: value * a for name, value in top.items()}) for a in active])
    time = np.linspace(0, 2 * np.pi, frames)
    pose = np.stack([0.5 * np.sin(time), 0.2 * np.cos(time), 0.15 * np.sin(2 * time)], -1)
    points = np.stack([placed(p)(mesh_points(shape, e)) for p, e in zip(pose, motion, strict=True)])
    return shape, motion, pose, points + noise * CAMERA[0] * rng.normal(size=points.shape)


@pytest.mark.parametrize("pose", [(0, 0, 0), (0.4, -0.2, 0.1), (-0.7, 0.25, -0.3)])
@pytest.mark.parametrize("seed", [1, 2])
def test_still_fit_recovers_pose_within_two_degrees_and_its_own_picture(pose, seed):
    shape = some_shape(seed)
    points = placed(pose)(mesh_points(shape, expression(jaw_open=0.3)))
    fit = fit_head(points)
    np.testing.assert_allclose(np.degrees(angles(fit.placement.rotation)), np.degrees(pose), atol=2)
    assert fit.placement.scale == pytest.approx(CAMERA[0], rel=0.05)
    again = fit.placement(mesh_points(fit.shape, fit.expression))
    assert np.linalg.norm(again - points, axis=1)[:, None].mean() < 0.01 * CAMERA[0] * 2.15


def test_still_fit_prefers_a_proportion_to_a_grimace():
    fit = fit_head(placed((0, 0, 0))(mesh_points(some_shape(4), expression())))
    assert np.abs(fit.expression).max() < 0.1


def test_still_fit_sees_an_open_mouth():
    fit = fit_head(placed((0.1, 0, 0))(mesh_points(some_shape(5), expression(jaw_open=0.8))))
    assert fit.expression[EXPRESSION.index("jaw_open")] > 0.6


def test_channels_that_are_not_free_stay_at_rest():
    fit = fit_head(placed((0, 0, 0))(mesh_points(np.zeros(16), expression(smile=0.8))), free=("jaw_open",))
    assert np.flatnonzero(fit.expression).tolist() in ([], [EXPRESSION.index("jaw_open")])


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.004])
@pytest.mark.parametrize("seed", [1, 6])
def test_clip_fit_recovers_pose_within_two_degrees_and_expression_within_a_tenth(seed, noise):
    _, truth, pose, points = made_clip(seed, noise=noise)
    motion = fit_motion(points)
    found = np.stack([angles(placement.rotation) for placement in motion.placements])
    assert np.degrees(np.abs(found - pose)).max() < 2
    error = np.abs(motion.expression - truth)[:, [EXPRESSION.index(name) for name in FITTED]]
    assert error.mean() < 0.03
    assert error.max() < 0.1 + 25 * noise


def test_rest_is_found_although_the_first_frame_is_not_calm():
    _, truth, _, points = made_clip(3, frames=48)
    turned = np.roll(points, 24, axis=0)
    found = fit_motion(turned).expression[:, EXPRESSION.index("jaw_open")]
    np.testing.assert_allclose(found, np.roll(truth[:, EXPRESSION.index("jaw_open")], 24), atol=0.1)


def test_mouth_that_never_closes_is_still_open_at_rest():
    shape = some_shape(8)
    jaw = 0.5 + 0.2 * np.sin(np.linspace(0, 9, 30))
    points = np.stack([placed((0, 0, 0))(mesh_points(shape, expression(jaw_open=j))) for j in jaw])
    found = fit_motion(points).expression[:, EXPRESSION.index("jaw_open")]
    np.testing.assert_allclose(found, jaw, atol=0.15)


def test_clip_of_one_frame_rests():
    points = placed((0.2, 0, 0))(mesh_points(some_shape(9), expression()))[None]
    motion = fit_motion(points)
    assert motion.expression.shape == (1, len(EXPRESSION))
    assert np.abs(motion.expression).max() < 0.1


def test_camera_space_is_what_project_draws_in():
    shape, pose = some_shape(2), np.float32([0.3, 0.1, -0.2])
    points = mesh_points(shape, expression()).astype(np.float32)
    pixels = project(points, pose, np.float32(CAMERA)) * 640
    np.testing.assert_allclose(camera_space(pixels, 640, 640), placed(pose)(points)[:, :2], atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(480, 640), (640, 480)])
def test_camera_space_of_a_wide_or_tall_picture_is_its_enclosing_square(height, width):
    middle = camera_space(np.array([[width / 2, height / 2, 0.0]]), height, width)
    np.testing.assert_allclose(middle, [[0.5, -0.5, 0.0]])
    corner = camera_space(np.array([[width, height]]), height, width) - camera_space(np.zeros((1, 2)), height, width)
    np.testing.assert_allclose(corner, [[width / 640, -height / 640]])
