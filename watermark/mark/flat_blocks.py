"""Shape a pattern in flat regions so that coders keep it.

Coders quantise the coefficients of small blocks, and a coefficient under half a step is lost. A weak pattern spread
over many coefficients therefore disappears completely from flat regions. Here every block contains one cosine only, as
strong as the whole pattern would be, so it exceeds the step. Each cosine is drawn with a frequency proportional to the
pattern's share in it, so that the sum over many blocks, which a reader computes, is the pattern again.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from .tile import Floats

BLOCK = 16
"""Side of a block in pixels: a macroblock of video coders, and a JPEG block of a picture that was later halved."""

_COSINES = 4  # per direction; finer ones are lost at low rates
_PREFERENCE = 1.5  # 1 gives the pattern's own shares; larger values favour its strongest cosines
_LATTICE = (0.7548776662466927, 0.5698402909980532)  # Roberts' R2 sequence: its values are evenly spread


def one_cosine_each(pattern: Floats) -> Floats:
    """Return a pattern whose blocks contain one cosine each, at unit power.

    Args:
        pattern: `(H, W)`; the blocks begin at its first pixel.
    """
    height, width = pattern.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    padded = cv2.copyMakeBorder(
        pattern, 0, rows * BLOCK - height, 0, columns * BLOCK - width, borderType=cv2.BORDER_REFLECT_101
    )
    basis = _basis()
    down = basis @ padded.reshape(rows, BLOCK, columns * BLOCK)
    across = down.reshape(rows, _COSINES, columns, BLOCK) @ basis.T
    shares = across.transpose(0, 2, 1, 3).reshape(rows, columns, _COSINES**2)
    drawn = _drawn(shares)
    signs = np.sign(np.take_along_axis(shares, drawn[..., None], axis=2))[..., None]
    blocks = _pictures()[drawn] * signs
    whole = blocks.transpose(0, 2, 1, 3).reshape(rows * BLOCK, columns * BLOCK)
    return np.ascontiguousarray(whole[:height, :width])


def _drawn(shares: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Return which cosine each block contains, `(rows, columns)`; the constant one is never used."""
    weights = np.abs(shares) ** _PREFERENCE
    weights[..., 0] = 0
    steps = np.cumsum(weights, axis=2)
    row, column = np.ogrid[: shares.shape[0], : shares.shape[1]]
    place = (0.5 + row * _LATTICE[0] + column * _LATTICE[1]) % 1
    drawn = (steps <= (place * steps[..., -1])[..., None]).sum(2)
    return np.asarray(np.clip(drawn, 1, _COSINES**2 - 1), dtype=np.intp)


@cache
def _basis() -> Floats:
    """Return the lowest orthonormal cosines of a block's side, `(4, 16)`."""
    order, place = np.ogrid[:_COSINES, :BLOCK]
    waves = np.cos(np.pi / BLOCK * order * (place + 0.5)) * np.where(order == 0, 1, np.sqrt(2)) / np.sqrt(BLOCK)
    return np.ascontiguousarray(waves, dtype=np.float32)


@cache
def _pictures() -> Floats:
    """Return every pair of cosines as a block of unit power, `(16, 16, 16)`."""
    pairs = _basis()[:, None, :, None] * _basis()[None, :, None, :]
    return np.asarray(pairs.reshape(-1, BLOCK, BLOCK) * BLOCK, dtype=np.float32)
