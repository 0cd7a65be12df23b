"""DeeperForensics-1.0's perturbations, against what its published code gives.

The checksums were made once by running `perturbation/distortions.py` of the published repository (commit 4f6ecff,
OpenCV 5.0.0, numpy 2.4) on `picture` in BGR, with `random.seed(7)` and `numpy.random.seed(7)`; they are the first 16
hex digits of the SHA-256 of the RGB bytes.
"""

import hashlib
import random

import numpy as np
import pytest

from forensics.distortions import distort, find_distortion, find_suite
from forensics.distortions.deeperforensics1 import (
    MIXED,
    TYPES,
    describe,
    draw,
    meta_line,
    noise_unclipped,
    put_blocks,
    put_noise,
)

GOLDEN = {
    "CS:1": "4c554855f82aaffd",
    "CS:2": "48aad8d4c372eba0",
    "CS:3": "2129c9868ece81f7",
    "CS:4": "94f0508feb61e93a",
    "CS:5": "6c5f7c1efa0dc9eb",
    "CC:1": "de24af1117dcbe04",
    "CC:2": "20b9c8a440bcbd7a",
    "CC:3": "a12cbb9fc0784f64",
    "CC:4": "efb9434ce2dcafa3",
    "CC:5": "cddcf350a8af6ed1",
    "BW:1": "b8768120c5066d8a",
    "BW:2": "78051a4b9abf8b4a",
    "BW:3": "4fa86b65e5d5cb9b",
    "BW:4": "492e5138c9c36861",
    "BW:5": "652c241a245803c2",
    "GNC:1": "d924cf21f2c377a2",
    "GNC:2": "7abcc849c1a57928",
    "GNC:3": "32b4c5ddaf72a473",
    "GNC:4": "189bcb959faafadf",
    "GNC:5": "5e7eeb12d04065ac",
    "GB:1": "f38573c2183fe206",
    "GB:2": "de81813974e1ce73",
    "GB:3": "93a2f1656c1d5f7d",
    "GB:4": "ff5253166aa2b0ea",
    "GB:5": "5a3ec965e9138e40",
    "JPEG:1": "0a76c33f11958da8",
    "JPEG:2": "b9626e139c07dec9",
    "JPEG:3": "28891a8dc68abe87",
    "JPEG:4": "1783902e157fe5cd",
    "JPEG:5": "93cf7e0df275f0e3",
}
GOLDEN_BLOCKS_512 = (
    "b6525305e6d34ed6",
    "52a20af7e307e057",
    "dc4c443b151a29c2",
    "3ad8d56f93fbf771",
    "0e8bb047352cd642",
)
DEVIATIONS = {
    0.001: (15.9, 11.9, 18.8),
    0.002: (22.5, 16.8, 26.6),
    0.005: (35.7, 26.6, 42.1),
    0.01: (50.4, 37.5, 59.3),
    0.05: (112.7, 83.7, 132.7),
}
"""Of R, G and B, by variance, measured on the published code."""


