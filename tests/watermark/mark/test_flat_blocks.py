from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import scipy.fft
from PIL import Image

from watermark.mark.flat_blocks import BLOCK, draw_cosines


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return noise of unit power in the ring of frequencies that marks use, 4 to 22 cycles in 128 pixels."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).normal(size=(height, width)))
    radius = 128 * np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    picture = np.fft.irfft2(spectrum * ((radius >= 4) & (radius <= 22)), s=(height, width))
    return np.asarray(picture / picture.std(), dtype=np.float32)


def one_cosine_each(pattern: np.ndarray) -> np.ndarray:
    """Return the pattern of a picture that is flat everywhere."""
    drawn = pattern.copy()
    draw_cosines(drawn, np.ones((drawn.shape[0] // BLOCK, drawn.shape[1] // BLOCK), dtype=np.float32))
    return drawn


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def test_every_block_shows_one_cosine_at_unit_power() -> None:
    drawn = one_cosine_each(noise(64, 96))
    blocks = drawn.reshape(4, BLOCK, 6, BLOCK).transpose(0, 2, 1, 3)
    for block in blocks.reshape(-1, BLOCK, BLOCK):
        coefficients = np.abs(scipy.fft.dctn(block, norm="ortho"))
        assert np.count_nonzero(coefficients > 1e-3) == 1
        assert coefficients[0, 0] < 1e-3
        assert np.sqrt(np.mean(block**2)) == pytest.approx(1, abs=1e-4)


def test_repeats_of_a_tile_sum_up_to_the_tile() -> None:
    tile = noise(128, 128, 1)
    whole = one_cosine_each(np.tile(tile, (4, 4)))
    summed = whole.reshape(4, 128, 4, 128).sum((0, 2))
    low = scipy.fft.dctn(tile.reshape(8, BLOCK, 8, BLOCK), axes=(1, 3), norm="ortho")
    low[:, 4:], low[:, :, :, 4:] = 0, 0
    low[:, 0, :, 0] = 0
    kept = scipy.fft.idctn(low, axes=(1, 3), norm="ortho").reshape(128, 128)
    assert agreement(summed, kept) > 0.7
    assert agreement(whole[:128, :128], kept) < 0.5


def test_it_follows_the_sign_of_the_pattern() -> None:
    pattern = noise(64, 64, 2)
    np.testing.assert_array_equal(one_cosine_each(-pattern), -one_cosine_each(pattern))


def test_strips_show_what_the_whole_picture_shows() -> None:
    pattern = noise(96, 64, 3)
    whole, strips = one_cosine_each(pattern), pattern.copy()
    for first, count in ((0, 2), (2, 1), (3, 3)):
        rows = slice(first * BLOCK, (first + count) * BLOCK)
        draw_cosines(strips[rows], np.ones((count, 4), dtype=np.float32), first)
    np.testing.assert_allclose(strips, whole, atol=1e-5)


def test_busy_blocks_keep_the_pattern_and_others_are_mixed() -> None:
    pattern = noise(32, 48, 3)
    flatness = np.array([[0, 1, 0.25], [1, 0, 0]], dtype=np.float32)
    mixed, flat = pattern.copy(), one_cosine_each(pattern)
    draw_cosines(mixed, flatness)
    part = np.kron(flatness, np.ones((BLOCK, BLOCK)))
    np.testing.assert_allclose(mixed, part * flat + (1 - part) * pattern, atol=1e-5)


def test_an_empty_pattern_stays_empty() -> None:
    assert not one_cosine_each(np.zeros((64, 64), dtype=np.float32)).any()


def webp(levels: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(np.repeat(levels[..., None], 3, axis=2)).save(buffer, "WEBP", quality=50)
    return np.asarray(Image.open(buffer).convert("L"), dtype=np.float32)


def halved_jpeg(levels: np.ndarray) -> np.ndarray:
    half = cv2.resize(levels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    coded = cv2.imdecode(cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_GRAYSCALE)
    return np.asarray(cv2.resize(coded, levels.shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


@pytest.mark.parametrize("coder", [webp, halved_jpeg])
def test_coders_keep_some_of_it_where_they_wipe_out_the_pattern(coder) -> None:
    pattern = noise(512, 512, 4)

    def kept(change: np.ndarray) -> float:
        levels = np.clip(np.rint(150 + 0.9 * change), 0, 255).astype(np.uint8)
        left = coder(levels)
        return float(((left - left.mean()) * pattern).sum() / (pattern * pattern).sum())

    assert kept(one_cosine_each(pattern)) > 10 * abs(kept(pattern))
    assert kept(one_cosine_each(pattern)) > 0.07
