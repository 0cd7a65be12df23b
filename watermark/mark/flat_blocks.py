"""Shape a pattern in flat regions so that coders keep it.

Coders quantise the coefficients of small blocks, and a coefficient under half a step is lost. A weak pattern spread
over many coefficients therefore disappears completely from flat regions. Here every block contains one cosine only, as
strong as the whole pattern would be, so it exceeds the step. Each cosine is drawn with a frequency proportional to the
pattern's share in it, so that the sum over many blocks, which a reader computes, is the pattern again.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .resizing import STRIP_UNIT, product
from .tile import Floats, Floats64, Indices

BLOCK = STRIP_UNIT
"""Side of a block in pixels: a macroblock of video coders, and a JPEG block of a picture that was later halved."""

_COSINES = 4  # per direction; finer ones are lost at low rates
_LATTICE = (0.7548776662466927, 0.5698402909980532)  # Roberts' R2 sequence: its values are evenly spread


def draw_cosines(pattern: Floats, flatness: Floats, first: int = 0) -> None:
    """Replace the pattern of flat blocks by one cosine each, at unit power.

    Args:
        pattern: Some rows of a picture's pattern, `(16 N, 16 M)`, from where a block begins; it is changed.
        flatness: The part of the cosine in each block, from 0 to 1, `(N, M)`; the rest of it stays the pattern.
        first: Row of blocks in the picture at which the rows begin.
    """
    flat = flatness > 0
    if not flat.any():
        return
    blocks = pattern.reshape(flatness.shape[0], BLOCK, flatness.shape[1], BLOCK).swapaxes(1, 2)
    mixed = blocks[flat].reshape(-1, BLOCK * BLOCK)
    shares = product(_pictures(), mixed.T).T
    row, column = np.nonzero(flat)
    drawn = _drawn(shares, (0.5 + (row + first) * _LATTICE[0] + column * _LATTICE[1]) % 1)
    cosines = _pictures()[drawn]
    cosines *= np.sign(np.take_along_axis(shares, drawn[:, None], axis=1))
    cosines -= mixed
    cosines *= flatness[flat][:, None]
    mixed += cosines
    blocks[flat] = mixed.reshape(-1, BLOCK, BLOCK)


def _drawn(shares: Floats, place: Floats64) -> Indices:
    """Return which cosine each block contains, `(N,)`; the constant one is never used.

    A cosine's chance grows with the power 1.5 of its share, which favours the pattern's strongest cosines.

    Args:
        shares: The pattern's coefficients in each block, `(N, 16)`.
        place: A number from 0 to 1 for each block, `(N,)`.
    """
    size = np.abs(shares)
    weights = size * np.sqrt(size)
    weights[:, 0] = 0
    steps = np.cumsum(weights, axis=1)
    drawn = (steps <= (place * steps[:, -1])[:, None]).sum(1)
    return np.asarray(np.clip(drawn, 1, _COSINES**2 - 1), dtype=np.intp)


@cache
def _basis() -> Floats:
    """Return the lowest orthonormal cosines of a block's side, `(4, 16)`."""
    order, place = np.ogrid[:_COSINES, :BLOCK]
    waves = np.cos(np.pi / BLOCK * order * (place + 0.5)) * np.where(order == 0, 1, np.sqrt(2)) / np.sqrt(BLOCK)
    return np.ascontiguousarray(waves, dtype=np.float32)


@cache
def _pictures() -> Floats:
    """Return every pair of cosines as a block of unit power, `(16, 256)`."""
    pairs = _basis()[:, None, :, None] * _basis()[None, :, None, :]
    return np.asarray(pairs.reshape(_COSINES**2, BLOCK * BLOCK) * BLOCK, dtype=np.float32)
