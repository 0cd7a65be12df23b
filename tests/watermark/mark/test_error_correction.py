from __future__ import annotations

import itertools

import numpy as np
import pytest

from watermark.mark.error_correction import CODE_BITS, MESSAGE_BITS, decode, encode, message_places


def messages(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (count, MESSAGE_BITS), dtype=np.uint8)


def test_encoding_is_the_textbook_matrix_product() -> None:
    kernel = np.array([[1, 0], [1, 1]], dtype=np.uint8)
    matrix = np.ones((1, 1), dtype=np.uint8)
    for _ in range(10):
        matrix = np.kron(matrix, kernel)
    rows = matrix[message_places()]
    for message in messages(20):
        np.testing.assert_array_equal(encode(message), message @ rows % 2)


def test_message_places_are_those_of_the_largest_polarisation_weight() -> None:
    weight = {place: sum(2 ** (j / 4) for j in range(10) if place >> j & 1) for place in range(CODE_BITS)}
    chosen = set(message_places().tolist())
    assert len(chosen) == MESSAGE_BITS
    assert min(weight[place] for place in chosen) > max(weight[place] for place in set(weight) - chosen)


def test_code_words_differ_in_at_least_a_sixteenth_of_their_bits() -> None:
    weights = [int(encode(a ^ b).sum()) for a, b in itertools.pairwise(messages(400, 1))]
    weights += [int(encode(row).sum()) for row in np.eye(MESSAGE_BITS, dtype=np.uint8)]
    assert min(weights) >= CODE_BITS // 16


@pytest.mark.parametrize("size", [1, 2, 32])
def test_clean_words_are_decoded_whatever_their_scale(size: int) -> None:
    for message, scale in zip(messages(12, 2), itertools.cycle((1e-3, 1.0, 1e4))):
        found = decode(scale * (2.0 * encode(message) - 1), size)
        assert len(found) <= size
        np.testing.assert_array_equal(found[0], message)


def test_erased_bits_are_filled_in() -> None:
    rng = np.random.default_rng(3)
    for message in messages(10, 3):
        soft = 2.0 * encode(message) - 1
        soft[rng.choice(CODE_BITS, 3 * CODE_BITS // 4, replace=False)] = 0
        np.testing.assert_array_equal(decode(soft, 32)[0], message)


def noisy(message: np.ndarray, amplitude: float, rng: np.random.Generator) -> np.ndarray:
    return amplitude * (2.0 * encode(message) - 1) + rng.normal(size=CODE_BITS)


def test_a_signal_nine_decibels_under_the_noise_is_read_nearly_always() -> None:
    rng = np.random.default_rng(4)
    words = messages(60, 4)
    found = [decode(noisy(message, 10 ** (-9 / 20), rng), 32) for message in words]
    among = sum(bool((got == message).all(1).any()) for got, message in zip(found, words, strict=True))
    assert among >= 54


def test_a_longer_list_holds_more_of_the_words() -> None:
    rng = np.random.default_rng(5)
    words = messages(60, 5)
    soft = [noisy(message, 10 ** (-9.5 / 20), rng) for message in words]
    held = {
        size: sum(bool((decode(s, size) == m).all(1).any()) for s, m in zip(soft, words, strict=True))
        for size in (1, 8, 32)
    }
    assert held[1] < held[8] <= held[32]


def test_the_list_is_ordered_by_agreement_and_holds_no_word_twice() -> None:
    rng = np.random.default_rng(6)
    soft = noisy(messages(1, 6)[0], 0.3, rng)
    found = decode(soft, 16)
    agreements = [float(soft @ (2.0 * encode(message) - 1)) for message in found]
    assert agreements == sorted(agreements, reverse=True)
    assert len({message.tobytes() for message in found}) == len(found) == 16


def test_the_first_of_the_list_agrees_better_than_its_neighbours() -> None:
    rng = np.random.default_rng(7)
    for message in messages(5, 7):
        soft = noisy(message, 0.45, rng)
        best = decode(soft, 32)[0]
        agreement = soft @ (2.0 * encode(best) - 1)
        for place in range(MESSAGE_BITS):
            other = best.copy()
            other[place] ^= 1
            assert soft @ (2.0 * encode(other) - 1) <= agreement


def test_a_blank_signal_decodes_to_something() -> None:
    assert decode(np.zeros(CODE_BITS), 8).shape[1] == MESSAGE_BITS
