"""Test FLAME against an independent skinning, and its files against damage."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import types
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.spatial.transform import Rotation

from generator import FaceModelError
from generator.face_models import Flame, load_face_model, stand_in_flame
from generator.face_models.flame_file import read_flame
from generator.face_models.stand_in import stand_in_arrays

_CHUMPY = ("shapedirs", "posedirs", "v_template")
Z, E = np.zeros(100, np.float32), np.zeros(55, np.float32)


@pytest.fixture(scope="module")
def arrays():
    """Return a synthetic model in which every part of FLAME has an effect."""
    rng = np.random.default_rng(0)
    made = stand_in_arrays()
    return replace(
        made,
        shape=made.shape + rng.normal(0, 1e-4, made.shape.shape).astype(np.float32),
        expression=made.expression + rng.normal(0, 1e-4, made.expression.shape).astype(np.float32),
        pose=rng.normal(0, 1e-3, made.pose.shape).astype(np.float32),
    )


@pytest.fixture
def chumpy(monkeypatch):
    """Return the class in FLAME's pickles; it exists while a test file is written and is removed when it is read."""

    class Ch:
        def __init__(self, x):
            self.x, self._dirty_vars, self._itr = x, set(), None

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    module = types.ModuleType("chumpy.ch")
    module.Ch = Ch
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
        patch.setitem(sys.modules, "chumpy.ch", module)
        yield lambda content: {key: Ch(value) if key in _CHUMPY else value for key, value in content.items()}


