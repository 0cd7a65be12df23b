"""A motion that is restricted to regions moves nothing elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import AnimateConfig, DriveSequence, FaceParams
from generator.avatars import sample_motion
from generator.errors import GenerationError
from generator.face.face_params import ARKIT_EXPRESSION
from generator.geometry import REGIONS, avatar_rig, restrict

SHAPE = np.zeros(120, np.float32)
EYES = np.array([name.startswith(("eye", "brow")) for name in ARKIT_EXPRESSION])


@pytest.fixture(scope="module")
def drive() -> DriveSequence:
    motion = sample_motion(np.random.default_rng(1), SHAPE, 30)
    beyond = np.random.default_rng(2).normal(0, 0.01, (30, 478, 3)).astype(np.float32)
    return replace(motion, residual=beyond)


def rest_of(drive: DriveSequence) -> FaceParams:
    return drive[4]


def test_all_regions_leave_the_motion_as_it_is(drive: DriveSequence) -> None:
    same = restrict(drive, rest_of(drive), dict.fromkeys(REGIONS, 1.0), avatar_rig())
    for field in ("expression", "pose", "gaze", "camera", "residual"):
        np.testing.assert_allclose(getattr(same, field), getattr(drive, field), atol=1e-6)


def test_a_region_that_is_not_named_rests(drive: DriveSequence) -> None:
    rest, rig = rest_of(drive), avatar_rig()
    eyes = restrict(drive, rest, {"eyes": 1.0}, rig)
    np.testing.assert_allclose(eyes.expression[:, EYES], drive.expression[:, EYES], atol=1e-6)
    np.testing.assert_array_equal(eyes.expression[:, ~EYES], np.tile(rest.expression[~EYES], (30, 1)))
    np.testing.assert_array_equal(eyes.pose, np.tile(rest.pose, (30, 1)))
    np.testing.assert_array_equal(eyes.camera, np.tile(rest.camera, (30, 1)))
    lips = restrict(drive, rest, {"lips": 1.0}, rig)
    np.testing.assert_array_equal(lips.gaze, np.tile(rest.gaze, (30, 1)))
    assert lips.residual is not None and rest.residual is not None and drive.residual is not None
    chin, brow, iris = 152, 105, 470
    np.testing.assert_allclose(lips.residual[:, chin], drive.residual[:, chin], atol=1e-6)
    for point in (brow, iris):
        np.testing.assert_array_equal(lips.residual[:, point], np.tile(rest.residual[point], (30, 1)))


def test_a_strength_scales_the_distance_from_rest(drive: DriveSequence) -> None:
    rest = rest_of(drive)
    half = restrict(drive, rest, {"pose": 0.5}, avatar_rig())
    np.testing.assert_allclose(half.pose - rest.pose, 0.5 * (drive.pose - rest.pose), atol=1e-6)
    strong = restrict(drive, rest, {"lips": 3.0}, avatar_rig())
    assert strong.expression.min() >= 0 and strong.expression.max() <= 1


@pytest.mark.parametrize("regions", [(("nose", 1.0),), (("eyes", -1.0),), (("eyes", 3.5),), (("eyes", float("nan")),)])
def test_a_region_or_strength_that_does_not_exist_is_refused(regions: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(GenerationError):
        AnimateConfig(regions=regions)
