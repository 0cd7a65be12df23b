"""Declare the input and output of edits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.faces import Faces

Frames = NDArray[np.uint8]
Masks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Original frames of a puppet, and where its face was.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB.
        faces: Box and landmarks of every frame.
    """

    frames: Frames
    faces: Faces


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """Footage after an edit.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, not marked yet.
        faces: Box and landmarks after the edit.
        masks: (T, H, W) pixels that the edit alters by more than the encoder will; None where that is every pixel.
    """

    frames: Frames
    faces: Faces
    masks: Masks | None
