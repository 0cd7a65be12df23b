"""Edit the mouth or the eyes with another moment of the same face, at the resolution that such tools use."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from .footage import Edited, Footage, Frames
from .shapes import VISIBLE, Points, Weights, face_length, feather, grow, hull, lay_over

MOUTH = (tuple(range(48, 68)), (6, 7, 8, 9, 10))
"""Lips with the chin, which an open mouth moves."""

EYES = (tuple(range(36, 42)) + tuple(range(17, 22)), tuple(range(42, 48)) + tuple(range(22, 27)))
"""Each eye with its brow."""

_DETAIL = 0.5
"""Resolution of the patch relative to the frame."""


def edit_region(footage: Footage, other: Footage, parts: Sequence[Sequence[int]], *, joined: bool) -> Edited:
    """Blend parts of other footage of the same head, in the same pose, over footage.

    Args:
        footage: Genuine footage.
        other: The same head with another expression, frame by frame in the same place.
        parts: Landmarks of each part.
        joined: Whether the parts form one region.
    """
    frames, masks = [], []
    groups = [[index for part in parts for index in part]] if joined else [list(part) for part in parts]
    for index, frame in enumerate(footage.frames):
        points = footage.faces.landmarks[index]
        weight = _region(points, other.faces.landmarks[index], groups, frame) * footage.uncovered(index)
        frames.append(lay_over(frame, _coarse(other.frames[index]), weight))
        masks.append(weight > VISIBLE)
    return Edited(np.stack(frames), footage.faces, np.stack(masks))


def _region(points: Points, moved: Points, groups: list[list[int]], frame: Frames) -> Weights:
    """Return weights (H, W) that cover the parts before and after the edit."""
    height, width = frame.shape[:2]
    length = face_length(points)
    weight = np.zeros((height, width), dtype=np.float32)
    for group in groups:
        area = hull(np.concatenate([points[group], moved[group]]), height, width)
        weight = np.maximum(weight, feather(grow(area, 0.10 * length), 0.03 * length))
    return weight


def _coarse(frame: Frames) -> Frames:
    height, width = frame.shape[:2]
    size = (round(width * _DETAIL), round(height * _DETAIL))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
