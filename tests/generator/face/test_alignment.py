from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import DriveSequence, FaceModelError, FaceParams, Retarget, align
from generator.avatars import sample_motion
from generator.face.alignment import neutral_moment
from generator.face.face_params import LAYOUTS

SHAPE = np.zeros(120, np.float32)
CHANNELS = ("shape", "expression", "pose", "gaze", "camera")


@pytest.fixture
def source():
    shape = np.random.default_rng(4).normal(0, 0.3, 120).astype(np.float32)
    return FaceParams.neutral(shape, face_model="arkit")


@pytest.fixture
def drive():
    return sample_motion(np.random.default_rng(5), SHAPE, 24)


@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_the_drivers_shape_leaves_no_trace(source, drive, mode):
    other = drive.with_shape(drive.shape + 0.5)
    first, second = (align(source, d, Retarget(mode)) for d in (drive, other))
    for name in CHANNELS:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


def test_a_head_driven_by_its_own_motion_keeps_it(source):
    own = sample_motion(np.random.default_rng(7), source.shape, 12)
    aligned = align(replace(source, camera=neutral_moment(own).camera), own, Retarget("absolute"))
    np.testing.assert_allclose(aligned.camera, own.camera, atol=1e-6)
    np.testing.assert_array_equal(aligned.pose, own.pose)
    np.testing.assert_array_equal(aligned.expression, own.expression)


@pytest.mark.parametrize("zoom", [0.7, 1.4])
def test_a_drive_filmed_closer_or_farther_gives_the_same_motion(source, drive, zoom):
    centre = np.float32([0.5, 0.5])
    camera = np.concatenate([drive.camera[:, :1] * zoom, centre + (drive.camera[:, 1:] - centre) * zoom], 1)
    zoomed = align(source, replace(drive, camera=camera.astype(np.float32)), Retarget())
    plain = align(source, drive, Retarget())
    np.testing.assert_allclose(zoomed.camera, plain.camera, atol=1e-5)


def test_relative_mode_starts_from_the_sources_own_expression(source, drive):
    source.expression[1] = 0.5
    still = drive.take([0] * 6)
    aligned = align(source, still, Retarget("relative"))
    for index in range(6):
        np.testing.assert_allclose(aligned.expression[index], source.expression, atol=1e-6)
        np.testing.assert_allclose(aligned.pose[index], source.pose, atol=1e-6)
        np.testing.assert_allclose(aligned.camera[index], source.camera, atol=1e-6)


def test_the_neutral_moment_is_not_the_first_frame_when_that_one_grimaces(drive):
    expression = drive.expression.copy()
    expression[0] = 1.0
    neutral = neutral_moment(replace(drive, expression=expression))
    assert np.abs(neutral.expression).sum() < np.abs(expression[0]).sum() / 3


def test_gains_scale_eyes_and_mouth_apart(source, drive):
    plain, calm = (
        align(source, drive, Retarget("absolute")),
        align(source, drive, Retarget("absolute", eyes=1, mouth=0)),
    )
    mouth = list(LAYOUTS["arkit"].mouth)
    rest = np.setdiff1d(np.arange(52), mouth)
    np.testing.assert_array_equal(calm.expression[:, rest], plain.expression[:, rest])
    assert plain.expression[:, mouth].any() and not calm.expression[:, mouth].any()


def test_aligned_expressions_stay_in_range(source, drive):
    wild = align(source, drive, Retarget("relative", eyes=50, mouth=50)).expression
    assert wild.max() == 1 and wild.min() == 0


def flame(frames, seed):
    rng = np.random.default_rng(seed)
    layout = LAYOUTS["flame"]
    expression = rng.normal(0, 1, (frames, 55)).astype(np.float32) * (layout.high / 4)
    camera = np.float32([0.3, 0.5, 0.5]) + rng.normal(0, 0.01, (frames, 3)).astype(np.float32)
    pose, gaze = rng.normal(0, 0.1, (frames, 3)), rng.uniform(-1, 1, (frames, 2))
    return DriveSequence(
        rng.normal(0, 1, 100).astype(np.float32), expression, pose.astype(np.float32), gaze.astype(np.float32), camera,
        25.0, "flame",
    )  # fmt: skip


def test_source_and_drive_of_different_face_models_are_refused_in_one_line(source, drive):
    with pytest.raises(FaceModelError, match=r"^the source is a flame face and the drive a arkit face; [^\n]+$"):
        align(FaceParams.neutral(face_model="flame"), drive, Retarget())


@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_a_flame_drive_keeps_its_face_model_and_stays_within_limits(mode):
    drive, layout = flame(9, 1), LAYOUTS["flame"]
    aligned = align(flame(1, 2)[0], drive, Retarget(mode, eyes=4, mouth=4))
    assert aligned.face_model == "flame" and aligned.shape.shape == (100,)
    assert (aligned.expression >= layout.low).all() and (aligned.expression <= layout.high).all()


def test_on_flame_the_gains_reach_lids_and_jaw_and_leave_psi():
    source, drive = FaceParams.neutral(face_model="flame"), flame(6, 3)
    plain = align(source, drive, Retarget("absolute")).expression
    still = align(source, drive, Retarget("absolute", eyes=0, mouth=0)).expression
    np.testing.assert_array_equal(plain[:, :50], still[:, :50])
    assert plain[:, 50:].any() and not still[:, 50:].any()
