"""Declare the input and output of edits, and read and write their masks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.errors import CorpusError
from forensics.faces import Faces
from forensics.storage.files import write_whole

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


def save_masks(masks: Masks, path: Path) -> None:
    """Write masks (T, H, W) with eight pixels per byte; the same masks produce the same bytes.

    Args:
        masks: The masks.
        path: Path of the file, suffix `.npz`.
    """
    shape = np.array(masks.shape, dtype=np.int64)
    write_whole(path, lambda part: np.savez_compressed(part, bits=np.packbits(masks), shape=shape))


def load_masks(path: Path) -> Masks:
    """Read masks (T, H, W) written by `save_masks`.

    Args:
        path: The file.

    Raises:
        CorpusError: The file is missing or contains no masks.
    """
    from watermark import read_arrays

    try:
        arrays = read_arrays(path)
        shape = tuple(int(side) for side in arrays["shape"])
        if math.prod(shape) > 8 * arrays["bits"].size:
            raise ValueError(f"the shape {shape} has more pixels than the file")
        bits = np.unpackbits(arrays["bits"], count=math.prod(shape))
        return bits.astype(np.bool_).reshape(shape)
    except (OSError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise CorpusError(f"{path} holds no masks ({error}); build the corpus again", path) from error
