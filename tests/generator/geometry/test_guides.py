"""Test what a drawn frame knows about itself: trust, stretch, and the turned surface."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from generator.face.face_params import ARKIT_EXPRESSION
from generator.geometry import GUIDES, TURNS, LayerMaps, Painter, Strength, avatar_rig, moment_of, network_maps
from generator.geometry.guides import stretch, trust

SIZE = 256
NUMBER = {name: index for index, name in enumerate(GUIDES)}


def places(across: float, down: float, size: int = 40) -> np.ndarray:
    """Return the places in the source of a picture that is enlarged by these factors."""
    y, x = np.mgrid[0:size, 0:size] + 0.5
    return np.stack([x / across, y / down], -1).astype(np.float32)


@pytest.mark.parametrize(
    ("across", "down", "expected"),
    [(1, 1, 0), (4, 4, 1), (4, 1, 1), (1, 4, 1), (0.5, 0.5, 0), (1.4, 1.4, 0), (3.4, 1, 1)],
)
def test_stretch_is_0_of_a_map_that_keeps_its_size_and_1_of_one_that_is_enlarged(across, down, expected):
    found = stretch(np.full((40, 40), 3, np.uint8), places(across, down))
    assert found.dtype == np.float32 and np.allclose(found[:-1, :-1], expected, atol=1e-6)


def test_a_turned_map_is_as_little_stretched_as_an_upright_one_and_a_sheared_one_is():
    size = 40
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    turned = np.stack([0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y], -1)
    sheared = np.stack([x + 5 * y, y], -1)
    top = np.zeros((size, size), np.uint8)
    assert np.allclose(stretch(top, turned)[:-1, :-1], 0, atol=1e-6)
    assert (stretch(top, sheared)[:-1, :-1] > 0.9).all()


def test_between_two_layers_nothing_counts_as_stretched():
    top, enlarged = np.zeros((40, 40), np.uint8), places(4, 4)
    top[:, 20:] = 3
    found = stretch(top, enlarged)
    assert not found[:, 19].any() and (found[:-1, [18, 20]] == 1).all()


def test_trust_is_what_is_believed_less_where_stretched_and_lies_under_no_moving_edge():
    believed, cover, stretched = (np.ones((9, 30), np.float32) for _ in range(3))
    stretched[:] = 0
    assert (trust(believed, cover, stretched, [], 1.0) > 1 - 1e-6).all()
    stretched[:, 20:], believed[:, :10] = 1, 0
    found = trust(believed, cover, stretched, [], 1.0)
    assert not found[:, :9].any() and np.allclose(found[:, 22:], 0.6, atol=1e-3) and found[:, 15].min() > 0.99
    half = np.full_like(cover, 0.5)
    assert not trust(np.ones_like(cover), half, np.zeros_like(cover), [], 0.0).any()
    assert (trust(np.ones_like(cover), half, np.zeros_like(cover), [], 1.0) > 1 - 1e-6).all()


@pytest.fixture(scope="module")
def still(params):
    """Return the face at rest; only its coefficients are known, as of another moment."""
    return replace(params, residual=None)


@pytest.fixture(scope="module")
def draw(source, still):
    painter, rig = Painter(source, moment_of(avatar_rig(), still), Strength()), avatar_rig()

    def drawing(yaw=0.0, **coefficients):
        expression = np.array(still.expression)
        for name, value in coefficients.items():
            expression[ARKIT_EXPRESSION.index(name)] = value
        pose = np.array([yaw, 0, 0], np.float32)
        moment = moment_of(rig, replace(still, expression=expression, pose=pose))
        return painter.drawing(moment, SIZE), painter.frame(moment)

    @cache
    def kept(wanted):
        return drawing(**dict(wanted))

    return lambda **wanted: kept(tuple(wanted.items()))


def guide(drawing, name):
    return drawing.guides[..., NUMBER[name]]


def test_a_neutral_frame_is_the_source_and_trusts_itself_everywhere(draw, picture):
    drawing, _ = draw()
    assert np.array_equal(drawing.picture, picture)
    assert (network_maps(drawing, SIZE)["guides"][..., 0] == 255).all()
    assert not guide(drawing, "stretch").any()
    assert np.abs(drawing.turned[..., 3:] - 0.5).max() < 1e-3, "nothing has turned"


@pytest.mark.parametrize("wanted", [{}, {"jawOpen": 0.8}, {"yaw": 0.4}])
def test_a_frame_with_guides_is_the_frame_without_and_its_guides_lie_in_their_range(draw, wanted):
    drawing, frame = draw(**wanted)
    assert np.array_equal(drawing.picture, frame)
    assert drawing.guides.shape == (SIZE, SIZE, len(GUIDES)) and drawing.turned.shape == (SIZE, SIZE, TURNS)
    for values in (drawing.guides, drawing.turned):
        assert values.dtype == np.float32 and values.min() >= 0 and values.max() <= 1 + 1e-6


def test_the_inside_of_a_drawn_mouth_is_trusted_by_three_fifths_and_the_rest_of_the_face_wholly(draw, source):
    drawing, _ = draw(jawOpen=0.8)
    inside = cv2.erode((guide(drawing, "mouth") > 0.9).astype(np.uint8), np.ones((3, 3))) > 0
    assert inside.sum() > 100 and np.allclose(guide(drawing, "trust")[inside], 0.6, atol=0.05)
    shut, opened = ((guide(each, "mouth") > 0.9).sum() for each in (draw()[0], drawing))
    assert shut < 0.3 * opened
    x, y = source.sight.points[10].astype(int)  # the top of the forehead
    assert guide(drawing, "trust")[y : y + 12, x - 10 : x + 11].min() > 0.9


def test_a_shut_eye_is_trusted_less_than_an_open_one(draw):
    shut = guide(draw()[0], "eyes") > 0.9
    before, after = (guide(draw(**wanted)[0], "trust")[shut].mean() for wanted in ({}, {"eyeBlinkLeft": 1.0}))
    assert before > 0.99 and after < 0.95


def test_what_a_turned_head_uncovers_is_not_trusted_and_the_corners_are(draw):
    before, drawing = draw()[0], draw(yaw=0.5)[0]
    uncovered = (guide(before, "cover") > 0.95) & (guide(drawing, "cover") < 0.05)
    # Loose hair at the matte's edge travels with the head over a part of it, with what the source shows there.
    assert uncovered.sum() > 60 and (guide(drawing, "trust")[uncovered] < 0.65).mean() > 0.3
    sure = guide(drawing, "trust")
    assert sure[:8, :8].min() == sure[:8, -8:].min() == 1
    assert guide(drawing, "stretch").max() > 0.9, "the side of the face that comes into sight"


def test_the_turned_surface_shows_normals_and_their_change(draw, source):
    at = tuple(source.sight.points[[5, 5]][:, ::-1].astype(int)[0])  # on the bridge of the nose
    ahead = draw()[0].turned
    face = guide(draw()[0], "face") > 0.9
    columns = np.arange(SIZE)[None].repeat(SIZE, 0)[face]
    assert np.corrcoef(columns, ahead[..., 0][face])[0, 1] > 0.8, "normals on the right point to the right"
    assert ahead[at][2] > 0.8 and np.allclose(ahead[:8, :8], 0.5), "0.5 beside the face"
    for yaw in (0.4, -0.4):
        drawing = draw(yaw=yaw)[0]
        change = (drawing.turned[..., 3] - 0.5)[guide(drawing, "face") > 0.9]
        assert np.median(change) * np.sign(yaw) == pytest.approx(np.sin(0.4) / 2, abs=0.05)


def test_guides_of_a_smaller_size_are_means_over_areas(source, still):
    painter, moment = Painter(source, moment_of(avatar_rig(), still), Strength()), moment_of(avatar_rig(), still)
    large, small = (painter.drawing(moment, size) for size in (SIZE, 128))
    means = large.guides.reshape(128, 2, 128, 2, len(GUIDES)).mean((1, 3))
    np.testing.assert_allclose(small.guides, means, atol=1e-6)
    assert {name: (values.shape, values.dtype) for name, values in network_maps(small, 128).items()} == {
        "moved": ((128, 128, 3), np.uint8), "guides": ((128, 128, 7), np.uint8), "turned": ((64, 64, 6), np.uint8),
    }  # fmt: skip


@pytest.mark.parametrize("size", [96, 250])
def test_guides_have_any_size_up_to_the_pictures(source, still, size):
    """OpenCV refuses to resize more than four channels by a factor that is no whole number."""
    painter, moment = Painter(source, moment_of(avatar_rig(), still), Strength()), moment_of(avatar_rig(), still)
    large, small = (painter.drawing(moment, each) for each in (SIZE, size))
    for before, after in ((large.guides, small.guides), (large.turned, small.turned)):
        for channel in range(before.shape[-1]):
            alone = cv2.resize(before[..., channel], (size, size), interpolation=cv2.INTER_AREA)
            np.testing.assert_allclose(after[..., channel], alone, atol=1e-6)
    maps = network_maps(small, size)
    assert [maps[name].shape[0] for name in ("moved", "guides", "turned")] == [size, size, size // 2]


def test_layer_maps_of_the_sources_own_moment_show_the_source(picture, params):
    maps = LayerMaps(picture, params)(params)
    assert np.array_equal(maps["moved"], picture) and (maps["guides"][..., 0] == 255).all()
