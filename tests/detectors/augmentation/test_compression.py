"""Test compression in memory."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import TrainingError
from detectors.augmentation.compression import h264_roundtrip, jpeg_roundtrip


def smooth(count=1, height=33, width=47):
    rows, columns = np.mgrid[:height, :width]
    frames = [np.stack((rows * 5, columns * 4, rows + columns + 9 * number), 2) for number in range(count)]
    return np.stack(frames).astype(np.uint8)


def apart(first, second):
    return float(np.abs(first.astype(int) - second).mean())


def test_jpeg_keeps_red_red():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    back = jpeg_roundtrip(red, 95)
    assert back[..., 0].mean() > 190
    assert back[..., 2].mean() < 10


@pytest.mark.parametrize("count", [1, 4])
def test_h264_gives_every_frame_back_in_order_colour_and_odd_size(count):
    frames = smooth(count)
    back = h264_roundtrip(frames, 10)
    assert back.shape == frames.shape
    assert back.dtype == np.uint8
    for number in range(count):
        assert min(range(count), key=lambda other: apart(back[number], frames[other])) == number
    assert apart(back, frames) < 4


def test_a_higher_rate_factor_loses_more_and_the_same_gives_the_same():
    noise = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    losses = [apart(h264_roundtrip(noise, crf), noise) for crf in (15, 28, 45)]
    assert losses == sorted(losses) and losses[0] < losses[2]
    assert np.array_equal(h264_roundtrip(noise, 28), h264_roundtrip(noise, 28))


def test_without_the_encoder_it_is_said_in_one_line(monkeypatch):
    import av

    def missing(*_):
        raise av.error.EncoderNotFoundError(1, "libx264")

    monkeypatch.setattr(av.CodecContext, "create", missing, raising=False)
    with pytest.raises(TrainingError, match=r"H\.264"):
        h264_roundtrip(smooth(), 23)
