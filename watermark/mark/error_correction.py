"""Encode and decode a polar code of length 1024 for 64 message bits, with list decoding.

Polar codes (Arıkan, "Channel polarization: a method for constructing capacity-achieving codes", IEEE Trans. Inf. Theory
55(7), 2009) transform 1024 equal channels into some that are nearly perfect and many that are useless. The message uses
the 64 best ones, by polarisation weight (He et al., "β-expansion: a theoretical framework for fast and recursive
construction of polar codes", GLOBECOM 2017); the others are frozen to zero.

Decoding follows Tal & Vardy, "List decoding of polar codes", IEEE Trans. Inf. Theory 61(5), 2015: bits are decided in
order, and a list of the likeliest partial messages is kept. The caller's check selects one of the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

CODE_BITS = 1024
MESSAGE_BITS = 64

_BASE = 2**0.25

Bits = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


def encode(message: Bits) -> Bits:
    """Return the 1024-bit code word of 64 message bits."""
    word = np.zeros(CODE_BITS, dtype=np.uint8)
    word[message_places()] = message
    return _transformed(word)


def decode(soft: npt.NDArray[np.floating], size: int) -> Bits:
    """Return the messages of the code words closest to soft values, likeliest first, `(N, 64)`, N ≤ `size`.

    Args:
        soft: 1024 values, positive for a one, negative for a zero, larger where more reliable; their scale is free.
        size: Number of partial messages that are kept in parallel.
    """
    zeros = -np.asarray(soft, dtype=np.float32)[None]
    paths = _decide(zeros, np.zeros(1, dtype=np.float32), 0, size)
    words = paths.word[np.argsort(paths.cost, kind="stable")]
    return _transformed(words)[:, message_places()]


@cache
def message_places() -> Indices:
    """Return the 64 positions of the message before the transform, ascending."""
    places = np.arange(CODE_BITS)
    bits = places[:, None] >> np.arange(CODE_BITS.bit_length() - 1) & 1
    weight = bits @ _BASE ** np.arange(bits.shape[1])
    return np.sort(np.argsort(-weight, kind="stable")[:MESSAGE_BITS])


@dataclass(frozen=True, slots=True)
class _Paths:
    """A list of partial code words.

    Attributes:
        word: Bits of one part of the code, `(N, part)`.
        cost: Sum of the soft values that each path contradicts so far, `(N,)`.
        origin: Index of the earlier path that each path continues, `(N,)`.
    """

    word: Bits
    cost: Values
    origin: Indices


def _decide(zeros: Values, cost: Values, start: int, size: int) -> _Paths:
    """Decide one part of the code for every path.

    Args:
        zeros: Evidence that each bit of the part is zero, `(N, part)`.
        cost: Cost of the paths so far, `(N,)`.
        start: First position of the part.
        size: Maximum number of paths to keep.
    """
    part = zeros.shape[1]
    free = _free(start, part)
    if free == 0:  # all frozen
        return _Paths(np.zeros(zeros.shape, dtype=np.uint8), cost + _against(zeros), np.arange(len(cost)))
    if free == 1 and _free(start + part - 1, 1):  # one message bit, repeated over the part
        return _forked(zeros, cost, size)
    half = part // 2
    left, right = zeros[:, :half], zeros[:, half:]
    both = np.copysign(np.minimum(np.abs(left), np.abs(right)), left * right)  # evidence that the sum of both is zero
    sums = _decide(both, cost, start, size)
    left, right = left[sums.origin], right[sums.origin]
    rest = _decide(np.where(sums.word, right - left, right + left), sums.cost, start + half, size)
    word = np.concatenate([sums.word[rest.origin] ^ rest.word, rest.word], axis=1)
    return _Paths(word, rest.cost, sums.origin[rest.origin])


def _forked(zeros: Values, cost: Values, size: int) -> _Paths:
    """Continue every path with zeros and with ones, and keep the likeliest."""
    costs = np.concatenate([cost + _against(zeros), cost + _against(-zeros)])
    kept = np.argsort(costs, kind="stable")[:size]
    ones, origin = np.divmod(kept, len(cost))
    word = np.repeat(ones.astype(np.uint8)[:, None], zeros.shape[1], axis=1)
    return _Paths(word, costs[kept], origin)


def _against(zeros: Values) -> Values:
    """Return the cost of deciding for zeros, `(N,)`."""
    return np.asarray(-np.minimum(zeros, 0).sum(1), dtype=np.float32)


@cache
def _free(start: int, part: int) -> int:
    """Return how many message bits a part of the code has."""
    first, last = np.searchsorted(message_places(), (start, start + part))
    return int(last - first)


def _transformed(words: Bits) -> Bits:
    """Return words times the n-fold Kronecker power of [[1, 0], [1, 1]] over GF(2); it is its own inverse."""
    shape, words = words.shape, words.copy()
    span = 1
    while span < CODE_BITS:
        pairs = words.reshape(-1, CODE_BITS // (2 * span), 2, span)
        pairs[:, :, 0] ^= pairs[:, :, 1]
        span *= 2
    return words.reshape(shape)
