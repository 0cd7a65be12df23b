"""Divide a long clip into groups, which are generated one after the other, and into windows of the temporal modules.

The windows change at every denoising step.

Within a step the windows are adjacent, so each frame is denoised once. The borders move from step to step by the golden
section of their range: a seam of one step lies inside a window of the next, and the borders of many steps stay spread
out. Windows do not wrap from the end of the clip to its start. With an overlap, neighbouring windows share frames,
whose predictions are blended with triangular weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from generator.errors import GenerationError
from generator.face.face_params import Floats

SHORTEST, LONGEST = 12, 32
"""Minimum and maximum length of a window; the temporal modules have 32 positions."""
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A window of consecutive frames that are denoised together.

    Attributes:
        start: First frame.
        stop: One after the last frame.
        weights: (stop - start,) share of this window in each of its frames; the shares of a frame add up to 1.
    """

    start: int
    stop: int
    weights: Floats


def lay_groups(frames: int, longest: int, apart: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Divide a clip into groups of consecutive frames; return (first, one after the last) of each, in order.

    Args:
        frames: Length of the clip, at least 1.
        longest: Maximum number of frames in a group.
        apart: Frames, in ascending order, that are a group each, because they are needed before the others.
    """
    groups: list[tuple[int, int]] = []
    start = 0
    for end in (*apart, frames):
        groups += [(first, min(first + longest, end)) for first in range(start, end, longest)]
        if end < frames:
            groups.append((end, end + 1))
        start = end + 1
    return groups


def check_window(length: int, overlap: int) -> None:
    """Check that windows of a length and an overlap are possible.

    Raises:
        GenerationError: The length or the overlap is out of range.
    """
    if not SHORTEST <= length <= LONGEST:
        raise GenerationError(f"a window of {length} frames cannot be laid; choose {SHORTEST} to {LONGEST}")
    most = (length - SHORTEST) // 2
    if not 0 <= overlap <= most:
        raise GenerationError(f"windows of {length} frames cannot overlap by {overlap}; choose 0 to {most}")


def lay_windows(frames: int, length: int, step: int, overlap: int = 0) -> Sequence[Window]:
    """Return the windows of one denoising step, in order.

    Args:
        frames: Length of the clip, at least 1.
        length: Longest window, `SHORTEST` to `LONGEST` frames; a clip that is not longer is one window.
        step: Number of the denoising step, from 0.
        overlap: Frames that neighbours share, 0 to (length - `SHORTEST`) / 2.

    Raises:
        GenerationError: As for `check_window`.
    """
    check_window(length, overlap)
    if frames <= length:
        return (Window(0, frames, np.ones(frames)),)
    edges = [0, *_borders(frames, length - overlap, step), frames]
    before, behind = overlap // 2, overlap - overlap // 2
    spans = [(max(first - before, 0), min(last + behind, frames)) for first, last in pairwise(edges)]
    heights = [_triangle(stop - start) for start, stop in spans]
    total = np.zeros(frames)
    for (start, stop), height in zip(spans, heights, strict=True):
        total[start:stop] += height
    return tuple(
        Window(start, stop, height / total[start:stop]) for (start, stop), height in zip(spans, heights, strict=True)
    )


def _borders(frames: int, longest: int, step: int) -> Sequence[int]:
    """Return where one window ends and the next begins.

    All windows have L frames except the first and the last, which share 5/3 L and have about 2/3 L or more each. Thus
    the borders can move by a third of a window, over at least three positions. The number of windows is the smallest
    for which L fits.
    """
    count = math.ceil(frames / longest + 1 / 3)
    length = frames / (count - 1 / 3)
    between = [int(index * length) for index in range(count - 1)]
    lowest = max(min(math.ceil(2 * length / 3), int(length) - 2), frames - between[-1] - longest)
    first = lowest + int((int(length) - lowest + 1) * (step * _GOLDEN % 1))
    return [first + place for place in between]


def _triangle(length: int) -> Floats:
    """Return weights that rise to the middle and fall again, none of them 0."""
    places = np.arange(length)
    return np.minimum(places + 1, length - places).astype(np.float64)
