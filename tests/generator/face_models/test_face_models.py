"""Test the properties that every face model has."""

from __future__ import annotations

from typing import get_type_hints

import numpy as np
import pytest

from generator import FaceParams
from generator.avatars import avatar_head
from generator.face.face_params import LAYOUTS
from generator.face.pose import project, rotation
from generator.face_models import FaceModel, stand_in_flame

MODELS: dict[str, FaceModel] = {"arkit": avatar_head(), "flame": stand_in_flame()}
every = pytest.mark.parametrize("name", MODELS)


def sample(name, seed):
    rng, layout = np.random.default_rng(seed), LAYOUTS[name]
    spread = 0.3 if name == "arkit" else 1
    shape = rng.normal(0, spread, layout.shape_size).astype(np.float32)
    return shape, rng.uniform(layout.low, np.minimum(layout.high, 1)).astype(np.float32)


@every
def test_a_model_has_the_members_of_the_protocol_and_its_layout(name):
    model: FaceModel = MODELS[name]
    assert model.layout is LAYOUTS[name]
    for member in ("layout", "faces", "vertices", "landmarks"):
        assert hasattr(model, member)
    assert get_type_hints(type(model).vertices)["return"] == get_type_hints(FaceModel.vertices)["return"]


@every
@pytest.mark.parametrize("seed", range(3))
def test_vertices_and_landmarks_are_finite_float32_of_one_topology(name, seed):
    model, (shape, expression) = MODELS[name], sample(name, seed)
    vertices, landmarks = model.vertices(shape, expression), model.landmarks(shape, expression)
    assert vertices.dtype == landmarks.dtype == np.float32 and landmarks.shape == (68, 3)
    assert np.isfinite(vertices).all() and np.isfinite(landmarks).all()
    assert vertices.shape == (model.faces.max() + 1, 3) and model.faces.dtype == np.int32
    np.testing.assert_array_equal(model.vertices(shape, expression), vertices)


@every
def test_triangles_face_outwards(name):
    model, params = MODELS[name], FaceParams.neutral(face_model=name)
    points = model.vertices(params.shape, params.expression)
    faces = model.faces[(points[model.faces, 1] > -1.1).all(1)]
    a, b, c = points[faces].transpose(1, 0, 2)
    enclosed = np.sum(a * np.cross(b, c)) / 6
    assert 1.5 < enclosed < 4, "the signed volume of a surface that faces inwards is negative"


@every
def test_one_camera_scale_means_one_head_size(name):
    params = FaceParams.neutral(face_model=name, scale=0.4)
    model = MODELS[name]
    points = project(model.vertices(params.shape, params.expression), params.pose, params.camera)
    marks = project(model.landmarks(params.shape, params.expression), params.pose, params.camera)
    assert marks[8, 1] - points[:, 1].min() == pytest.approx(2.15 * 0.4, rel=0.03)
    assert marks[16, 0] - marks[0, 0] == pytest.approx(1.36 * 0.4, rel=0.05)
    np.testing.assert_allclose(marks[36:48].mean(0), 0.5, atol=0.02)


@every
def test_a_pose_turns_the_nose_the_same_way(name):
    params = FaceParams.neutral(face_model=name)
    nose = MODELS[name].landmarks(params.shape, params.expression)[30]
    assert nose[2] == MODELS[name].landmarks(params.shape, params.expression)[:, 2].max()
    assert (rotation(np.array([0.4, 0, 0], np.float32)) @ nose)[0] > nose[0] + 0.2


@every
def test_landmarks_lie_on_the_surface(name):
    model, (shape, expression) = MODELS[name], sample(name, 5)
    vertices = model.vertices(shape, expression)
    for point in model.landmarks(shape, expression):
        assert np.linalg.norm(vertices - point, axis=1).min() < 0.08
