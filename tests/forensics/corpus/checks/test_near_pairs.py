"""Pairs of near hashes: the same as a comparison of each with each finds, whatever the hashes are like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.corpus.checks.near_pairs import BITS, MOST_BITS, near_pairs


def hashes(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 2**64, (count, 4), dtype=np.uint64)


def flipped(hashed: np.ndarray, bits: np.ndarray) -> np.ndarray:
    unpacked = np.unpackbits(hashed.view(np.uint8))
    unpacked[bits] ^= 1
    return np.packbits(unpacked).view(np.uint64)


def compared(first: np.ndarray, second: np.ndarray) -> list[tuple[int, int, int]]:
    """Compare each with each."""
    apart = (
        (row, column, distance(one, other)) for row, one in enumerate(first) for column, other in enumerate(second)
    )
    return [found for found in apart if found[2] <= MOST_BITS]


def distance(one: np.ndarray, other: np.ndarray) -> int:
    return sum(bin(int(a) ^ int(b)).count("1") for a, b in zip(one, other, strict=True))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.integers(0, 30), st.integers(0, 40))
def test_what_is_found_is_what_a_comparison_of_each_with_each_finds(seed: int, n: int, m: int, change: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = hashes(rng, n), hashes(rng, m)
    for row in range(min(n, m)):
        second[row] = flipped(first[row], rng.choice(BITS, rng.integers(change + 1), replace=False))
    assert list(near_pairs(first, second)) == compared(first, second)


@pytest.mark.parametrize("apart", [0, 1, MOST_BITS, MOST_BITS + 1])
def test_the_bound_is_met_wherever_the_bits_lie(apart: int) -> None:
    rng = np.random.default_rng(apart)
    first = hashes(rng, 300)
    second = np.stack([flipped(one, rng.choice(BITS, apart, replace=False)) for one in first])
    found = [(row, column) for row, column, _ in near_pairs(first, second)]
    assert found == ([(row, row) for row in range(300)] if apart <= MOST_BITS else [])


def test_equal_hashes_are_all_found() -> None:
    same = np.zeros((60, 4), dtype=np.uint64)
    assert list(near_pairs(same, same)) == [(row, column, 0) for row in range(60) for column in range(60)]
