"""The truth of a frame: labels, landmarks, matte and flow."""

import cv2
import numpy as np
import pytest

from generator.avatars import avatar_head
from generator.avatars.motion import coefficients
from generator.avatars.shapes import sample_shape
from generator.avatars.truth import (
    LABEL,
    LABELS,
    flow,
    frame_truth,
    head_geometry,
    joined,
    landmark_truth,
    painted,
    part_geometry,
)
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
    assert list(masks) == list(LABELS)
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


def test_further_parts_cover_the_head_and_keep_its_triangles(person):
    given = params()
    head_part = head_geometry(person, given)
    corners = np.array([[-2, -0.2, 1.5], [2, -0.2, 1.5], [2, 0.3, 1.5], [-2, 0.3, 1.5]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    band = part_geometry(corners, faces, corners, "glasses", head_part.camera)
    truth = frame_truth(joined([head_part, band]), SIZE, samples=1)
    assert truth.masks()["glasses"].mean() > 0.1 and not truth.masks()["left_iris"].any()
    with pytest.raises(ValueError, match="frames of one character"):
        flow(truth, frame_truth(head_part, SIZE, samples=1))


def test_what_is_painted_on_the_skin_replaces_skin_only(source):
    brows = painted(source.labels, "brows", np.ones((SIZE, SIZE), bool))
    assert (
        not (brows == LABEL["skin"]).any() and (brows == LABEL["lips"]).sum() == (source.labels == LABEL["lips"]).sum()
    )
