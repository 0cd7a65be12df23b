"""BCH(127, 64) with soft decoding by ordered statistics.

The code is the narrow-sense binary BCH code of length 127 and designed distance 21 (Bose & Ray-Chaudhuri 1960).
Decoding follows Fossorier & Lin, "Soft-decision decoding of linear block codes based on ordered statistics", IEEE
Trans. Inf. Theory 41(5), 1995: re-encode from the most reliable independent positions and try every change of at most
two of them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

CODE_BITS = 127
MESSAGE_BITS = 64
CORRECTABLE = 10

_FIELD_POLYNOMIAL = 0b10001001  # x^7 + x^3 + 1, primitive over GF(2)


def encode(message: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the 127-bit code word of 64 message bits; the message is its beginning."""
    return np.asarray(message @ _generator_matrix() & 1, dtype=np.uint8)


def decode(soft: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return the 64 message bits of the code word that agrees best with soft values.

    Args:
        soft: 127 values, positive for a one, negative for a zero, larger where more reliable.
    """
    order = np.argsort(-np.abs(soft), kind="stable")
    values = soft[order]
    rows, basis = _reduce(_generator_matrix()[:, order])
    word = (values[basis] > 0).astype(np.uint8) @ rows & 1
    agreement = np.where(word == 1, values, -values)  # what each position adds to the correlation

    # Flipping basis bit i costs 2·cost[i]; flipping i and j costs both, less twice what the two rows share.
    weighted = rows * agreement
    cost = weighted.sum(1)
    shared = weighted @ rows.T.astype(np.float64)
    pair_cost = cost[:, None] + cost[None, :] - 2 * shared
    i, j = np.unravel_index(int(pair_cost.argmin()), pair_cost.shape)
    single = int(cost.argmin())
    if cost[single] < min(pair_cost[i, j], 0):
        word = word ^ rows[single]
    elif pair_cost[i, j] < 0:
        word = word ^ rows[i] ^ rows[j]

    codeword = np.empty(CODE_BITS, dtype=np.uint8)
    codeword[order] = word
    return codeword[:MESSAGE_BITS]


def generator_polynomial() -> int:
    """Return the generator as an integer, bit i the coefficient of x^i.

    It is the product of the minimal polynomials of alpha^1 … alpha^20, so every one of those powers is a root.
    """
    product, covered = 1, set[int]()
    for power in range(1, 2 * CORRECTABLE + 1):
        if power in covered:
            continue
        conjugates = {power * 2**i % CODE_BITS for i in range(7)}
        covered |= conjugates
        product = _multiply(product, _minimal_polynomial(conjugates))
    return product


@cache
def _generator_matrix() -> npt.NDArray[np.uint8]:
    """Rows x^126 … x^63, each with its remainder by the generator: systematic, the message in front."""
    parity, generator = CODE_BITS - MESSAGE_BITS, generator_polynomial()
    words = [1 << power | _remainder(1 << power, generator) for power in range(CODE_BITS - 1, parity - 1, -1)]
    return np.array([[word >> bit & 1 for bit in range(CODE_BITS - 1, -1, -1)] for word in words], dtype=np.uint8)


def _reduce(matrix: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Bring a generator matrix to identity on its first independent columns; return it and those columns."""
    rows = matrix.copy()
    basis: list[int] = []
    for column in range(CODE_BITS):
        done = len(basis)
        candidates = np.flatnonzero(rows[done:, column])
        if not candidates.size:
            continue
        pivot = done + int(candidates[0])
        rows[[done, pivot]] = rows[[pivot, done]]
        others = rows[:, column].astype(bool)
        others[done] = False
        rows[others] ^= rows[done]
        basis.append(column)
        if len(basis) == MESSAGE_BITS:
            break
    return rows, np.array(basis)


def _minimal_polynomial(conjugates: set[int]) -> int:
    """Product of (x - alpha^i) over a conjugacy class; its coefficients fall into GF(2)."""
    powers = _field_powers()
    logs = {value: power for power, value in enumerate(powers)}
    coefficients = [1]  # of GF(128), lowest power of x first
    for conjugate in conjugates:
        scaled = [powers[(logs[value] + conjugate) % CODE_BITS] if value else 0 for value in coefficients]
        coefficients = [low ^ high for low, high in zip([*scaled, 0], [0, *coefficients], strict=True)]
    return sum(value << power for power, value in enumerate(coefficients))


def _field_powers() -> list[int]:
    """alpha^0 … alpha^126 in GF(128)."""
    powers, value = [], 1
    for _ in range(CODE_BITS):
        powers.append(value)
        value <<= 1
        if value >> 7:
            value ^= _FIELD_POLYNOMIAL
    return powers


def _multiply(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = a << 1, b >> 1
    return product


def _remainder(a: int, b: int) -> int:
    while a.bit_length() >= b.bit_length():
        a ^= b << a.bit_length() - b.bit_length()
    return a
