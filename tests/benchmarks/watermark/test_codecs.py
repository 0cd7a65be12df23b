"""Test our own mark with the interface of the comparison."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from benchmarks.watermark.codecs import TileCodec
from watermark import MediaError, TooSmallError, WatermarkError

PICTURE = np.ascontiguousarray(skimage.data.chelsea()[:288, :288])
CODEC = TileCodec(bytes(range(32)))


def test_a_codec_reads_what_it_embeds_and_refuses_what_does_not_fit() -> None:
    before = PICTURE.copy()
    message = np.random.default_rng(3).integers(0, 2, CODEC.capacity, dtype=np.uint8)
    marked = CODEC.embed(PICTURE, message)
    assert marked.shape == PICTURE.shape
    assert marked.dtype == np.uint8
    assert np.array_equal(PICTURE, before)
    assert np.array_equal(CODEC.read(marked).message, message)
    with pytest.raises(WatermarkError, match=f"expected {CODEC.capacity} zeros and ones"):
        CODEC.embed(PICTURE, message[:-1])
    with pytest.raises(WatermarkError, match="zeros and ones"):
        CODEC.embed(PICTURE, message + np.uint8(2))
    with pytest.raises(TooSmallError, match=f"at least {CODEC.smallest_side} pixels"):
        CODEC.embed(PICTURE[: CODEC.smallest_side - 1], message)
    with pytest.raises(MediaError, match="expected uint8 RGB"):
        CODEC.embed(PICTURE.astype(np.float32), message)


def test_an_unmarked_picture_carries_no_message() -> None:
    reading = CODEC.read(PICTURE)
    assert reading.message is None
    assert reading.p_value is not None and reading.p_value > 1e-6
