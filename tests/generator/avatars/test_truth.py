"""The truth of a frame: labels, landmarks, matte and flow."""

import cv2
import numpy as np
import pytest

from generator.avatars import avatar_head, avatar_landmarks, avatar_truth, render, sample_avatar, sample_motion
from generator.avatars.materials import MATERIALS
from generator.avatars.motion import coefficients
from generator.avatars.shapes import sample_shape
from generator.avatars.truth import LABEL, flow, frame_truth, head_geometry, landmark_truth
from generator.face.face_params import FaceParams

SIZE = 192


@pytest.fixture(scope="module")
def person():
    return sample_shape(np.random.default_rng(4)).build()


def params(yaw=0.0, gaze=(0.0, 0.0), **values):
    neutral = FaceParams.neutral(scale=0.34, face_model="arkit")
    return FaceParams(
        neutral.shape, coefficients(values), np.array([yaw, 0.05, 0.0], np.float32), np.array(gaze, np.float32),
        neutral.camera, "arkit",
    )  # fmt: skip


@pytest.fixture(scope="module")
def source(person):
    return frame_truth(head_geometry(person, params()), SIZE)


@pytest.fixture(scope="module")
def target(person):
    given = params(0.35, (0.3, -0.2), jawOpen=0.4, mouthSmile=0.6, eyeBlinkRight=0.7)
    return frame_truth(head_geometry(person, given), SIZE)


def texture(truth):
    """Paint a frame by its place on the reference head, so that every frame of a person has the same colours."""
    waves = np.sin(truth.canonical * np.array([7.0, 9.0, 5.0]) + np.array([0.3, 1.0, 2.0]))
    return np.where((truth.face >= 0)[..., None], 127.5 + 120 * waves, 0).astype(np.float32)


def test_masks_are_disjoint_and_cover_the_picture(target):
    masks = target.masks()
    assert list(masks) == list(MATERIALS)
    assert (sum(mask.astype(int) for mask in masks.values()) == 1).all()
    for name in ("background", "skin", "lips", "left_eye", "left_iris", "teeth"):
        assert masks[name].sum() > 3, name
    assert np.array_equal(masks["background"], target.face < 0)


def test_matte_follows_the_shape(source):
    inside = cv2.erode((source.face >= 0).astype(np.uint8), np.ones((5, 5))) > 0
    outside = cv2.dilate((source.face >= 0).astype(np.uint8), np.ones((5, 5))) == 0
    assert (source.alpha[inside] == 1).all() and (source.alpha[outside] == 0).all()
    assert 0 < ((source.alpha > 0) & (source.alpha < 1)).mean() < 0.05


def test_normals_are_unit_vectors_that_face_the_viewer(source):
    skin = source.labels == LABEL["skin"]
    assert np.linalg.norm(source.normals[skin], axis=-1) == pytest.approx(1, abs=1e-4)
    assert source.normals[skin][:, 2].mean() > 0.5


def test_flow_of_a_frame_to_itself_is_zero_and_visible(source):
    same = flow(source, source)
    shown = source.face >= 0
    assert np.abs(same.offset).max() < 0.01
    assert same.visible[shown].mean() > 0.9 and not same.visible[~shown].any()


def test_backward_flow_warps_one_frame_to_the_other(source, target):
    backward = flow(target, source)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    warped = cv2.remap(texture(source), x + backward.offset[..., 0], y + backward.offset[..., 1], cv2.INTER_LINEAR)
    inside = backward.visible & (cv2.erode((target.face >= 0).astype(np.uint8), np.ones((3, 3))) > 0)
    assert inside.mean() > 0.25
    error = np.abs(warped - texture(target))[inside].mean(-1)
    assert 10 * np.log10(255**2 / np.mean(np.minimum(error, 60) ** 2)) > 30
    assert np.median(error) < 2
    still = np.abs(texture(source) - texture(target))[inside].mean(-1)
    assert np.median(still) > 20 * np.median(error)
    hidden = (target.face >= 0) & ~backward.visible
    assert (target.labels[hidden] == LABEL["teeth"]).any()  # teeth appear, so the source does not show them


def test_forward_and_backward_flow_are_inverse_where_both_see(source, target):
    forward, backward = flow(source, target), flow(target, source)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    back = cv2.remap(backward.offset, x + forward.offset[..., 0], y + forward.offset[..., 1], cv2.INTER_NEAREST)
    error = np.linalg.norm(forward.offset + back, axis=-1)[forward.visible]
    assert np.median(error) < 0.5 and np.percentile(error, 90) < 1.0


def test_landmarks_are_seen_until_the_head_hides_them(person):
    head = avatar_head()
    for yaw, hidden, shown in ((0.9, 454, 234), (-0.9, 234, 454)):
        given = params(yaw)
        truth = frame_truth(head_geometry(person, given), SIZE, samples=1)
        points = head.mesh_points_of(person, head.expressed(person, given.expression, given.gaze), given.gaze)
        at, seen = landmark_truth(truth, head.posed(points, given.pose))
        assert at.shape == (478, 2) and seen[[1, shown]].all() and not seen[hidden]
        assert 60 < seen.sum() < 450


@pytest.mark.slow
def test_an_avatar_has_the_truth_of_all_its_parts_in_every_frame():
    avatar = sample_avatar(40, "real")
    rest = avatar.params()
    drive = sample_motion(np.random.default_rng(5), avatar.shape.values, 40, camera=rest.camera)
    first, last = (avatar_truth(avatar, avatar.driven(drive[index]), SIZE, samples=2) for index in (0, 30))
    shown = {name for name, mask in first.masks().items() if mask.sum() > 5}
    assert {"background", "skin", "lips", "brows", "hair", "clothes", "glasses", "left_iris"} <= shown
    assert (sum(mask.astype(int) for mask in first.masks().values()) == 1).all()
    drawn = [render(avatar, avatar.driven(drive[index]), SIZE).picture.astype(np.float32) for index in (0, 30)]
    backward = flow(last, first)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    warped = cv2.remap(drawn[0], x + backward.offset[..., 0], y + backward.offset[..., 1], cv2.INTER_LINEAR)
    skin = backward.visible & last.masks()["skin"]
    assert skin.mean() > 0.05 and np.abs(backward.offset[skin]).max() > 2
    moved, still = (np.abs(one - drawn[1])[skin].mean() for one in (warped, drawn[0]))
    assert moved < 0.6 * still
    points, seen = avatar_landmarks(avatar, avatar.driven(drive[30]), last)
    assert points.shape == (478, 2) and seen[[1, 17, 152]].all()


@pytest.mark.slow
def test_frames_of_two_characters_have_no_flow(person, source):
    bald = frame_truth(head_geometry(person, params()), SIZE, samples=1)
    assert flow(source, bald).visible.any()
    other = sample_avatar(41, "real")
    with pytest.raises(ValueError, match="frames of one character"):
        flow(bald, avatar_truth(other, other.params(), SIZE, samples=1))