def picture(height=256, width=256):
    r, c = np.mgrid[:height, :width]
    return np.stack(((r * 7 + c * 3) % 256, (r * c // 5) % 256, (r * r + 11 * c) % 256), 2).astype(np.uint8)


def digest(frame):
    return hashlib.sha256(np.ascontiguousarray(frame).tobytes()).hexdigest()[:16]


def published_corners(height, width, count):
    """Draw the corners as the published code draws them."""
    source = random.Random(7)  # noqa: S311
    corners = [(source.randint(0, width - 9), source.randint(0, height - 9)) for _ in range(count)]
    return np.array(corners).reshape(-1, 2)


def ours(code, severity):
    one = find_distortion(f"deeperforensics1:{code}")
    level = one.level(severity)
    if code == "BW":
        return put_blocks(picture(), published_corners(256, 256, int(level)))
    if code == "GNC":
        return put_noise(picture(), level, np.random.RandomState(7).randn(256, 256, 3))
    return distort(picture()[None], one.name, severity, np.random.default_rng(0))[0]


@pytest.mark.parametrize("key", GOLDEN)
def test_every_level_gives_the_bytes_of_the_published_code(key):
    code, severity = key.split(":")
    assert digest(ours(code, int(severity))) == GOLDEN[key]


@pytest.mark.parametrize(("level", "golden"), [*zip((16, 32, 48, 64, 80), GOLDEN_BLOCKS_512, strict=True)])
def test_at_512_pixels_twice_the_blocks_are_drawn(level, golden):
    assert digest(put_blocks(picture(512, 600), published_corners(512, 600, 2 * level))) == golden


def test_the_levels_are_the_published_ones():
    assert {one.aliases[0].rpartition(":")[2]: one.levels for one in TYPES} == {
        "CS": (0.4, 0.3, 0.2, 0.1, 0.0),
        "CC": (0.85, 0.725, 0.6, 0.475, 0.35),
        "BW": (16, 32, 48, 64, 80),
        "GNC": (0.001, 0.002, 0.005, 0.01, 0.05),
        "GB": (7, 9, 13, 17, 21),
        "JPEG": (2, 3, 4, 5, 6),
        "VC": (30, 32, 35, 38, 40),
    }


@pytest.mark.parametrize("variance", DEVIATIONS)
def test_the_noise_is_as_strong_as_measured_on_the_published_code(variance):
    grey = np.full((600, 600, 3), 128, np.uint8)
    noise = noise_unclipped(grey, variance, np.random.default_rng(0).standard_normal(grey.shape))
    assert noise.std(axis=(0, 1)) == pytest.approx(DEVIATIONS[variance], rel=0.01)


@pytest.mark.parametrize(("size", "blocks"), [((255, 400), 0), ((256, 400), 16), ((512, 512), 32)])
def test_blocks_follow_whole_256_pixels_of_the_short_side(size, blocks):
    black = np.zeros((1, *size, 3), np.uint8)
    grey = (distort(black, "deeperforensics1:BW", 1, np.random.default_rng(1)) == 128).all(axis=3).sum()
    assert grey <= blocks * 64
    assert grey >= blocks * 48


def test_blocks_never_reach_the_last_row_and_column():
    black = np.zeros((40, 256, 256, 3), np.uint8)
    touched = distort(black, "deeperforensics1:BW", 5, np.random.default_rng(1)).any(axis=(0, 3))
    assert touched[:255, 0].any() and touched[0, :255].any()
    assert not touched[255].any() and not touched[:, 255].any()


def test_published_jpeg_is_blind_to_blocks_of_jpeg():
    flat = np.full((1, 64, 64, 3), (200, 30, 90), np.uint8)
    assert np.array_equal(distort(flat, "deeperforensics1:JPEG", 5, np.random.default_rng(0)), flat)


def test_published_contrast_darkens_and_keeps_black():
    assert ours("CC", 5).mean() == pytest.approx(0.35 * picture().mean(), abs=0.6)


def test_no_saturation_leaves_grey_of_the_same_brightness():
    grey = ours("CS", 5).astype(int)
    assert np.ptp(grey, axis=2).max() <= 1
    luma = picture() @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey.mean(axis=2) - luma).max() <= 1.5


def test_video_compression_grows_with_the_level():
    frames = np.stack([np.roll(picture(), shift, axis=1) for shift in range(4)])
    harm = [np.abs(distort(frames, "deeperforensics1:VC", level, np.random.default_rng(0)).astype(int) - frames).mean()
            for level in (1, 5)]  # fmt: skip
    assert 0 < harm[0] < harm[1]


def test_a_mixture_holds_different_types_and_its_record_says_which():
    rng = np.random.default_rng(3)
    recipes = [draw(4, rng) for _ in range(300)]
    assert all(len({step.name for step, _ in recipe}) == 4 for recipe in recipes)
    assert {severity for recipe in recipes for _, severity in recipe} == {1, 2, 3, 4, 5}
    first = [recipe[0][0].name for recipe in recipes]
    assert min(first.count(one.name) for one in TYPES) > 20


def test_the_record_of_a_mixture_leads_back_to_its_pixels():
    frames = picture()[None]
    told = MIXED.recipe(2, np.random.default_rng(11))
    changed = distort(frames, MIXED.name, 1, np.random.default_rng(11))
    rng = np.random.default_rng(11)
    recipe = draw(2, rng)
    assert describe(recipe) == told
    for step in told.split():
        code, severity = step.split(":")
        frames = distort(frames, f"deeperforensics1:{code}", int(severity), rng)
    assert np.array_equal(frames, changed)
    assert meta_line("a/b.mp4", recipe) == f"a/b.mp4 {told}"


def test_the_suite_names_its_quirks():
    notes = {one.aliases[0].rpartition(":")[2]: one.note for one in find_suite("deeperforensics1").distortions}
    assert "no JPEG" in notes["JPEG"]
    assert "256" in notes["BW"]
