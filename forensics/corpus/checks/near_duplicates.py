"""Find files of two splits that show almost the same picture: re-encoded, resized or lightly edited copies.

The search has two steps. A hash of 256 brightness gradients finds candidates, and a comparison of the small pictures
behind the hash decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.corpus.manifest import Corpus
from forensics.corpus.media import Frames, read_frames
from forensics.corpus.sample import Sample, Split
from forensics.execution.progress import Report, silent
from watermark import MediaError

from .near_pairs import near_pairs

_SIDE = 16
_NEAR_TONES = 3.0
"""Mean difference of the 16 × 16 pictures, in grey levels, up to which they count as the same."""

_FLAT = 4.0
"""Spread of grey levels below which a picture shows too little to compare."""


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two samples of different splits that show almost the same picture.

    Attributes:
        first: Id of one sample.
        second: Id of the other sample.
        bits: Number of the 256 gradients that differ.
    """

    first: str
    second: str
    bits: int


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """A small description of how a picture looks.

    Attributes:
        bits: (4,) uint64, the signs of its gradients.
        tones: (16, 16) uint8 grey levels.
    """

    bits: NDArray[np.uint64]
    tones: NDArray[np.uint8]


def fingerprint(image: Frames) -> Fingerprint | None:
    """Compute the fingerprint of a picture; return None where the picture is almost of one tone.

    Args:
        image: (H, W, 3) uint8 RGB.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = np.asarray(cv2.resize(grey, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if small.std() < _FLAT:
        return None
    bits = np.packbits(small[:, 1:] > small[:, :-1]).view(np.uint64)
    return Fingerprint(bits, small[:, :_SIDE].copy())


def find_near_duplicates(corpus: Corpus, report: Report = silent) -> tuple[NearDuplicate, ...]:
    """Compare the middle frames of all samples of different splits.

    Args:
        corpus: The corpus; files that cannot be decoded are skipped.
        report: Progress callback.
    """
    prints: dict[str, Fingerprint] = {}
    for number, sample in enumerate(corpus.samples):
        report(number / len(corpus.samples), "looking for near duplicates")
        found = _middle(corpus, sample)
        if found is not None:
            prints[sample.id] = found
    parts = [[one for one in corpus.where(split=split) if one.id in prints] for split in Split]
    pairs = ((parts[0], parts[1]), (parts[0], parts[2]), (parts[1], parts[2]))
    return tuple(pair for first, second in pairs for pair in _between(first, second, prints))


def _between(
    first: Sequence[Sample], second: Sequence[Sample], prints: Mapping[str, Fingerprint]
) -> Iterator[NearDuplicate]:
    if not first or not second:
        return
    here, there = (np.stack([prints[sample.id].bits for sample in part]) for part in (first, second))
    for row, column, bits in near_pairs(here, there):
        one, other = first[row].id, second[column].id
        if np.abs(prints[one].tones.astype(np.int16) - prints[other].tones).mean() <= _NEAR_TONES:
            yield NearDuplicate(one, other, bits)


def _middle(corpus: Corpus, sample: Sample) -> Fingerprint | None:
    try:
        (frame,) = read_frames(corpus.file(sample), sample.files, [sample.frames // 2], is_clip=sample.fps is not None)
    except (MediaError, OSError, IndexError):
        return None
    return fingerprint(frame)
