"""Choose the face that a mask says was altered, where a frame shows several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .finding import Faces, Floats

ASKED_FACES = 16
"""Most faces that are searched for in a frame with a mask; the altered one may be the smallest of them."""

_LEAST_COVERED = 0.01
"""Least share of a face's box that the mask of an altered face covers; edits of eyes or mouth are small."""


def altered_faces(
    faces: Faces, indices: Sequence[int], masks: Sequence[NDArray[np.bool_] | None], sizes: Sequence[tuple[int, int]]
) -> Faces | None:
    """Return for each frame the face that its mask covers most; a frame whose mask covers no face is left out.

    Args:
        faces: Faces in frames, those of one frame with the largest first.
        indices: Numbers of the frames.
        masks: (H, W) mask of each frame, in any resolution; None where there is none, and the largest face is taken.
        sizes: Height and width in pixels of each frame.

    Returns:
        At most one face of each frame; None where no frame has one.
    """
    place = {int(index): number for number, index in enumerate(indices)}
    chosen: list[int] = []
    for frame in np.unique(faces.frames).tolist():
        rows = np.flatnonzero(faces.frames == frame)
        mask, size = masks[place[frame]], sizes[place[frame]]
        if mask is None:
            chosen.append(int(rows[0]))
            continue
        covered = [_covered(faces.boxes[row], mask, size) for row in rows]
        if max(covered) >= _LEAST_COVERED:
            chosen.append(int(rows[int(np.argmax(covered))]))
    if not chosen:
        return None
    return Faces(faces.frames[chosen], faces.boxes[chosen], faces.landmarks[chosen])


def _covered(box: Floats, mask: NDArray[np.bool_], size: tuple[int, int]) -> float:
    """Return the share of a box (left, top, right, bottom) that a mask covers."""
    down, across = mask.shape[0] / size[0], mask.shape[1] / size[1]
    left, right = np.rint(np.clip(box[[0, 2]] * across, 0, mask.shape[1])).astype(int)
    top, bottom = np.rint(np.clip(box[[1, 3]] * down, 0, mask.shape[0])).astype(int)
    inside = mask[top:bottom, left:right]
    return float(inside.mean()) if inside.size else 0.0
