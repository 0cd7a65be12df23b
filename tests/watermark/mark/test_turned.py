"""Marks in pictures that were turned by quarters or mirrored, and how the chance of a false reading is shared out."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from watermark import Payload, PayloadKind, mark, read_mark
from watermark.mark.correlation import canonical_size, folded_spectrum, turned
from watermark.mark.read import _KINDS, FALSE_POSITIVE_RATE, Reader
from watermark.mark.tile import fold, grey, spectrum_of
from watermark.mark.views import inner_part, views

ORIENTATIONS = [(mirrored, quarters) for mirrored in (False, True) for quarters in range(4)]
NAMES = [f"{'mirrored, ' if mirrored else ''}{90 * quarters}" for mirrored, quarters in ORIENTATIONS]


def orient(pixels: np.ndarray, mirrored: bool, quarters: int) -> np.ndarray:
    rows, columns = pixels.ndim - 3, pixels.ndim - 2
    flipped = np.flip(pixels, columns) if mirrored else pixels
    return np.ascontiguousarray(np.rot90(flipped, quarters, (rows, columns)))


@pytest.fixture(scope="module")
def marked_pictures(pictures, large_picture, key):
    wide = np.ascontiguousarray(large_picture[:400, :512])
    kinds = {"large": large_picture, "wide": wide, "cat": pictures["cat"], "coffee": pictures["coffee"][:200]}
    payload = Payload(0x123456789, PayloadKind.CAPTURED)
    return payload, {name: mark(pixels, payload, key) for name, pixels in kinds.items()}


@pytest.mark.parametrize(("mirrored", "quarters"), ORIENTATIONS, ids=NAMES)
def test_a_mark_is_read_in_every_orientation(marked_pictures, key, mirrored, quarters):
    payload, pictures = marked_pictures
    for name, pixels in pictures.items():
        reading = read_mark(orient(pixels, mirrored, quarters), key, search=0)
        assert (reading.id, reading.kind) == (payload.hex, payload.kind), name


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_crop_and_a_turned_clip_are_read(marked_pictures, clip, key, quarters):
    payload, pictures = marked_pictures
    assert read_mark(orient(pictures["large"], False, quarters)[37:, 51:], key, search=0).id == payload.hex
    frames = orient(mark(clip, payload, key), False, quarters)
    assert read_mark(frames, key, search=0).id == payload.hex


def test_a_picture_turned_by_a_quarter_and_a_little_more_is_read(marked_pictures, key):
    payload, pictures = marked_pictures
    pixels = orient(pictures["wide"], False, 1)
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1)
    leaning = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    assert read_mark(np.asarray(leaning, np.uint8), key, search=1).id == payload.hex


@pytest.mark.parametrize("shape", [(200, 300), (256, 384), (131, 517)])
def test_folding_and_turning_is_turning_and_folding(shape):
    """The folded tile is turned with its place in the picture; the reference turns the picture itself."""
    picture = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = turned(spectrum_of(fold(picture)), shape)
    flips = [picture[:, ::-1], picture[::-1], picture[::-1, ::-1]]
    upright = picture.T
    wanted = [*flips, upright, upright[:, ::-1], upright[::-1], upright[::-1, ::-1]]
    for one, other in zip(found, wanted, strict=True):
        assert np.allclose(one, spectrum_of(fold(np.ascontiguousarray(other))), atol=0.02)


def test_whitening_does_not_depend_on_the_orientation(large_picture):
    luma = grey(large_picture)[:400]
    scale = 128 / 100
    spectrum = folded_spectrum([luma], scale)
    of_turned = folded_spectrum([np.ascontiguousarray(luma[::-1].T)], scale)
    found = turned(of_turned, canonical_size(*luma.T.shape, scale))
    assert min(float(np.abs(one - spectrum).max()) for one in found) < 0.02 * float(np.abs(spectrum).max())


def test_the_shares_of_all_views_of_a_reading_sum_to_no_more_than_one(pictures, clip):
    """The chance of a false reading in any view is at most the rate: each view counts with the inverse of its share."""
    bordered = np.pad(clip[:2, :200], ((0, 0), (20, 20), (9, 9), (0, 0)), constant_values=255)
    for lumas in ([grey(pictures["cat"])], [grey(frame) for frame in bordered]):
        found = list(views(lumas, 1))
        assert sum(1 / view.tests for view in found) <= 1 + 1e-9
    # A clip within a border that is not square is what has most views: the shares are spent to the last.
    assert sum(1 / view.tests for view in found) == pytest.approx(1)


def test_upright_views_lose_next_to_nothing_to_the_turned_ones(marked_pictures, key):
    """Compared with a search of upright views alone, the threshold of z rises by less than a five-hundredth."""
    _, pictures = marked_pictures
    first = next(views([grey(pictures["wide"])], 0))
    reader = Reader(key)
    assert reader.look(first)
    limits = [_threshold(2 * count * 64) for count in (11, first.tests)]
    assert limits[1] - limits[0] < 0.002


def _threshold(tests: float) -> float:
    """Return the z at which the bound without a payload reaches the false-positive rate."""
    low, high = 0.0, 20.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if tests * math.erfc(middle / math.sqrt(2)) / 2 > FALSE_POSITIVE_RATE:
            low = middle
        else:
            high = middle
    return high


def test_unmarked_pictures_read_as_unmarked_in_every_orientation(pictures, key):
    for name in ("face", "smooth"):
        assert not read_mark(pictures[name], key).present, name


@pytest.mark.parametrize("tone", [255, 0, 90])
def test_a_picture_within_a_plain_border_is_read(marked_pictures, key, tone):
    payload, pictures = marked_pictures
    for name in ("wide", "cat"):
        height, width = pictures[name].shape[:2]
        framed = np.full((width + 61, width + 90, 3), tone, np.uint8)
        framed[40 : 40 + height, 37 : 37 + width] = pictures[name]
        assert read_mark(framed, key, search=0).id == payload.hex, name


def test_a_border_is_found_exactly_and_never_in_a_plain_picture(large_picture):
    luma = grey(large_picture)
    framed = np.full((700, 600), 255, np.uint8)
    framed[100:612, 50:562] = luma
    assert inner_part(framed) == (slice(100, 612), slice(50, 562))
    assert inner_part(luma) is None
    assert inner_part(np.full((300, 300), 9, np.uint8)) is None
    tiny = np.full((300, 300), 255, np.uint8)
    tiny[100:150, 100:150] = luma[:50, :50]
    assert inner_part(tiny) is None


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_tall_part_of_a_wide_picture_is_read(large_picture, key, mirrored):
    wide = np.ascontiguousarray(large_picture[100:388])  # 512 × 288 pixels, as 16:9
    payload = Payload(0xABCDEF, PayloadKind.EDITED)
    frames = np.stack([mark(wide, payload, key)] * 3)[:, :, 163:325]
    assert frames.shape[1:3] == (288, 162)
    assert read_mark(frames[:, :, ::-1].copy() if mirrored else frames, key, search=0).id == payload.hex


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [-38, 21])
def test_a_picture_that_leans_far_is_read_by_the_thorough_search(marked_pictures, key, degrees):
    payload, pictures = marked_pictures
    matrix = cv2.getRotationMatrix2D((255.5, 255.5), degrees, 1)
    leaning = np.asarray(cv2.warpAffine(pictures["large"], matrix, (512, 512), flags=cv2.INTER_CUBIC), np.uint8)
    assert read_mark(leaning, key, search=1).id is None
    assert read_mark(leaning, key, search=2).id == payload.hex


@pytest.mark.slow
@pytest.mark.parametrize("matrix", [[[1, 0.08, -20], [0, 1, 0]], [[1, 0, 0], [-0.08, 1, 20]]])
def test_a_sheared_picture_is_read_by_the_thorough_search(marked_pictures, key, matrix):
    payload, pictures = marked_pictures
    sheared = cv2.warpAffine(pictures["large"], np.array(matrix, float), (512, 512), flags=cv2.INTER_CUBIC)
    assert read_mark(np.asarray(sheared, np.uint8), key, search=2).id == payload.hex


def test_the_shares_of_all_kinds_sum_to_one():
    assert set(_KINDS) == set(PayloadKind)
    assert sum(1 / count for count in _KINDS.values()) == pytest.approx(1)
