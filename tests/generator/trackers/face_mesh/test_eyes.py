from __future__ import annotations

import numpy as np
import pytest

from generator.avatars import GAZE_RADIANS, avatar_head
from generator.face.pose import rotation
from generator.trackers.face_mesh.eyes import apertures, blinks, closure, gaze, nearness, resting_aperture
from generator.trackers.ibug import CORNERS, LOWER_LIDS, UPPER_LIDS

FRONTAL = np.zeros(1)


def head(blink=0.0, pose=(0, 0, 0), seed=None):
    shape = np.zeros(120, np.float32)
    if seed is not None:
        shape[7:] = np.random.default_rng(seed).normal(0, 0.3, 113)
    points = avatar_head().landmarks(shape, np.zeros(52, np.float32))
    for upper, lower in zip((*UPPER_LIDS[0], *UPPER_LIDS[1]), (*LOWER_LIDS[0], *LOWER_LIDS[1]), strict=True):
        points[upper] += blink * (points[lower] - points[upper])
    return (points @ rotation(np.float32(pose)).T).astype(np.float64)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_blink_closes_fully_whatever_the_shape_of_the_eye(seed):
    blink = np.array([0, 0, 0, 0, 0.5, 1, 0.5, 0, 0, 0])
    points = np.stack([head(b, seed=seed) for b in blink])
    aperture = apertures(points)
    closed = closure(aperture, resting_aperture(aperture), np.zeros(10))
    np.testing.assert_allclose(closed[5], 1)
    np.testing.assert_allclose(closed[[0, 1, 2, 3, 7, 8, 9]], 0)
    np.testing.assert_allclose(closed[:, 0], closed[:, 1], atol=0.02)


def test_lids_that_stop_half_way_in_every_blink_are_taken_as_shut():
    ratio = np.ones((100, 2))
    ratio[[20, 60]] = 0.5
    closed = closure(0.3 * ratio, np.full(2, 0.3), np.zeros(100))
    np.testing.assert_allclose(closed[[20, 60]], 1)


def test_eyes_that_never_close_are_not_closed():
    ratio = 1 - 0.06 * np.random.default_rng(0).uniform(size=(100, 2))
    assert closure(ratio, resting_aperture(ratio), np.zeros(100)).max() < 0.05


def test_squints_and_lowered_eyes_are_no_blinks_and_lids_need_not_meet():
    ratio = np.ones((40, 2))
    ratio[5:15] = 0.66
    ratio[20:24] = [[0.6], [0.36], [0.25], [0.5]]
    shut = blinks(0.3 * ratio, np.full(2, 0.3), np.zeros(40))
    np.testing.assert_allclose(shut[:20], 0)
    np.testing.assert_allclose(shut[21:23], 1)
    assert 0.1 < shut[20, 0] < shut[23, 0] < 0.9


def test_small_difference_between_the_eyes_is_noise():
    closed = closure(np.array([[0.5, 0.6], [0.38, 0.38]]), np.ones(2), np.zeros(2))
    assert closed[0, 0] == pytest.approx(closed[0, 1])
    assert 0.5 < closed[0, 0] < 0.8


def test_one_closed_eye_beside_an_open_one_is_a_wink():
    np.testing.assert_allclose(closure(np.array([[1.0, 0.2]]), np.ones(2), np.zeros(1)), [[0, 1]])


def test_from_the_side_the_nearer_eye_leads():
    aperture = np.array([[1.0, 0.1]])
    np.testing.assert_allclose(closure(aperture, np.ones(2), np.array([0.8])), [[0, 0]])
    np.testing.assert_allclose(closure(aperture, np.ones(2), np.array([-0.8])), [[1, 1]])
    np.testing.assert_allclose(nearness(np.array([-9.0, 0.0, 9.0])), [0, 0.5, 1])


@pytest.mark.parametrize("pose", [(0, 0, 0), (0.3, 0.1, 0.2), (-0.4, 0, -0.3)])
def test_gaze_follows_the_iris_and_not_the_head(pose):
    points, reach = head(pose=pose)[None], 0.8 * np.sin(GAZE_RADIANS)
    looks = []
    for across, up in ((0, 0), (0.5, 0), (-0.5, 0), (0, 0.5)):
        irises = []
        for outer, inner in CORNERS:
            corners = head()[[outer, inner]]
            middle, half = corners.mean(0), np.linalg.norm(corners[0] - corners[1]) / 2
            along = (corners[1] - corners[0]) * np.sign(corners[1, 0] - corners[0, 0]) / 2
            irises.append(middle + reach[0] * across * along + np.array([0, (reach[1] * up + 0.10) * half, 0]))
        turned = np.stack(irises) @ rotation(np.float32(pose)).T
        looks.append(gaze(points, turned[None, :, :2], np.array([pose[1]]), np.array([pose[0]]))[0])
    level, right, left, up = looks
    np.testing.assert_allclose(right - level, [0.5, 0], atol=0.12)
    np.testing.assert_allclose(left - level, [-0.5, 0], atol=0.12)
    np.testing.assert_allclose(up - level, [0, 0.5], atol=0.12)
