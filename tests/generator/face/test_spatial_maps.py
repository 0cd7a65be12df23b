"""Test Facial Alignment by its acceptance criteria, on every map and both face models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import DriveSequence, FaceModelError, FaceParams, Retarget, align
from generator.avatars import avatar_head, avatar_landmarks, avatar_truth
from generator.face.alignment import neutral_moment
from generator.face.face_params import LAYOUTS
from generator.face.pose import project, rotation
from generator.face.spatial_maps import MapRenderer, enlarged
from generator.face.surface_maps import SURFACE_MAPS
from generator.face_models import stand_in_flame

SIZE = 96
MODELS = {"arkit": avatar_head(), "flame": stand_in_flame()}
JAW = {"arkit": "jawOpen", "flame": "jaw_x"}


def drive_of(model, seed, frames=6):
    """Return a lively drive; every frame differs from the others in every parameter."""
    rng = np.random.default_rng(seed)
    layout = LAYOUTS[model]
    expression = rng.uniform(0, 0.5, (frames, len(layout.expression))) * np.minimum(layout.high, 2)
    camera = np.array([0.31, 0.5, 0.5]) * (1 + rng.normal(0, 0.02, (frames, 3)))
    parts = (
        rng.normal(0, 0.3 if model == "arkit" else 1, layout.shape_size), expression, rng.normal(0, 0.2, (frames, 3)),
        rng.uniform(-0.3, 0.3, (frames, 2)), camera,
    )  # fmt: skip
    return DriveSequence(*(part.astype(np.float32) for part in parts), fps=25.0, face_model=model)


def maps_of(model, source, aligned):
    renderer = MapRenderer(MODELS[model], SURFACE_MAPS, SIZE, source)
    return [renderer(aligned[index]) for index in range(len(aligned))]


def assert_same(first, second, allowed=0.0):
    """Compare maps; `allowed` is the share of pixels that may differ by rounding at edges."""
    for a, b in zip(first, second, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            different = (np.abs(a[name].astype(int) - b[name]) > (2 if allowed else 0)).mean()
            assert different <= allowed, (name, different)


both = pytest.mark.parametrize("model", MODELS)
modes = pytest.mark.parametrize("mode", ["relative", "absolute"])


@both
def test_every_map_has_the_size_and_channels_it_promises(model):
    source = drive_of(model, 0)[0]
    (maps,) = maps_of(model, source, drive_of(model, 1, 1))
    assert tuple(maps) == SURFACE_MAPS
    for name, found in maps.items():
        assert found.shape == (SIZE, SIZE, 3) and found.dtype == np.uint8
        assert np.ptp(found) > 30, name


@both
@modes
def test_the_drivers_shape_leaves_no_trace_in_any_map(model, mode):
    source, drive = drive_of(model, 0)[0], drive_of(model, 1, 3)
    other = drive.with_shape(-2 * drive.shape + 1)
    first, second = (maps_of(model, source, align(source, d, Retarget(mode))) for d in (drive, other))
    assert_same(first, second)


@both
def test_even_a_target_that_was_not_aligned_is_drawn_on_the_sources_head(model):
    source, drive = drive_of(model, 0)[0], drive_of(model, 1, 2)
    assert_same(maps_of(model, source, drive), maps_of(model, source, drive.with_shape(source.shape)))


@both
@modes
def test_a_source_driven_by_itself_gives_its_own_maps(model, mode):
    source = drive_of(model, 0)[0]
    own = drive_of(model, 0).take([0])
    aligned = align(source, own, Retarget(mode))
    expected = maps_of(model, source, own)
    found = maps_of(model, source, aligned)
    assert_same(found, expected, 0.0 if mode == "absolute" else 0.002)


@both
@pytest.mark.parametrize("zoom", [0.7, 1.4])
def test_a_drive_filmed_closer_or_farther_gives_the_same_maps(model, zoom):
    source, drive = drive_of(model, 0)[0], drive_of(model, 1, 3)
    camera = np.concatenate([drive.camera[:, :1] * zoom, 0.5 + (drive.camera[:, 1:] - 0.5) * zoom], 1)
    zoomed = replace(drive, camera=camera.astype(np.float32))
    first, second = (maps_of(model, source, align(source, d, Retarget())) for d in (drive, zoomed))
    assert_same(first, second, 0.002)


@both
def test_two_drivers_with_the_same_expression_give_the_same_maps(model):
    """The second driver differs in shape, neutral expression, position and size."""
    source, first = drive_of(model, 0)[0], drive_of(model, 1, 6)
    layout = LAYOUTS[model]
    lift = 0.1 * np.minimum(layout.high, 1) * (np.arange(len(layout.expression)) % 3 == 0)
    second = replace(
        first.with_shape(first.shape[::-1].copy()),
        expression=(first.expression + lift).astype(np.float32),
        camera=first.camera * np.float32([1.3, 1.3, 1.3]) + np.float32([0, 0.05, -0.1]),
    )
    calm = neutral_moment(first).expression, neutral_moment(second).expression - lift
    np.testing.assert_allclose(*calm, atol=1e-6)
    a, b = (maps_of(model, source, align(source, drive, Retarget())) for drive in (first, second))
    assert_same(a, b, 0.002)


@both
def test_the_expression_shows_in_every_map_of_the_head(model):
    source = FaceParams.neutral(face_model=model)
    opened = source.expression.copy()
    opened[LAYOUTS[model].expression.index(JAW[model])] = 0.5
    renderer = MapRenderer(MODELS[model], SURFACE_MAPS, SIZE, source)
    still, moved = renderer(source), renderer(replace(source, expression=opened))
    for name in SURFACE_MAPS:
        changed = (np.abs(still[name].astype(int) - moved[name]) > 8).any(-1)
        assert changed.mean() > 0.002, name
        rows = np.flatnonzero(changed.any(1)) / len(changed)
        assert rows.min() > 0.5, "an opening mouth changes the lower face"


class Ball:
    """A sphere of radius 1 in FLAME's layout."""

    layout = LAYOUTS["flame"]

    def __init__(self, rows=60, columns=120):
        v, h = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, columns), indexing="ij")
        self.points = np.stack([np.sin(v) * np.sin(h), np.cos(v), np.sin(v) * np.cos(h)], -1).reshape(-1, 3)
        a = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
        quads = np.stack([a, a + columns, a + columns + 1, a, a + columns + 1, a + 1], -1)
        self.faces = quads.reshape(-1, 3).astype(np.int32)

    def vertices(self, shape, expression, gaze=None):
        return self.points.astype(np.float32)

    def landmarks(self, shape, expression):
        return self.points[:68]


