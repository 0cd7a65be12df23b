"""Distortions of clips."""

import numpy as np
import pytest

from forensics.distortions import DISTORTIONS, distort, find_distortion
from forensics.errors import InputError


def clip(frames=3, height=48, width=64):
    rows, columns = np.mgrid[:height, :width]
    base = np.stack((rows * 3, columns * 3, 255 - rows - columns), 2).astype(float)
    grain = np.random.default_rng(0).normal(0, 12, (frames, height, width, 3))
    return (base + grain).clip(0, 255).astype(np.uint8)


def harm(name, severity, frames):
    changed = distort(frames, name, severity, np.random.default_rng(0))
    return np.abs(changed.astype(int) - frames).mean()


@pytest.mark.parametrize("spec", DISTORTIONS, ids=lambda spec: spec.name)
def test_a_distortion_keeps_the_shape_and_leaves_its_input_alone(spec):
    frames = clip()
    before = frames.copy()
    for severity in (1, 2, 3):
        changed = distort(frames, spec.name, severity, np.random.default_rng(0))
        assert changed.shape == frames.shape
        assert changed.dtype == np.uint8
        assert not np.array_equal(changed, frames)
    assert np.array_equal(frames, before)


@pytest.mark.parametrize("spec", DISTORTIONS, ids=lambda spec: spec.name)
def test_more_severity_does_more_harm(spec):
    harms = [harm(spec.name, severity, clip()) for severity in (1, 2, 3)]
    assert 0 < harms[0] < harms[1] < harms[2]


@pytest.mark.parametrize("spec", DISTORTIONS, ids=lambda spec: spec.name)
def test_equal_generators_distort_alike(spec):
    first, again = (distort(clip(), spec.name, 2, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize("name", ["jpeg", "webp", "h264"])
def test_codecs_keep_red_red(name):
    red = np.zeros((2, 32, 32, 3), np.uint8)
    red[..., 0] = 200
    changed = distort(red, name, 1, np.random.default_rng(0))
    assert changed[..., 0].mean() > 180
    assert changed[..., 2].mean() < 25


@pytest.mark.parametrize("size", [(33, 47), (32, 47), (2, 2)])
def test_video_of_odd_size_comes_back_at_its_size(size):
    frames = clip(4, *size)
    changed = distort(frames, "h264", 1, np.random.default_rng(0))
    assert changed.shape == frames.shape
    assert np.abs(changed.astype(int) - frames).mean() < 25


def test_video_compression_keeps_frames_in_their_order():
    frames = np.stack([np.full((32, 32, 3), level, np.uint8) for level in (20, 220, 60, 180, 100)])
    means = distort(frames, "h264", 1, np.random.default_rng(0)).mean(axis=(1, 2, 3))
    assert means == pytest.approx([20, 220, 60, 180, 100], abs=6)


def test_a_still_is_a_clip_of_one_frame():
    for spec in DISTORTIONS:
        assert distort(clip(1), spec.name, 1, np.random.default_rng(0)).shape == (1, 48, 64, 3)


def test_noise_has_the_stated_strength_and_follows_the_generator():
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    first, other = (distort(grey, "noise", 3, np.random.default_rng(seed)).astype(int) - 128 for seed in (0, 1))
    assert first.std() == pytest.approx(10, rel=0.05)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])


def test_gamma_keeps_black_and_white():
    ends = np.zeros((1, 8, 8, 3), np.uint8)
    ends[:, 4:] = 255
    assert np.array_equal(distort(ends, "gamma", 3, np.random.default_rng(0)), ends)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="nearest: jpeg"):
        find_distortion("jpg")


@pytest.mark.parametrize(
    ("frames", "severity", "message"),
    [
        (clip(), 0, "severities"),
        (clip(), 4, "severities"),
        (clip()[0], 1, "frames"),
        (clip()[:0], 1, "frames"),
        (clip().astype(float), 1, "frames"),
    ],
)
def test_what_cannot_be_distorted_is_refused(frames, severity, message):
    with pytest.raises(InputError, match=message):
        distort(frames, "blur", severity, np.random.default_rng(0))
