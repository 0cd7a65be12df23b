"""Test the properties that every face model has."""

from __future__ import annotations

from typing import get_type_hints

import numpy as np
import pytest

from generator import FaceParams
from generator.face.face_params import LAYOUTS
from generator.face.head_model import project, rotation
from generator.face_models import FaceModel, load_face_model, puppet_head, stand_in_flame

MODELS = {"puppet": puppet_head(), "flame": stand_in_flame()}
every = pytest.mark.parametrize("name", MODELS)


def sample(name, seed):
    rng, layout = np.random.default_rng(seed), LAYOUTS[name]
    shape = rng.normal(0, 1, layout.shape_size).astype(np.float32)
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
    a, b, c = model.vertices(params.shape, params.expression)[model.faces].transpose(1, 0, 2)
    enclosed = np.sum(a * np.cross(b, c)) / 6
    assert 2 < enclosed < 4, "the signed volume of a surface that faces inwards is negative"


@every
def test_one_camera_scale_means_one_head_size(name):
    params = FaceParams.neutral(face_model=name, scale=0.4)
    points = project(MODELS[name].vertices(params.shape, params.expression), params.pose, params.camera)
    low, high = points.min(0), points.max(0)
    assert high[1] - low[1] == pytest.approx(2.15 * 0.4, rel=0.03)
    assert 0.6 < (high[0] - low[0]) / 0.4 / 1.72 < 1.1, "as wide as the puppet head or as a person's, which is narrower"
    np.testing.assert_allclose((low + high) / 2, 0.5, atol=0.03)


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


def test_a_model_is_had_by_its_name():
    assert load_face_model("puppet") is puppet_head()