def test_normals_depth_and_shading_of_a_ball_are_those_of_the_equations():
    source = FaceParams.neutral(face_model="flame", scale=0.4)
    maps = MapRenderer(Ball(), ("normals", "depth", "shaded"), SIZE, source)(source)
    centre = (np.arange(SIZE) + 0.5) / SIZE
    x, y = np.meshgrid((centre - 0.5) / 0.4, -(centre - 0.5) / 0.4)
    inside = x * x + y * y < 0.9**2
    z = np.sqrt(np.where(inside, 1 - x * x - y * y, 0))
    normal = np.stack([x, y, z], -1)
    lights = np.array([[-1, 1, 1], [1, 1, 1], [-1, -1, 1], [1, -1, 1], [0, 0, 1]])
    lights = lights / np.linalg.norm(lights, axis=1)[:, None]
    shade = 1.7 * 180 / 255 * np.maximum(normal @ lights.T, 0).mean(-1)
    expected = {
        "normals": 0.5 + 0.5 * normal,
        "depth": (0.1 + 0.9 * (z + 0.4) / 1.6)[..., None],
        "shaded": shade[..., None],
    }
    for name, values in expected.items():
        found = maps[name][inside].astype(float)
        assert np.abs(found - 255 * np.clip(values, 0, 1)[inside]).max() < 4, name
    for name in maps:
        assert not maps[name][x * x + y * y > 1.05].any(), "nothing beside the head"


def test_what_cannot_be_drawn_is_refused_in_one_line():
    arkit, flame = FaceParams.neutral(face_model="arkit"), FaceParams.neutral(face_model="flame")
    for model, wanted, source, says in (
        ("arkit", ("normal",), arkit, r"no spatial map 'normal'; there are: normals, depth, shaded, displacement"),
        ("arkit", ("moved",), arkit, r"no spatial map 'moved'"),
        ("flame", ("normals",), arkit, r"a arkit face where a flame face is expected"),
    ):
        with pytest.raises(FaceModelError, match=says):
            MapRenderer(MODELS[model], wanted, SIZE, source)
    renderer = MapRenderer(MODELS["flame"], ("normals",), SIZE, flame)
    with pytest.raises(FaceModelError, match=r"a arkit face where a flame face is expected"):
        renderer(arkit)


@both
def test_the_same_moment_gives_the_same_bytes(model):
    source, drive = drive_of(model, 0)[0], drive_of(model, 1, 1)
    first, second = maps_of(model, source, drive)[0], maps_of(model, source, drive)[0]
    assert_same([first], [second])


def test_the_maps_lie_where_the_face_is_seen_in_perspective(avatar, face):
    size = 192
    turned = replace(face, pose=np.float32([0.4, 0.1, 0.05]))
    truth = avatar_truth(avatar, turned, size)
    depth = MapRenderer(avatar_head(), ("depth",), size, face)(turned)["depth"][..., 0]
    points, seen = avatar_landmarks(avatar, turned, truth)
    columns, rows = np.clip(points[seen].astype(int), 0, size - 1).T
    assert (depth[rows, columns] > 0).mean() > 0.98
    depth = MapRenderer(avatar_head(), ("depth",), size, face)(face)["depth"][..., 0]
    points, _ = avatar_landmarks(avatar, face, avatar_truth(avatar, face, size))
    nearest = np.argwhere(depth == depth.max()).mean(0)[::-1]
    assert np.linalg.norm(points[[1, 4]] - nearest, axis=1).min() < 1.5, "the tip of the nose"


@both
def test_a_near_point_is_enlarged_as_its_cameras_distance_says(model):
    points, pose = np.float32([[0.5, -0.4, 0.9], [0.2, 0.3, -0.5]]), np.float32([0.3, -0.2, 0.1])
    found = project(enlarged(points, pose, LAYOUTS[model].camera_distance), pose, np.float32([0.3, 0.5, 0.4]))
    turned = points @ rotation(pose).T
    nearness = 10 / (10 - turned[:, 2]) if model == "arkit" else np.ones(2)
    expected = np.float32([0.5, 0.4]) + 0.3 * nearness[:, None] * turned[:, :2] * [1, -1]
    np.testing.assert_allclose(found, expected, atol=1e-6)
