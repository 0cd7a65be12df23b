from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import DriveSequence, FaceModelError, FaceParams, Retarget, align
from generator.face.alignment import neutral_moment
from generator.face.face_params import LAYOUTS
from generator.face.snapshot import draw_snapshot
from generator.puppets import sample_motion, sample_puppet


@pytest.fixture
def drive(puppet):
    return sample_motion(np.random.default_rng(5), sample_puppet(np.random.default_rng(6)), 24)


@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_the_drivers_shape_leaves_no_trace_in_the_snapshot(puppet, drive, mode):
    other = drive.with_shape(drive.shape + 1.5)
    first, second = (align(puppet.neutral(), d, Retarget(mode)) for d in (drive, other))
    for index in (0, 11, 23):
        assert draw_snapshot(first[index]).tobytes() == draw_snapshot(second[index]).tobytes()


def test_a_head_driven_by_its_own_motion_keeps_it(puppet):
    own = sample_motion(np.random.default_rng(7), puppet, 12)
    source = replace_camera(puppet.neutral(), neutral_moment(own).camera)
    aligned = align(source, own, Retarget("absolute"))
    np.testing.assert_allclose(aligned.camera, own.camera, atol=1e-6)
    np.testing.assert_array_equal(aligned.pose, own.pose)
    np.testing.assert_array_equal(aligned.expression, own.expression)


def replace_camera(params, camera):
    return FaceParams(params.shape, params.expression, params.pose, params.gaze, camera)


@pytest.mark.parametrize("zoom", [0.7, 1.4])
def test_a_drive_filmed_closer_or_farther_gives_the_same_snapshots(puppet, drive, zoom):
    centre = np.float32([0.5, 0.5])
    camera = np.concatenate([drive.camera[:, :1] * zoom, centre + (drive.camera[:, 1:] - centre) * zoom], 1)
    zoomed = align(puppet.neutral(), replace(drive, camera=camera.astype(np.float32)), Retarget())
    plain = align(puppet.neutral(), drive, Retarget())
    np.testing.assert_allclose(zoomed.camera, plain.camera, atol=1e-5)


def test_relative_mode_starts_from_the_sources_own_expression(puppet, drive):
    source = replace_camera(puppet.neutral(), puppet.neutral().camera)
    source.expression[1] = 0.5
    still = DriveSequence(
        drive.shape,
        np.tile(drive.expression[:1], (6, 1)),
        np.tile(drive.pose[:1], (6, 1)),
        np.tile(drive.gaze[:1], (6, 1)),
        np.tile(drive.camera[:1], (6, 1)),
        25.0,
    )
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


def test_gains_scale_eyes_and_mouth_apart(puppet, drive):
    plain, calm = (
        align(puppet.neutral(), drive, Retarget("absolute")),
        align(puppet.neutral(), drive, Retarget("absolute", eyes=1, mouth=0)),
    )
    np.testing.assert_array_equal(calm.expression[:, 6:], plain.expression[:, 6:])
    assert not calm.expression[:, :6].any()


def test_aligned_expressions_stay_in_range(puppet, drive):
    wild = align(puppet.neutral(), drive, Retarget("relative", eyes=5, mouth=5)).expression
    assert wild.max() <= 1 and wild.min() >= -1 and wild[:, 6:8].min() >= 0


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


def test_source_and_drive_of_different_face_models_are_refused_in_one_line(puppet, drive):
    with pytest.raises(FaceModelError, match=r"^the source is a flame face and the drive a puppet face; [^\n]+$"):
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
