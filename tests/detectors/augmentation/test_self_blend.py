"""Test self-blended pairs."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import BlendError, self_blend
from detectors.augmentation import self_blend as blending
from detectors.augmentation.hulls import FAMILIES, draw_hull
from detectors.augmentation.self_blend import _MIRROR, blend_face, soften, warp_elastically

from ..faces import face, picture, with_forehead


def test_a_pair_has_one_size_and_its_mask_lies_between_zero_and_one():
    for seed in range(12):
        genuine, fake, mask = self_blend(picture(), face(), np.random.default_rng(seed))
        assert genuine.shape == fake.shape == (*mask.shape, 3)
        assert genuine.dtype == fake.dtype == np.uint8
        assert mask.min() >= 0
        assert mask.max() <= 1


def test_equal_seeds_give_equal_pairs():
    first, again = (self_blend(picture(), face(), np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))


@pytest.mark.slow
def test_outside_the_mask_the_pair_is_the_same_picture_and_inside_it_differs():
    compared = 0
    for seed in range(60):
        genuine, fake, mask = self_blend(picture(), face(), np.random.default_rng(seed))
        difference = np.abs(genuine.astype(int) - fake.astype(int)).max(axis=2)
        outside = np.zeros_like(mask, dtype=bool)
        outside[:8, :8] = True  # far from the face; JPEG blocks reach eight pixels
        assert difference[outside & (mask == 0)].max(initial=0) == 0
        if (mask > 0.9).sum() > 100:
            compared += 1
            assert difference[mask > 0.9].mean() > 0.5
    assert compared > 15


def test_the_change_falls_on_the_genuine_picture_about_half_the_time(monkeypatch):
    monkeypatch.setattr(blending, "_change", lambda picture, rng: np.zeros_like(picture))
    bright, points = np.full((120, 100, 3), 160, np.uint8), face(centre=(50.0, 60.0), radius=22.0)
    pairs = [self_blend(bright, points, np.random.default_rng(seed)) for seed in range(200)]
    share = np.mean([genuine.mean() < 90 for genuine, _, _ in pairs])
    assert share == pytest.approx(0.5, abs=0.12)


@pytest.mark.slow
def test_the_ratios_of_the_mask_are_drawn_as_published():
    small, points = picture()[:120, :100], face(centre=(50.0, 60.0), radius=22.0)
    peaks = np.array([self_blend(small, points, np.random.default_rng(seed))[2].max() for seed in range(300)])
    nearest = np.array((0.25, 0.5, 0.75, 1.0))[np.abs(peaks[:, None] - (0.25, 0.5, 0.75, 1.0)).argmin(axis=1)]
    assert np.abs(peaks - nearest).max() < 0.05
    assert (nearest == 1).mean() == pytest.approx(0.5, abs=0.1)
    assert nearest.mean() == pytest.approx(0.75, abs=0.05)


def test_soft_masks_have_the_published_statistics_on_an_ellipse():
    rows, columns = np.mgrid[:256, :256]
    ellipse = (((rows - 128) / 98) ** 2 + ((columns - 128) / 71) ** 2 <= 1).astype(np.float32)
    masks = [soften(ellipse, np.random.default_rng(seed)) for seed in range(200)]
    hull = ellipse.sum()
    half = np.percentile([(mask > 0.5).sum() / hull for mask in masks], (5, 50, 95))
    band = np.percentile([((mask > 0.05) & (mask < 0.95)).sum() / hull for mask in masks], (5, 50, 95))
    opaque = np.percentile([(mask >= 0.99).sum() / hull for mask in masks], (5, 50, 95))
    assert half == pytest.approx((0.60, 0.75, 0.92), abs=0.05)
    assert band == pytest.approx((0.12, 0.33, 0.56), abs=0.06)
    assert opaque == pytest.approx((0.36, 0.54, 0.76), abs=0.06)


def test_an_empty_mask_stays_empty_and_finite():
    assert not soften(np.zeros((100, 120), np.float32), np.random.default_rng(0)).any()


def test_the_elastic_field_moves_borders_by_a_few_pixels_only():
    mask = np.zeros((200, 200), np.float32)
    mask[60:140, 60:140] = 1
    moved = warp_elastically(mask, np.random.default_rng(0))
    assert 0 < (np.abs(moved - mask) > 0.5).sum() < 4 * 80 * 8
    assert moved[80:120, 80:120].min() == 1
    assert moved[:40].max() == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_every_hull_covers_the_nose_and_stays_near_the_face(family):
    points = face()
    mask = draw_hull(points, family, 340, 320)
    x, y = np.rint(points[30]).astype(int)
    assert mask[y, x] == 1
    assert set(np.unique(mask)) == {0, 1}
    low, high = points.min(axis=0) - 12, points.max(axis=0) + 12
    rows, columns = np.nonzero(mask)
    assert columns.min() >= low[0] and columns.max() <= high[0]
    assert rows.min() >= low[1] - 12 and rows.max() <= high[1]


def test_raised_brows_make_the_hull_taller():
    points = face()
    tops = [np.nonzero(draw_hull(points, family, 340, 320))[0].min() for family in ("components", "extended")]
    assert tops[1] < tops[0]


def test_mirroring_the_points_twice_gives_them_back_and_swaps_left_with_right():
    assert sorted(_MIRROR) == list(range(68))
    assert np.array_equal(_MIRROR[_MIRROR], np.arange(68))
    points = face(centre=(0, 0))
    mirrored = points[_MIRROR] * (-1, 1)
    assert mirrored == pytest.approx(points, abs=1e-9)


def test_a_face_at_the_border_of_the_picture_still_blends():
    points = face(centre=(62.0, 60.0))
    genuine, fake, _ = self_blend(picture(), points, np.random.default_rng(0))
    assert genuine.shape == fake.shape


@pytest.mark.parametrize(
    ("image", "points", "message"),
    [
        (picture(), face()[:60], "68"),
        (picture(), face() * np.nan, "68 finite"),
        (picture(), np.ones((68, 2)) * 50, "span"),
        (picture(), face(centre=(2000, 2000)), "outside"),
        (picture().astype(float), face(), "uint8"),
    ],
)
def test_a_picture_without_a_usable_face_is_refused(image, points, message):
    with pytest.raises(BlendError, match=message):
        self_blend(image, points, np.random.default_rng(0))


@pytest.mark.slow
def test_the_forehead_enters_the_mask_in_three_of_sixteen_blends(monkeypatch):
    drawn = []

    def note(points, family, height, width):
        drawn.append((len(points), family))
        return np.zeros((height, width), np.float32)

    monkeypatch.setattr(blending, "draw_hull", note)
    points, small = with_forehead(face(centre=(50.0, 80.0), radius=22.0)), picture()[:140, :100]
    for seed in range(400):
        self_blend(small, points, np.random.default_rng(seed))
    with_it = np.mean([count == 81 and family == "whole" for count, family in drawn])
    assert with_it == pytest.approx(3 / 16, abs=0.05)
    assert [np.mean([each == family for _, each in drawn]) for family in FAMILIES] == pytest.approx(
        [0.25] * 4, abs=0.06
    )


def test_a_forehead_widens_the_whole_hull_alone():
    points = face()
    for family in FAMILIES:
        plain, more = (draw_hull(each, family, 340, 320) for each in (points, with_forehead(points)))
        assert (more >= plain).all()
        assert np.array_equal(more, plain) == (family != "whole")


def test_the_box_of_a_blend_is_that_of_its_face_mirrored_or_not():
    points = face(centre=(120.0, 170.0))
    for seed in range(8):
        blend = blend_face(picture(), points, np.random.default_rng(seed))
        left, top, right, bottom = blend.box
        assert (right - left, bottom - top) == pytest.approx(tuple(np.ptp(points, axis=0)))
        assert 0 <= left < right <= blend.genuine.shape[1]
        assert 0 <= top < bottom <= blend.genuine.shape[0]


def test_brightness_changes_at_the_end_in_three_of_ten_pairs_and_alike_in_both(monkeypatch):
    monkeypatch.setattr(blending, "_tint", lambda rng: lambda image: image)
    monkeypatch.setattr(blending, "jpeg_roundtrip", lambda image, quality: image)
    grey = np.full((8, 8, 3), 128, np.uint8)
    finished = [blending._finish((grey, grey), np.random.default_rng(seed)) for seed in range(600)]
    assert np.mean([not np.array_equal(first, grey) for first, _ in finished]) == pytest.approx(0.3, abs=0.06)
    assert all(np.array_equal(first, second) for first, second in finished)
