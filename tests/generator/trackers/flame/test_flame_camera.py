from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from generator.face.pose import project, rotation
from generator.face_models import Flame
from generator.face_models.stand_in import stand_in_arrays
from generator.trackers.flame.flame_camera import cameras_of, pose_of
from generator.trackers.flame.flame_code import FlameCode
from generator.trackers.regions import Region

PARENTS = (-1, 0, 1, 1, 1)


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    made = stand_in_arrays()
    return replace(made, pose=(rng.normal(size=made.pose.shape) * 2e-4).astype(np.float32), eyelids=None)


@pytest.fixture(scope="module")
def flame(arrays):
    return Flame(arrays)


def skinned(arrays, shape, expression, turn):
    """Compute linear blend skinning over the joint chain as FLAME's authors do, with the head rotated at the root."""
    rest = arrays.template + arrays.shape @ shape + arrays.expression @ expression[:50]
    joints = arrays.regressor @ rest
    turns = Rotation.from_rotvec([turn, np.zeros(3), expression[52:55], np.zeros(3), np.zeros(3)]).as_matrix()
    posed = rest + arrays.pose @ (turns[1:] - np.eye(3)).ravel()
    chain = []
    for joint, parent in enumerate(PARENTS):
        step = np.eye(4)
        step[:3, :3], step[:3, 3] = turns[joint], joints[joint] - (joints[parent] if parent >= 0 else 0)
        chain.append(step if parent < 0 else chain[parent] @ step)
    out = np.zeros_like(posed)
    for joint, frame in enumerate(chain):
        moved = (posed - joints[joint]) @ frame[:3, :3].T + frame[:3, 3]
        out += arrays.skinning[:, joint, None] * moved
    return out


def deca_pixels(vertices, camera, region):
    """Compute DECA's projection: orthographic, y flipped, by the inverse of the similarity of the 224 px crop."""
    seen = camera[0] * (vertices[:, :2] + camera[1:]) * (1, -1)
    crop = (seen * 0.5 + 0.5) * 224
    half = region.side / 2
    corners = np.float32([[-half, -half], [-half, half], [half, -half]]) + np.float32([region.x, region.y])
    back = cv2.getAffineTransform(np.float32([[0, 0], [0, 224], [224, 0]]), corners)
    return crop @ back[:, :2].T + back[:, 2]


def random_code(rng, count):
    expression = np.concatenate(
        [rng.normal(size=(count, 50)), np.zeros((count, 2)), rng.uniform((0, -0.1, -0.1), (0.5, 0.1, 0.1), (count, 3))],
        1,
    )
    return FlameCode(
        shape=rng.normal(size=(count, 100)).astype(np.float32),
        expression=expression.astype(np.float32),
        turn=rng.normal(scale=0.4, size=(count, 3)).astype(np.float32),
        camera=rng.uniform((6, -0.05, -0.05), (11, 0.05, 0.05), (count, 3)).astype(np.float32),
    )


@pytest.mark.parametrize("size", [(480, 480), (360, 640), (900, 500)])
def test_every_vertex_stands_where_the_network_projects_it(arrays, flame, size):
    rng = np.random.default_rng(1)
    height, width = size
    side = max(size)
    code = random_code(rng, 6)
    for index in range(len(code)):
        one = code.take(np.arange(len(code)) == index)
        region = Region(rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height, rng.uniform(0.2, 0.9) * side)
        worn = (one.shape[0], one.expression)
        camera = cameras_of(one, [region], flame, worn, size)[0]
        ours = project(flame.vertices(one.shape[0], one.expression[0]), pose_of(one)[0], camera)
        theirs = deca_pixels(skinned(arrays, one.shape[0], one.expression[0], one.turn[0]), one.camera[0], region)
        theirs = (theirs + (np.array([width, height]) * -0.5 + side / 2)) / side
        assert np.abs(ours - theirs).max() < 1e-4


def test_turning_about_the_neck_moves_the_head_so_the_camera_follows(flame):
    still = FlameCode(*(np.zeros((1, n), np.float32) for n in (100, 55, 3)), np.float32([[8, 0, 0]]))
    nodding = replace(still, turn=np.float32([[0.6, 0, 0]]))
    worn = (still.shape[0], still.expression)
    before, after = (cameras_of(code, [Region(0, 0, 1)], flame, worn, (1, 1))[0] for code in (still, nodding))
    assert after[0] == pytest.approx(before[0], rel=1e-5)
    assert after[2] > before[2] + 0.02  # a head that nods about the neck moves down in the picture


@pytest.mark.parametrize("angle", [0, 1, 2])
def test_axis_angles_turn_the_head_the_way_pose_says(flame, angle):
    turn = [(0, 0.4, 0), (0.4, 0, 0), (0, 0, 0.4)][angle]
    neutral = np.zeros(100, np.float32), np.zeros(55, np.float32)
    pose = pose_of(FlameCode(neutral[0][None], neutral[1][None], np.float32([turn]), np.float32([[8, 0, 0]])))[0]
    np.testing.assert_allclose(pose, np.eye(3)[angle] * 0.4, atol=1e-6)
    camera = np.array([0.3, 0.5, 0.5])
    still, turned = (project(flame.landmarks(*neutral), angles, camera) for angles in (np.zeros(3), pose))
    nose = (turned[30] - turned[[0, 16]].mean(0)) - (still[30] - still[[0, 16]].mean(0))
    if angle == 0:
        assert nose[0] > 0.05  # to the picture's right
    elif angle == 1:
        assert nose[1] > 0.05  # down
    else:
        assert turned[27, 0] < turned[8, 0] - 0.05  # the crown to the picture's left


def test_pose_is_the_same_rotation_as_the_axis_angle():
    turns = np.random.default_rng(2).normal(scale=0.6, size=(20, 3)).astype(np.float32)
    code = FlameCode(np.zeros((20, 100)), np.zeros((20, 55)), turns, np.ones((20, 3)))
    ours = np.stack([rotation(pose) for pose in pose_of(code)])
    np.testing.assert_allclose(ours, Rotation.from_rotvec(turns).as_matrix(), atol=1e-5)


def test_another_shape_is_put_where_the_networks_own_shape_stood(flame):
    rng = np.random.default_rng(3)
    code = random_code(rng, 4)
    shape = rng.normal(size=100).astype(np.float32)
    regions = [Region(250, 200, 300)] * 4
    worn = cameras_of(code, regions, flame, (shape, code.expression), (480, 480))
    for index in range(4):
        one = code.take(np.arange(4) == index)
        own = cameras_of(one, regions[:1], flame, (one.shape[0], one.expression), (480, 480))[0]
        pose = pose_of(one)[0]
        seen = project(flame.landmarks(one.shape[0], one.expression[0]), pose, own)
        stood = project(flame.landmarks(shape, one.expression[0]), pose, worn[index])
        np.testing.assert_allclose(stood.mean(0), seen.mean(0), atol=1e-5)
        far = np.linalg.norm(project(flame.landmarks(shape, one.expression[0]), pose, own) - seen, axis=1).mean()
        assert np.linalg.norm(stood - seen, axis=1).mean() <= far
