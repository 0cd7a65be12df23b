from __future__ import annotations

import math

import numpy as np
import pytest

from watermark import mark, read_mark
from watermark.mark.correlation import bit_values, folded_spectrum
from watermark.mark.error_correction import CODE_BITS, MESSAGE_BITS, encode
from watermark.mark.payload import frame_payload
from watermark.mark.tile import carriers_of, luminance, slot_of, whole_scales


def random_word(rng: np.random.Generator) -> np.ndarray:
    return np.where(encode(rng.integers(0, 2, MESSAGE_BITS, dtype=np.uint8)) == 1, 1.0, -1.0)


@pytest.mark.slow
def test_an_unmarked_picture_shows_no_code_word_beyond_the_bound(large_picture) -> None:
    """Over 400 keys the sum of the values with a code word's signs stays below exp(-x²/2), with unit variance."""
    rng = np.random.default_rng(0)
    spectrum = folded_spectrum([luminance(large_picture)], 1.0)
    word = random_word(rng)
    sums = np.array([bit_values(spectrum, carriers_of(rng.bytes(32)), (3, 5)) @ word for _ in range(400)])
    assert abs(sums.mean()) < 0.2
    assert 0.85 < sums.std() < 1.15
    for level in (1.5, 2.0, 2.5):
        assert np.mean(sums > level) <= math.exp(-(level**2) / 2)
    assert sums.max() < 4.5


def test_a_marked_picture_shows_its_own_code_word_alone(large_picture, key, payload) -> None:
    marked = luminance(mark(large_picture, payload, key))
    carriers = carriers_of(key)
    row, column = carriers.slots[slot_of(payload.id, key)].tolist()
    spectrum = folded_spectrum([marked], whole_scales(*marked.shape)[0])
    values = bit_values(spectrum, carriers, (row, column))
    assert values.shape == (CODE_BITS,)
    word = np.where(encode(frame_payload(payload, key)) == 1, 1.0, -1.0)
    assert values @ word > 20
    others = [abs(values @ random_word(np.random.default_rng(i))) for i in range(50)]
    assert max(others) < values @ word / 3


def test_certainty_falls_with_the_strength_of_the_mark(large_picture, key, payload) -> None:
    marked = mark(large_picture, payload, key)
    change = marked.astype(float) - large_picture
    readings = [
        read_mark(np.clip(np.rint(large_picture + part * change), 0, 255).astype(np.uint8), key, search=0)
        for part in (1.0, 0.5, 0.0)
    ]
    assert [reading.id for reading in readings] == [payload.hex, payload.hex, None]
    assert readings[0].p_value < readings[1].p_value <= 1e-6 < readings[2].p_value
