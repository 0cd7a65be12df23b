"""Test Facial Alignment by its acceptance criteria, on every map and both face models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from generator.face.source_warp import SourceWarp

from generator import DriveSequence, FaceModelError, FaceParams, Retarget, align, draw_snapshot
from generator.face.alignment import neutral_moment
from generator.face.face_params import LAYOUTS
from generator.face.pose import project, rotation
from generator.face.raster import rasterise
from generator.face.spatial_maps import MAPS, MapRenderer
from generator.face_models import puppet_head, stand_in_flame
from generator.puppets import render, sample_motion, sample_puppet

SIZE = 96
GOLDEN = Path(__file__).parent / "golden" / "mini_maps.npz"
MODELS = {"puppet": puppet_head(), "flame": stand_in_flame()}


def names(model):
    return [name for name in MAPS if name != "snapshot" or model == "puppet"]


def drive_of(model, seed, frames=6):
    """Return a lively drive; every frame differs from the others in every parameter."""
    rng = np.random.default_rng(seed)
    layout = LAYOUTS[model]
    expression = rng.uniform(0, 0.5, (frames, len(layout.expression))) * np.minimum(layout.high, 2)
    camera = np.array([0.31, 0.5, 0.5]) * (1 + rng.normal(0, 0.02, (frames, 3)))
    parts = (
        rng.normal(0, 1, layout.shape_size), expression, rng.normal(0, 0.2, (frames, 3)),
        rng.uniform(-0.3, 0.3, (frames, 2)), camera,
    )  # fmt: skip
    return DriveSequence(*(part.astype(np.float32) for part in parts), fps=25.0, face_model=model)


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)


def maps_of(model, source, aligned):
    renderer = MapRenderer(MODELS[model], names(model), SIZE, picture(), source)
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
    for name, found in maps_of(model, source, drive_of(model, 1, 1))[0].items():
        side = SIZE // 2 if name == "snapshot" else SIZE
        assert found.shape == (side, side, MAPS[name]) and found.dtype == np.uint8
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
    guides = found[0]["guides"]
    assert (guides[..., 0] == guides[..., 2]).mean() > 0.999
    assert np.abs(found[0]["moved"].astype(int) - picture()).mean() < 3


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
    opened[LAYOUTS[model].expression.index("jaw_open" if model == "puppet" else "jaw_x")] = 0.5
    renderer = MapRenderer(MODELS[model], names(model), SIZE, picture(), source)
    still, moved = renderer(source), renderer(replace(source, expression=opened))
    for name in names(model):
        changed = (still[name] != moved[name]).any(-1)
        assert changed.mean() > 0.002, name
        if name != "guides":
            rows = np.flatnonzero(changed.any(1)) / len(changed)
            assert rows.min() > 0.5, "an opening mouth changes the lower face only"


def test_minis_maps_are_those_of_the_source_warp_byte_for_byte():
    rng = np.random.default_rng(9)
    puppet = sample_puppet(rng)
    motion = sample_motion(rng, puppet, 12)
    image = render(puppet, motion[0], 128).image
    renderer = MapRenderer(puppet_head(), ("snapshot", "guides", "moved"), 128, image, motion[0])
    warp = SourceWarp(image, motion[0])
    for index in (0, 5, 11):
        scene, maps = warp(motion[index]), renderer(motion[index])
        assert list(maps) == ["snapshot", "guides", "moved"]
        for name in maps:
            assert maps[name].tobytes() == getattr(scene, name).tobytes()


def test_minis_maps_are_those_its_weights_were_trained_on():
    rng = np.random.default_rng(17)
    motion = sample_motion(rng, sample_puppet(rng), 12)
    with np.load(GOLDEN) as golden:
        renderer = MapRenderer(puppet_head(), ("snapshot", "guides", "moved"), 64, golden["picture"], motion[0])
        for index in (3, 9):
            for name, found in renderer(motion[index]).items():
                different = np.abs(found.astype(int) - golden[f"{name}_{index}"]) > 1
                assert different.mean() < 0.002, name


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
    maps = MapRenderer(Ball(), ("normals", "depth", "shaded"), SIZE, picture(), source)(source)
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


def test_the_moved_picture_of_a_mesh_is_nearer_the_truth_than_the_source():
    model = stand_in_flame()
    source = FaceParams.neutral(face_model="flame")
    target = replace(source, pose=np.float32([0.35, 0.1, 0.1]))
    target.expression[52] = 0.2
    rng = np.random.default_rng(1)
    colours = 127 + 120 * np.sin(model.vertices(source.shape, source.expression) @ rng.normal(0, 6, (3, 3)))

    def drawn(params):
        points = model.vertices(params.shape, params.expression)
        depth = (points @ rotation(params.pose).T)[:, 2:]
        screen = np.concatenate([project(points, params.pose, params.camera), depth], 1)
        return rasterise(screen, model.faces, colours, SIZE).attributes

    image = drawn(source).astype(np.uint8)
    maps = MapRenderer(model, ("moved", "guides"), SIZE, image, source)(target)
    known = (maps["guides"][..., 0] > 0) & (maps["guides"][..., 1] > 0)
    truth = drawn(target)
    error = np.abs(maps["moved"] - truth)[known].mean()
    assert known.mean() > 0.2 and error < 0.25 * np.abs(image - truth)[known].mean()


def test_what_cannot_be_drawn_is_refused_in_one_line():
    puppet, flame = FaceParams.neutral(), FaceParams.neutral(face_model="flame")
    for model, wanted, image, source, says in (
        (puppet_head(), ("normal",), picture(), puppet, r"no spatial map 'normal'; there are: snapshot, guides"),
        (MODELS["flame"], ("snapshot",), picture(), flame, r"'snapshot' is drawn of puppet heads only"),
        (MODELS["flame"], ("normals",), picture(), puppet, r"a puppet face where a flame face is expected"),
        (
            puppet_head(),
            ("normals",),
            picture()[:50],
            puppet,
            r"picture has shape \(50, 96, 3\), expected \(96, 96, 3\)",
        ),
    ):
        with pytest.raises(FaceModelError, match=says):
            MapRenderer(model, wanted, SIZE, image, source)
    renderer = MapRenderer(MODELS["flame"], ("normals",), SIZE, picture(), flame)
    with pytest.raises(FaceModelError, match=r"a puppet face where a flame face is expected"):
        renderer(puppet)
    with pytest.raises(FaceModelError, match=r"a flame face where a puppet's is drawn; use MapRenderer"):
        draw_snapshot(flame)


@both
def test_the_same_moment_gives_the_same_bytes(model):
    source, drive = drive_of(model, 0)[0], drive_of(model, 1, 1)
    first, second = maps_of(model, source, drive)[0], maps_of(model, source, drive)[0]
    assert_same([first], [second])
