"""Find all pairs of 256-bit hashes that differ in few bits, without comparing each with each.

A hash is dealt into 18 bands. Two hashes that differ in at most 16 bits agree in at least two whole bands (pigeonhole),
so every pair is found among those that agree in one of the 153 pairs of bands, which sorting brings together
(multi-index hashing: Norouzi, Punjani and Fleet 2012). Nothing is missed. Bits are dealt in turn, because neighbours
are alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

BITS = 256
MOST_BITS = 16
"""Bits that may differ."""

_BANDS = MOST_BITS + 2
_BLOCK = 1 << 20
"""Pairs that are compared at once."""


def near_pairs(first: Hashes, second: Hashes) -> Iterator[tuple[int, int, int]]:
    """Find every hash of one list that is near one of another.

    Args:
        first: (N, 4) hashes.
        second: (M, 4) hashes.

    Yields:
        Row of the one, row of the other, and in how many bits they differ; in the order of the rows.
    """
    found = _by_bands(first, second)
    if found is None:
        found = _one_by_one(first, second)
    if len(found):
        rows, columns = np.divmod(np.unique(found), len(second))
        apart = _apart(first[rows], second[columns])
        yield from zip(rows.tolist(), columns.tolist(), apart.tolist(), strict=True)


def _by_bands(first: Hashes, second: Hashes) -> NDArray[np.intp] | None:
    """Give near pairs as row * M + column, some repeatedly; None where the bands sort out too little to be worth it."""
    here, there = _bands(first), _bands(second)
    budget = len(first) * len(second)
    found: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    for one, other in combinations(range(_BANDS), 2):
        keys = there[:, one] << np.uint32(16) | there[:, other]
        wanted = here[:, one] << np.uint32(16) | here[:, other]
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        begin, end = (np.searchsorted(ordered, wanted, side) for side in ("left", "right"))
        counts = end - begin
        budget -= int(counts.sum())
        if budget < 0:
            return None
        rows = np.flatnonzero(counts)
        found += list(_near_among(rows, begin[rows], counts[rows], order, first, second))
    return np.concatenate(found)


def _near_among(
    rows: NDArray[np.intp],
    begin: NDArray[np.intp],
    counts: NDArray[np.intp],
    order: NDArray[np.intp],
    first: Hashes,
    second: Hashes,
) -> Iterator[NDArray[np.intp]]:
    """Compare each row with the stretch of `order` that agrees with it, a block of pairs at a time."""
    ends = np.cumsum(counts)
    for start in range(0, int(ends[-1]) if len(ends) else 0, _BLOCK):
        pair = np.arange(start, min(start + _BLOCK, int(ends[-1])))
        place = np.searchsorted(ends, pair, "right")
        row = rows[place]
        column = order[begin[place] + pair - (ends[place] - counts[place])]
        near = _apart(first[row], second[column]) <= MOST_BITS
        yield row[near] * len(second) + column[near]


def _one_by_one(first: Hashes, second: Hashes) -> NDArray[np.intp]:
    step = max(1, _BLOCK // max(len(second), 1))
    found: list[NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    for start in range(0, len(first), step):
        apart = _apart(first[start : start + step, None], second[None])
        rows, columns = np.nonzero(apart <= MOST_BITS)
        found.append((start + rows) * len(second) + columns)
    return np.concatenate(found)


def _apart(one: Hashes, other: Hashes) -> NDArray[np.int64]:
    return np.asarray(np.bitwise_count(one ^ other).sum(-1, dtype=np.int64))


def _bands(hashes: Hashes) -> NDArray[np.uint32]:
    """Deal the bits of each hash in turn to the bands; (N, 18), up to 15 bits each."""
    bits = np.unpackbits(np.ascontiguousarray(hashes).view(np.uint8).reshape(len(hashes), BITS // 8), axis=1)
    bands = np.zeros((len(hashes), _BANDS), dtype=np.uint32)
    for bit in range(BITS):
        band = bit % _BANDS
        bands[:, band] = bands[:, band] << np.uint32(1) | bits[:, bit]
    return bands
