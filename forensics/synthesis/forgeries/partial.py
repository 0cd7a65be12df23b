"""Confine an edit to parts of a clip, with soft joins: it fades in and out over a few frames of genuine footage."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .footage import Edited, Footage
from .shapes import lay_over

Weights = NDArray[np.float32]

_LEAST, _MOST = 0.25, 0.5
"""Share of a clip, or of its half where it has two parts, that one part takes."""

_LONG = 40
"""Number of frames from which a clip may have two altered parts."""

_JOIN = 3
"""Most frames over which an edit fades in, and out again; a part keeps at least as many frames in full as in one."""


def sample_parts(count: int, rng: np.random.Generator) -> Weights:
    """Draw which frames of a clip are altered, and how much.

    Args:
        count: Number of frames, at least 2; one of them stays genuine at least.
        rng: Random generator of number, place and length of the parts.

    Returns:
        (T,) weight of the edit in each frame: 0 outside of the parts, 1 inside, and between them at the joins.
    """
    parts = 2 if count >= _LONG and rng.random() < 0.5 else 1
    weights = np.zeros(count, dtype=np.float32)
    for stretch in np.array_split(np.arange(count), parts):
        room = len(stretch)
        length = min(max(1, round(room * float(rng.uniform(_LEAST, _MOST)))), room - 1)
        first = int(stretch[0]) + int(rng.integers(room - length + 1))
        weights[first : first + length] = _faded(length)
    return weights


def confine(edited: Edited, footage: Footage, weights: Weights) -> Edited:
    """Keep an edit in parts of a clip; the other frames stay as they were.

    Args:
        edited: The edit of every frame, with a mask.
        footage: The footage before the edit.
        weights: (T,) weight of the edit in each frame, from 0 to 1.
    """
    altered = weights > 0
    frames = footage.frames.copy()
    for index in np.flatnonzero(altered):
        full = np.full(frames.shape[1:3], weights[index], dtype=np.float32)
        frames[index] = lay_over(footage.frames[index], edited.frames[index], full)
    masks = None if edited.masks is None else edited.masks & altered[:, None, None]
    return Edited(frames, edited.faces, masks, altered)


def _faded(length: int) -> Weights:
    """Return weights (L,) that rise at the beginning and fall at the end."""
    join = min(_JOIN, (length - 1) // 3)
    rise = np.minimum(np.arange(1, length + 1) / (join + 1), 1)
    return np.minimum(rise, rise[::-1]).astype(np.float32)
