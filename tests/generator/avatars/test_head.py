"""The avatar head: sizes, symmetry, landmarks, lids, gaze and projection."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from generator.avatars import CAMERA_DISTANCE, EYES, PARTS, avatar_head, project_perspective
from generator.face.face_params import ARKIT_EXPRESSION, LAYOUTS
from generator.face.landmark_indices import MESH_INDEX
from generator.face_models import load_face_model

LAYOUT = LAYOUTS["arkit"]
UPPER_LID = {"Left": (386, 385, 387), "Right": (159, 158, 160)}
LOWER_LID = {"Left": (374, 380, 373), "Right": (145, 153, 144)}


@pytest.fixture(scope="module")
def head():
    return avatar_head()


def expression(**values):
    out = LAYOUT.neutral()
    for name, value in values.items():
        out[ARKIT_EXPRESSION.index(name)] = value
    return out


def shape(head, **values):
    out = np.zeros(LAYOUT.shape_size, np.float32)
    for name, value in values.items():
        out[[given.split("/")[-1] for given in head.shape_names].index(name.replace("_", "-"))] = value
    return out


def mirrored_expression(values):
    names = [
        name.replace("Left", "?").replace("Right", "Left").replace("?", "Right") if name[-1] in "ft" else name
        for name in ARKIT_EXPRESSION
    ]
    return values[[ARKIT_EXPRESSION.index(name) for name in names]]


def lid_gap(head, side, values, person=None, gaze=None):
    person = np.zeros(LAYOUT.shape_size, np.float32) if person is None else person
    points = head.mesh_points(person, values, gaze)
    return float((points[list(UPPER_LID[side])] - points[list(LOWER_LID[side])])[:, 1].mean())


def test_the_layout_names_apples_coefficients_in_the_order_of_live_link_face():
    assert len(ARKIT_EXPRESSION) == 52 and len(set(ARKIT_EXPRESSION)) == 52
    assert (ARKIT_EXPRESSION[0], ARKIT_EXPRESSION[17], ARKIT_EXPRESSION[-1]) == ("eyeBlinkLeft", "jawOpen", "tongueOut")
    assert (LAYOUT.low == 0).all() and (LAYOUT.high == 1).all()
    assert {ARKIT_EXPRESSION[index][:3] for index in LAYOUT.eyes} == {"eye"} and len(LAYOUT.eyes) == 14
    assert {ARKIT_EXPRESSION[index][:3] for index in LAYOUT.mouth} == {"jaw", "mou", "ton"}


def test_the_mean_head_has_the_size_and_place_of_every_face_model(head):
    points = head.vertices(np.zeros(LAYOUT.shape_size, np.float32), LAYOUT.neutral())
    skin = points[head.parts["skin"]]
    chin = head.mesh_points(np.zeros(LAYOUT.shape_size, np.float32), LAYOUT.neutral())[152]
    assert skin[:, 1].max() - chin[1] == pytest.approx(2.15, abs=0.01)
    assert abs(skin[:, 1].max() + chin[1]) < 0.1
    assert list(head.parts) == list(PARTS) and head.parts["tongue"].stop == len(points)
    assert len(head.shape_names) == LAYOUT.shape_size == 120


def test_the_protocols_door_gives_the_head_and_it_is_built_once(head):
    assert load_face_model("arkit") is head


@pytest.mark.parametrize("age", [-1.5, -0.67, 0.0, 1.0])
def test_phenotypes_keep_height_and_eyes_in_their_place(head, age):
    person = head.neutral(shape(head, age=age))
    skin = head.assemble(person, person.coarse)[head.parts["skin"]]
    chin = head.mesh_points_of(person, person.coarse)[152]
    assert skin[head.canonical[head.parts["skin"]][:, 1].argmax(), 1] - chin[1] == pytest.approx(2.15, abs=1e-3)
    assert (person.eyes[0].centre + person.eyes[1].centre) / 2 == pytest.approx(EYES, abs=0.01)
    assert person.eyes[0].centre[0] > 0.2  # the person's left eye lies on the picture's right


def test_mirrored_coefficients_mirror_the_mesh(head):
    rng = np.random.default_rng(3)
    person = np.zeros(LAYOUT.shape_size, np.float32)
    person[:] = rng.normal(0, 0.3, len(person))
    values = rng.uniform(0, 0.6, 52).astype(np.float32)
    distance, mirror = cKDTree(head.asset.base).query(head.asset.base * (-1, 1, 1))
    assert distance.max() == 0
    here = head.expressed(head.neutral(person), values, np.array([0.6, -0.2]))
    there = head.expressed(head.neutral(person), mirrored_expression(values), np.array([-0.6, -0.2]))
    eyes = np.r_[head.asset.parts["left_eye"], head.asset.parts["right_eye"]]
    skin = np.setdiff1d(np.arange(len(here)), eyes)
    assert there[mirror][skin] * (-1, 1, 1) == pytest.approx(here[skin], abs=2e-3)


def test_triangles_face_outwards(head):
    points = head.vertices(np.zeros(LAYOUT.shape_size, np.float32), LAYOUT.neutral())
    for name in ("skin", "left_eye", "upper_teeth", "tongue"):
        faces = head.faces[head.face_parts[name]]
        normal = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
        forward = points[faces].mean(1)
        front = forward[:, 2] > np.percentile(forward[:, 2], 90)
        assert normal[front][:, 2].sum() > 0, name


def test_landmarks_lie_on_their_sides_and_in_order(head):
    points = head.mesh_points(np.zeros(LAYOUT.shape_size, np.float32), LAYOUT.neutral())
    assert points.shape == (478, 3)
    assert points[33, 0] < points[133, 0] < 0 < points[362, 0] < points[263, 0]
    assert points[61, 0] < 0 < points[291, 0] and points[1, 2] > points[[33, 263, 152], 2].max()
    assert points[10, 1] > points[168, 1] > points[1, 1] > points[13, 1] > points[17, 1] > points[152, 1]
    assert points[468, 0] < 0 < points[473, 0]
    assert (points[[470, 475], 1] > points[[468, 473], 1]).all()
    assert np.array_equal(head.landmarks(np.zeros(120, np.float32), LAYOUT.neutral()), points[MESH_INDEX])


def test_landmarks_of_both_sides_mirror_each_other(head):
    points = head.mesh_points(np.zeros(LAYOUT.shape_size, np.float32), LAYOUT.neutral())[:468]
    distance, other = cKDTree(points).query(points * (-1, 1, 1))
    assert distance.max() < 1e-3
    assert [int(other[index]) for index in (33, 61, 159, 105, 234, 152)] == [263, 291, 386, 334, 454, 152]


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_a_blink_shuts_the_persons_own_eye(head, side):
    other = {"Left": "Right", "Right": "Left"}[side]
    values = expression(**{f"eyeBlink{side}": 1})
    open_gap = lid_gap(head, side, LAYOUT.neutral())
    assert open_gap > 0.08
    assert lid_gap(head, side, values) < 0.25 * open_gap
    assert lid_gap(head, other, values) == pytest.approx(open_gap, rel=0.1)


def test_lids_follow_the_gaze_without_coefficients_and_a_shut_lid_stays(head):
    down, up = np.array([0, -1.0]), np.array([0, 1.0])
    resting = lid_gap(head, "Left", LAYOUT.neutral())
    assert lid_gap(head, "Left", LAYOUT.neutral(), gaze=down) < 0.8 * resting
    person = np.zeros(LAYOUT.shape_size, np.float32)
    risen = head.mesh_points(person, LAYOUT.neutral(), up) - head.mesh_points(person, LAYOUT.neutral())
    assert risen[[386, 159], 1].min() > 0.005
    shut = expression(eyeBlinkLeft=1)
    assert lid_gap(head, "Left", shut, gaze=down) == pytest.approx(lid_gap(head, "Left", shut), abs=1e-5)


def test_gaze_moves_the_irises_to_the_side_it_names(head):
    person = np.zeros(LAYOUT.shape_size, np.float32)
    ahead = head.mesh_points(person, LAYOUT.neutral())
    right = head.mesh_points(person, LAYOUT.neutral(), np.array([1.0, 0.5]))
    assert (right[[468, 473]] - ahead[[468, 473]])[:, 0].min() > 0.05
    assert (right[[468, 473]] - ahead[[468, 473]])[:, 1].min() > 0.02


def test_the_jaw_opens_downwards_and_teeth_follow_it(head):
    person = np.zeros(LAYOUT.shape_size, np.float32)
    rest, opened = (head.vertices(person, values) for values in (LAYOUT.neutral(), expression(jawOpen=1)))
    drop = {name: (rest - opened)[head.parts[name]][:, 1].mean() for name in ("upper_teeth", "lower_teeth", "tongue")}
    assert drop["upper_teeth"] == pytest.approx(0, abs=1e-4)
    assert drop["lower_teeth"] > 0.15 and drop["tongue"] > 0.1


def test_the_lips_close_over_an_open_jaw_and_not_beyond(head):
    person = np.zeros(LAYOUT.shape_size, np.float32)

    def gap(**values):
        points = head.mesh_points(person, expression(**values))
        return float(points[13, 1] - points[14, 1])

    rest = gap()
    assert gap(mouthClose=1) == pytest.approx(rest, abs=1e-5)
    assert gap(jawOpen=0.5) > rest + 0.1 and gap(jawOpen=0.5, mouthClose=0.5) < rest + 0.05
    assert gap(jawOpen=0.5, mouthClose=1) == pytest.approx(gap(jawOpen=0.5, mouthClose=0.5), abs=1e-5)


def test_the_basis_is_the_derivative_of_the_points(head):
    rng = np.random.default_rng(5)
    person = rng.normal(0, 0.2, LAYOUT.shape_size).astype(np.float32)
    basis = head.mesh_basis(person)
    step = rng.normal(0, 1, LAYOUT.shape_size).astype(np.float32)
    step *= np.where(np.abs(person) > 0.02, 1e-2, 0)
    moved = head.mesh_points(person + step, LAYOUT.neutral()) - basis.points
    predicted = np.tensordot(step, basis.shape, 1)
    assert np.abs(moved - predicted).max() < 0.12 * np.abs(moved).max()
    values = rng.uniform(0, 1, 52).astype(np.float32)
    values[ARKIT_EXPRESSION.index("mouthClose")] = 0.0
    assert head.mesh_points(person, values) == pytest.approx(
        basis.points + np.tensordot(values, basis.expression, 1), abs=1e-4
    )


def test_posing_turns_the_head_about_the_origin_and_leaves_the_shoulders_behind(head):
    points = head.vertices(np.zeros(LAYOUT.shape_size, np.float32), LAYOUT.neutral())
    turned = head.posed(points, np.array([0.6, 0, 0]), head.head_weight)
    nose, shoulder = points[:, 2].argmax(), points[:, 0].argmax()
    assert turned[nose, 0] > 0.4 and turned[nose] == pytest.approx(head.posed(points[nose][None], [0.6, 0, 0])[0])
    angle = [np.arctan2(row[2], row[0]) for row in (points[shoulder], turned[shoulder] - turned[points[:, 0].argmin()])]
    assert abs(angle[1] - angle[0]) < 0.35


def test_projection_is_perspective_from_the_fixed_distance():
    points = np.array([[1.0, -1.0, 0.0], [1.0, -1.0, 2.0]], np.float32)
    near = project_perspective(points, np.array([0.3, 0.5, 0.4]))
    assert near[0] == pytest.approx([0.8, 0.7, 0.0])
    assert near[1, 0] == pytest.approx(0.5 + 0.3 * CAMERA_DISTANCE / (CAMERA_DISTANCE - 2))
    assert near[1, 2] > near[0, 2] and LAYOUT.camera_distance == CAMERA_DISTANCE