@pytest.fixture(scope="module")
def content(arrays):
    directions = np.zeros((5023, 3, 400), np.float32)
    directions[..., :100], directions[..., 300:350] = arrays.shape, arrays.expression
    return {
        "v_template": arrays.template.astype(np.float64),
        "shapedirs": directions,
        "posedirs": arrays.pose.astype(np.float64),
        "J_regressor": sparse.csc_matrix(arrays.regressor.astype(np.float64)),
        "kintree_table": np.array([[4294967295, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.uint32),
        "weights": arrays.skinning.astype(np.float64),
        "f": arrays.faces.astype(np.uint32),
        "bs_style": "lbs",
    }


def write(folder, content, name="flame.pkl"):
    (folder / name).write_bytes(content)
    return folder / name


def by_vertex(arrays, beta, expression, joint_turns):
    """Compute skinning with 4 x 4 matrices along the kinematic tree in float64, as in SMPL's equations."""
    v = arrays.template.astype(np.float64) + arrays.shape @ beta + arrays.expression @ expression[:50]
    joints = arrays.regressor.astype(np.float64) @ v
    turns = [Rotation.from_rotvec(turn).as_matrix() for turn in joint_turns]
    feature = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    posed = v + arrays.pose @ feature + arrays.eyelids @ expression[50:52]
    world = []
    for joint, parent in enumerate((-1, 0, 1, 1, 1)):
        local = np.eye(4)
        local[:3, :3] = turns[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        world.append(local if parent < 0 else world[parent] @ local)
    skinned = np.zeros_like(posed)
    for joint in range(5):
        back = np.eye(4)
        back[:3, 3] = -joints[joint]
        moved = np.c_[posed, np.ones(len(posed))] @ (world[joint] @ back).T
        skinned += arrays.skinning[:, joint : joint + 1] * moved[:, :3]
    return skinned


@pytest.mark.parametrize("seed", range(3))
def test_skinning_agrees_with_matrices_along_the_tree(arrays, seed):
    rng = np.random.default_rng(seed)
    model = Flame(arrays)
    beta, expression = rng.normal(0, 1, 100).astype(np.float32), rng.normal(0, 1, 55).astype(np.float32)
    expression[50:] = [0.7, 0.2, *rng.uniform(-0.2, 0.4, 3)]
    turns = [np.zeros(3), np.zeros(3), expression[52:], np.zeros(3), np.zeros(3)]
    expected = (by_vertex(arrays, beta, expression, turns) - model.origin) * model.unit
    np.testing.assert_allclose(model.vertices(beta, expression), expected, atol=2e-5)


def test_the_root_joint_is_where_the_tree_begins(arrays):
    expected = arrays.regressor[0].astype(np.float64) @ (arrays.template + arrays.shape @ np.ones(100))
    np.testing.assert_allclose(Flame(arrays).root(np.ones(100, np.float32), E), expected, atol=1e-5)


def test_the_jaw_opens_the_mouth_and_leaves_the_skull():
    model = stand_in_flame()
    opened = E.copy()
    opened[52] = 0.4
    shut, wide = model.landmarks(Z, E), model.landmarks(Z, opened)
    assert shut[66, 1] - wide[66, 1] > 0.15
    assert np.abs(wide[17:48] - shut[17:48]).max() < 0.05
    assert np.linalg.norm(wide[62] - wide[66]) > np.linalg.norm(shut[62] - shut[66]) + 0.15


def test_each_eyelid_coefficient_moves_its_own_side():
    model = stand_in_flame()
    for index, own, other in ((50, slice(42, 48), slice(36, 42)), (51, slice(36, 42), slice(42, 48))):
        shut = E.copy()
        shut[index] = 1
        moved = np.abs(model.landmarks(Z, shut) - model.landmarks(Z, E)).max(1)
        assert moved[own].max() > 0.05 > 0.01 > moved[other].max()


def test_gaze_turns_the_eyes_alone():
    model = stand_in_flame()
    ahead, right = model.vertices(Z, E), model.vertices(Z, E, np.array([1, 0], np.float32))
    moved = np.abs(right - ahead).max(1) > 1e-5
    assert 2 * 72 <= moved.sum() < 170
    front = moved & (ahead[:, 2] > ahead[moved, 2].mean() + 0.08)
    assert (right[front, 0] > ahead[front, 0]).all()
    up = model.vertices(Z, E, np.array([0, 1], np.float32))
    assert (up[front, 1] > ahead[front, 1]).all()


def test_head_space_is_that_of_the_avatar_head():
    vertices = stand_in_flame().vertices(Z, E)
    assert np.ptp(vertices[:, 1]) == pytest.approx(2.15, rel=0.05)
    np.testing.assert_allclose((vertices.max(0) + vertices.min(0))[[0, 1]], 0, atol=0.1)


def test_the_landmarks_of_a_face_without_an_embedding_keep_their_order():
    points = stand_in_flame().landmarks(Z, E)
    x, y = points[:, 0], points[:, 1]
    assert (np.diff(x[:17]) > -1e-6).all()
    assert y[17:27].mean() > y[36:48].mean() > y[31:36].mean() > y[48:68].mean() > y[8]
    assert x[36] < x[39] < 0 < x[42] < x[45] and x[48] < x[51] < x[54]
    assert (points[27:36, 2] > points[36:48, 2].max()).sum() >= 5, "the nose stands out"


class Python2Pickler(pickle._Pickler):
    """Write byte strings as Python 2 did, which wrote FLAME's files."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value):
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def python_2_pickle(value):
    file = io.BytesIO()
    Python2Pickler(file, 2).dump(value)
    names = {b"cnumpy._core.multiarray\n": b"cnumpy.core.multiarray\n", b"cscipy.sparse._csc\n": b"cscipy.sparse.csc\n"}
    out = file.getvalue()
    for ours, theirs in names.items():
        assert ours in out
        out = out.replace(ours, theirs)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("dump", [python_2_pickle, lambda v: pickle.dumps(v, 2), lambda v: pickle.dumps(v, 4)])
def test_a_flame_file_with_chumpy_inside_loads_without_chumpy(tmp_path, arrays, content, chumpy, dump):
    written = dump(chumpy(content))
    assert b"chumpy.ch" in written
    path = write(tmp_path, written)
    for name in ("chumpy", "chumpy.ch"):
        del sys.modules[name]
    model = Flame.load(path)
    np.save(tmp_path / "l_eyelid.npy", arrays.eyelids[..., 0])
    np.save(tmp_path / "r_eyelid.npy", arrays.eyelids[..., 1])
    whole = load_face_model("flame", path)
    assert whole.has_eyelids and not model.has_eyelids
    expression = np.linspace(-1, 1, 55).astype(np.float32)
    expected = Flame(arrays).vertices(Z + 0.3, expression)
    np.testing.assert_allclose(whole.vertices(Z + 0.3, expression), expected, atol=2e-6)
    assert np.abs(model.vertices(Z + 0.3, expression) - expected).max() > 0.01
    assert "chumpy" not in sys.modules


@pytest.mark.slow
@pytest.mark.parametrize("dense", [True, False])
def test_the_regressor_may_be_dense_or_sparse(tmp_path, arrays, content, dense):
    if dense:
        content = {**content, "J_regressor": content["J_regressor"].toarray()}
    found = read_flame(write(tmp_path, pickle.dumps(content, 2)))
    np.testing.assert_allclose(found.regressor, arrays.regressor, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "change", "says"),
    [
        ("v_template", lambda a: a[:-1], r"v_template has shape \(5022, 3\), expected \(5023, 3\)"),
        ("shapedirs", lambda a: a[..., :300], r"shapedirs has shape"),
        ("posedirs", lambda a: a * np.nan, r"posedirs holds values that are not finite"),
        ("weights", lambda a: a * 2, r"weights"),
        ("f", lambda a: a + 5000, r"f holds numbers that are no indices below 5023"),
        ("kintree_table", lambda a: a[:, ::-1], r"kintree_table"),
        ("J_regressor", lambda a: a.toarray().T, r"J_regressor has shape"),
        ("J_regressor", lambda a: None, r"J_regressor is missing"),
        ("f", lambda a: "triangles", r"f cannot be read \(no array\); expected an array \(9976, 3\)"),
    ],
)
def test_a_model_of_another_layout_is_refused_by_name(tmp_path, content, key, change, says):
    content = {**content, key: change(content[key])}
    with pytest.raises(FaceModelError, match=rf"flame\.pkl: {says}"):
        read_flame(write(tmp_path, pickle.dumps(content, 2)))


@pytest.mark.parametrize("content", [b"", b"no pickle", b"\x80\x02", pickle.dumps([1, 2])])
def test_a_file_that_is_no_flame_model_is_refused(tmp_path, content):
    with pytest.raises(FaceModelError, match=r"flame\.pkl: [^\n]+$"):
        read_flame(write(tmp_path, content))


def test_a_missing_file_and_a_missing_path_say_where_to_get_one(tmp_path):
    for call in (lambda: Flame.load(tmp_path / "none.pkl"), lambda: load_face_model("flame")):
        with pytest.raises(FaceModelError, match=r"flame\.is\.tue\.mpg\.de"):
            call()
    with pytest.raises(FaceModelError, match=r"no face model 'smpl'; there are: arkit, flame"):
        load_face_model("smpl")


def test_one_eyelid_alone_is_refused(tmp_path, arrays, content):
    np.save(tmp_path / "l_eyelid.npy", arrays.eyelids[..., 0])
    with pytest.raises(FaceModelError, match=r"r_eyelid\.npy.*go together"):
        read_flame(write(tmp_path, pickle.dumps(content, 2)))


def embedding():
    rng = np.random.default_rng(3)
    weights = rng.dirichlet(np.ones(3), 68)
    return {"full_lmk_faces_idx": rng.integers(0, 9976, (1, 68)), "full_lmk_bary_coords": weights[None]}


def test_a_landmark_embedding_beside_the_model_is_used(tmp_path, content):
    made = embedding()
    with_tensor = np.array({**made, "dynamic_lmk_faces_idx": torch.zeros(3)}, object)
    np.save(tmp_path / "landmark_embedding.npy", with_tensor, allow_pickle=True)
    model = Flame.load(write(tmp_path, pickle.dumps(content, 2)))
    vertices = model.vertices(Z, E)
    corners = vertices[model.faces[made["full_lmk_faces_idx"][0]]]
    expected = (corners * made["full_lmk_bary_coords"][0][..., None]).sum(1)
    np.testing.assert_allclose(model.landmarks(Z, E), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"full_lmk_faces_idx": np.full((1, 68), 9976)}, "no indices below 9976"),
        ({"full_lmk_bary_coords": np.ones((1, 68, 3))}, "do not sum to 1"),
        ({"full_lmk_bary_coords": np.ones((51, 3))}, "has shape"),
        ({"full_lmk_faces_idx": None}, "full_lmk_faces_idx"),
    ],
)
def test_a_landmark_embedding_that_does_not_fit_is_refused(tmp_path, content, change, says):
    np.save(tmp_path / "landmark_embedding.npy", {**embedding(), **change}, allow_pickle=True)
    with pytest.raises(FaceModelError, match=rf"landmark_embedding\.npy: .*{says}"):
        read_flame(write(tmp_path, pickle.dumps(content, 2)))
