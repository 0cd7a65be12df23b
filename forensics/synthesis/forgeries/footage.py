"""Declare the input and output of edits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.corpus import Segment, segments_of
from forensics.faces import Faces
from generator.avatars import MATERIALS

Frames = NDArray[np.uint8]
Masks = NDArray[np.bool_]

_FACE = [
    MATERIALS.index(name)
    for name in (
        "skin", "lips", "brows", "mouth", "left_eye", "right_eye", "left_iris", "right_iris", "teeth", "tongue",
        "beard", "lashes", "glasses",
    )
]  # fmt: skip
"""Materials that an edit of the face alters; others lie before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Original frames, and where the face was.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB.
        faces: Box and landmarks of every frame.
        labels: (T, H, W) material of each pixel, a number of `generator.avatars.MATERIALS`; None where that is unknown,
            as in footage that was not drawn.
    """

    frames: Frames
    faces: Faces
    labels: NDArray[np.uint8] | None = None

    def uncovered(self, index: int) -> NDArray[np.float32]:
        """Return (H, W) 1 where nothing covers the face: neither hair nor hand, hat or clothes; 1 where unknown."""
        if self.labels is None:
            return np.ones(self.frames.shape[1:3], dtype=np.float32)
        return np.isin(self.labels[index], _FACE).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """Footage after an edit.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, not marked yet.
        faces: Box and landmarks after the edit.
        masks: (T, H, W) pixels that the edit alters by more than the encoder will; None where that is every pixel.
        altered: (T,) whether each frame was altered; None where they all were.
    """

    frames: Frames
    faces: Faces
    masks: Masks | None
    altered: NDArray[np.bool_] | None = None

    def segments(self, fps: float | None) -> tuple[Segment, ...]:
        """Return the altered parts of a clip; nothing where every frame was altered, or where it is a still.

        Args:
            fps: Frames per second, None for a still.
        """
        if self.altered is None or self.altered.all() or fps is None:
            return ()
        return segments_of(self.altered, fps)
