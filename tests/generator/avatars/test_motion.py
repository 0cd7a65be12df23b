"""Drawn motions: ranges, smoothness, blinks, gaze and shoulders."""

import numpy as np
import pytest

from generator.avatars import avatar_head, project_perspective
from generator.avatars.eyes import lids_follow_gaze
from generator.avatars.motion import LARGEST_TURN, VISEMES, coefficients, sample_motion, shoulders_at_rest
from generator.face.face_params import ARKIT_EXPRESSION, DriveSequence

SHAPE = np.zeros(avatar_head().layout.shape_size, np.float32)
DRIVES = [sample_motion(np.random.default_rng(seed), SHAPE, 500) for seed in range(8)]
E = {name: index for index, name in enumerate(ARKIT_EXPRESSION)}


def test_a_motion_belongs_to_the_layout_and_its_seed(tmp_path):
    drive = DRIVES[0]
    assert drive.face_model == "arkit" and drive.expression.shape == (500, 52)
    again = sample_motion(np.random.default_rng(0), SHAPE, 500)
    assert np.array_equal(drive.expression, again.expression) and np.array_equal(drive.camera, again.camera)
    assert not np.array_equal(drive.pose, DRIVES[1].pose)
    drive.save(tmp_path / "motion.npz")
    assert np.array_equal(DriveSequence.load(tmp_path / "motion.npz").expression, drive.expression)
    assert len(sample_motion(np.random.default_rng(1), SHAPE, 1)) == 1


def test_values_stay_in_their_ranges_and_turns_reach_far():
    for drive in DRIVES:
        assert drive.expression.min() >= 0 and drive.expression.max() <= 1
        assert np.abs(drive.gaze).max() <= 1 and (np.abs(drive.pose) <= LARGEST_TURN + 1e-6).all()
    assert max(np.abs(drive.pose[:, 0]).max() for drive in DRIVES) > np.radians(25)


def test_motion_is_smooth():
    for drive in DRIVES:
        slow = [index for name, index in E.items() if not name.startswith("eye")]
        assert np.abs(np.diff(drive.expression[:, slow], axis=0)).max() < 0.4
        assert np.degrees(np.abs(np.diff(drive.pose, axis=0))).max() < 10
        assert np.degrees(np.abs(np.diff(drive.pose, 2, axis=0))).max() < 3


def test_people_blink_with_both_eyes_and_the_mouth_talks():
    left = np.concatenate([drive.expression[:, E["eyeBlinkLeft"]] for drive in DRIVES])
    right = np.concatenate([drive.expression[:, E["eyeBlinkRight"]] for drive in DRIVES])
    assert np.mean(left == right) > 0.8 and 0.02 < np.mean(left > 0.5) < 0.25
    jaw = np.stack([drive.expression[:, E["jawOpen"]].max() for drive in DRIVES])
    assert np.mean(jaw > 0.25) >= 0.5
    assert max(drive.expression[:, E["mouthSmileLeft"]].max() for drive in DRIVES) > 0.5


def test_lids_and_gaze_belong_together():
    for drive in DRIVES:
        for expression, gaze in zip(drive.expression[::25], drive.gaze[::25], strict=True):
            assert expression == pytest.approx(lids_follow_gaze(expression, gaze), abs=1e-3)
    turned = np.concatenate([drive.pose[:, 0] for drive in DRIVES])
    looked = np.concatenate([drive.gaze[:, 0] for drive in DRIVES])
    assert np.corrcoef(turned, looked)[0, 1] < -0.3


def test_shoulders_keep_their_place_while_the_head_turns():
    head = avatar_head()
    pose = np.array([[0, 0, 0], [0.6, 0.1, 0.1], [-0.6, -0.1, 0]], np.float32)
    cameras = shoulders_at_rest(pose, np.array([0.27, 0.5, 0.45]))
    points = head.vertices(SHAPE, head.layout.neutral())
    foot = (head.head_weight == 0) & (np.abs(points[:, 0]) < 0.4)
    places = [
        project_perspective(head.posed(points, one, head.head_weight)[foot].mean(0)[None], camera)[0, :2]
        for one, camera in zip(pose, cameras, strict=True)
    ]
    assert foot.sum() > 50
    assert np.abs(np.stack(places) - places[0]).max() < 0.04


def test_visemes_name_coefficients_of_both_sides():
    assert len(VISEMES) == 9
    values = coefficients({"mouthSmile": 0.5, "jawOpen": 0.2})
    assert values[[E["mouthSmileLeft"], E["mouthSmileRight"], E["jawOpen"]]] == pytest.approx([0.5, 0.5, 0.2])
    assert values.sum() == pytest.approx(1.2)
    with pytest.raises(KeyError):
        coefficients({"mouthGrin": 1.0})
