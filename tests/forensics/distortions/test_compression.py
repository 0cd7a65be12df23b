"""Compression of stills and of video."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.distortions import distort
from forensics.distortions.stills import GRID_SHIFT
from forensics.distortions.video import transcode
from forensics.errors import InputError

VIDEO = ("h264", "h265:crf", "av1:crf")


def textured(frames=3, height=160, width=224):
    rng = np.random.default_rng(0)
    smooth = cv2.resize(rng.uniform(0, 255, (7, 11, 3)).astype(np.float32), (width, height))
    return (smooth + rng.normal(0, 8, (frames, height, width, 3))).clip(0, 255).astype(np.uint8)


def blockiness(frame, offset):
    """Mean step across the columns of a grid of eight pixels, over the mean step anywhere."""
    steps = np.abs(np.diff(frame.astype(float).mean(axis=2), axis=1))
    return steps[:, offset - 1 :: 8].mean() / steps.mean()


@pytest.mark.parametrize("name", ["jpeg", "webp", *VIDEO])
def test_codecs_keep_red_red(name):
    red = np.zeros((2, 32, 32, 3), np.uint8)
    red[..., 0] = 200
    changed = distort(red, name, 1, np.random.default_rng(0))
    assert changed[..., 0].mean() > 180
    assert changed[..., 2].mean() < 25


@pytest.mark.parametrize("name", VIDEO)
@pytest.mark.parametrize("size", [(33, 47), (32, 47), (5, 4)])
def test_video_of_odd_or_tiny_size_comes_back_at_its_size(name, size):
    frames = textured(4, *size)
    changed = distort(frames, name, 1, np.random.default_rng(0))
    assert changed.shape == frames.shape
    assert np.abs(changed.astype(int) - frames).mean() < 60


@pytest.mark.parametrize("name", VIDEO)
def test_video_compression_keeps_frames_in_their_order(name):
    frames = np.stack([np.full((32, 32, 3), level, np.uint8) for level in (20, 220, 60, 180, 100)])
    means = distort(frames, name, 1, np.random.default_rng(0)).mean(axis=(1, 2, 3))
    assert means == pytest.approx([20, 220, 60, 180, 100], abs=6)


def test_an_absent_encoder_is_named():
    with pytest.raises(InputError, match="no encoder libnothing"):
        transcode(textured(), "libnothing", {})


def test_jpeg_leaves_its_grid_and_double_jpeg_a_second_one_elsewhere():
    frames = textured(1)
    single, double = (distort(frames, name, 6, np.random.default_rng(0))[0] for name in ("jpeg:single", "jpeg:double"))
    aligned, shifted = 8, 8 - GRID_SHIFT
    assert blockiness(single, aligned) > 1.3 > 1.1 > blockiness(single, shifted)
    assert blockiness(double, shifted) > 1.3 > 1.1 > blockiness(double, aligned)


def test_jpeg_is_what_another_decoder_reads_at_that_quality():
    frame = textured(1)[0]
    _, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])
    seen = np.asarray(Image.open(BytesIO(data.tobytes())).convert("RGB")).astype(int)
    assert np.abs(distort(frame[None], "jpeg", 2, np.random.default_rng(0))[0] - seen).max() <= 3
