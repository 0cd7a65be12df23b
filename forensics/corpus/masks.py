"""Read and write masks of altered pixels: packed bits of this package, and the pictures or clips of other data sets."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forensics.errors import CorpusError
from forensics.storage.files import write_whole
from forensics.storage.media_suffixes import READABLE_CLIPS, READABLE_STILLS

from .manifest import Corpus
from .sample import Sample, folder_hash

Mask = NDArray[np.bool_]

_WHITE = 128
"""Least value of a pixel that a picture of a mask marks as altered."""


def save_masks(masks: Mask, path: Path) -> None:
    """Write masks (T, H, W) with eight pixels per byte; the same masks produce the same bytes.

    Args:
        masks: The masks.
        path: Path of the file, suffix `.npz`.
    """
    shape = np.array(masks.shape, dtype=np.int64)
    write_whole(path, lambda part: np.savez_compressed(part, bits=np.packbits(masks), shape=shape))


def load_masks(path: Path) -> Mask:
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


def mask_place(corpus: Corpus, sample: Sample) -> Path | None:
    """Return the file or folder of a sample's mask, or None where it has none."""
    if sample.mask is None:
        return None
    return (corpus.places[sample.place] if sample.place else corpus.root) / sample.mask


def mask_frames(path: Path) -> Iterator[Mask]:
    """Yield the mask (H, W) of one frame after the other; one picture is the mask of every frame, and comes once.

    Args:
        path: Masks of this package (`.npz`), a clip, a picture, or a folder of pictures.

    Raises:
        CorpusError: The file is missing, damaged or of another kind.
    """
    from watermark import MediaError, open_clip, read_media

    try:
        if path.suffix.lower() == ".npz":
            yield from _checked(load_masks(path), path)
        elif path.is_dir():
            for file in _pictures(path):
                yield _altered(read_media(file).frames[0])
        elif path.suffix.lower() in READABLE_CLIPS:
            yield from map(_altered, open_clip(path).frames())
        else:
            yield _altered(read_media(path).frames[0])
    except MediaError as error:
        raise CorpusError(f"the mask {error}", path) from error


def take_masks(path: Path, indices: Sequence[int]) -> list[Mask | None]:
    """Return the masks (H, W) of frames by number; None where there are fewer masks than frames.

    Args:
        path: As for `mask_frames`.
        indices: Numbers of frames; any order.

    Raises:
        CorpusError: As for `mask_frames`.
    """
    from watermark import MediaError, open_clip, read_media

    try:
        if path.suffix.lower() == ".npz":
            masks = _checked(load_masks(path), path)
            return [masks[index] if index < len(masks) else None for index in indices]
        if path.is_dir():
            files = _pictures(path)
            return [_altered(read_media(files[i]).frames[0]) if i < len(files) else None for i in indices]
        if path.suffix.lower() in READABLE_CLIPS:
            clip = open_clip(path)
            there = [index for index in indices if index < clip.frame_count]
            shown = dict(zip(there, map(_altered, clip.take(there)), strict=True)) if there else {}
            return [shown.get(index) for index in indices]
        still = _altered(read_media(path).frames[0])
        return [still for _ in indices]
    except MediaError as error:
        raise CorpusError(f"the mask {error}", path) from error


def mask_hash(path: Path) -> str:
    """Return the SHA-256 (hex) of a mask's content, a file or a folder of pictures; empty where it is missing."""
    if path.is_dir():
        return folder_hash(path, tuple(file.name for file in _pictures(path)))
    return folder_hash(path) if path.is_file() else ""


def mask_picture(mask: Mask) -> bytes:
    """Return a mask (H, W) as a grey PNG: 255 where the picture was altered, else 0."""
    encoded = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(encoded, format="PNG")
    return encoded.getvalue()


def _checked(masks: Mask, path: Path) -> Mask:
    if masks.ndim != 3:
        raise CorpusError(f"{path} holds masks of shape {masks.shape}, expected frames, rows and columns", path)
    return masks


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in READABLE_STILLS and path.is_file())


def _altered(frame: NDArray[np.uint8]) -> Mask:
    return np.asarray(frame.max(axis=-1) >= _WHITE)
