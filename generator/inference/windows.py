"""How a long clip is cut: into groups that are drawn one after the other, and into windows of the temporal modules.

Windows are laid anew at every denoising step.

Within a step the windows lie side by side, so each frame is denoised once. The borders move from step to step by the
golden section of the room they have: a seam that one step leaves lies inside a window of the next, and borders of many
steps stay spread out. Nothing wraps from the end of the clip to its start. With an overlap, neighbouring windows share
frames, whose predictions are blended by triangular weights.
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
"""Lengths that a window may have; the temporal modules know 32 places."""
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Consecutive frames that are denoised together.

    Attributes:
        start: First frame.
        stop: One beyond the last.
        weights: (stop - start,) share of this window in each of its frames; the shares of a frame add up to 1.
    """

    start: int
    stop: int
    weights: Floats


def lay_groups(frames: int, longest: int, apart: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Cut a clip into groups of consecutive frames; return (first, one beyond the last) of each, in order.

    Args:
        frames: Length of the clip, at least 1.
        longest: Frames in a group at most.
        apart: Frames, rising, that are a group each, because they are wanted before the others.
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
    """Refuse windows that cannot be laid.

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

    Windows are as alike as moving borders allow: all have L frames but the first and the last, which share 5/3 L and
    have about 2/3 L or more each, so that the borders have a third of a window to move in, and three places at least.
    The number of windows is the least for which L fits.
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
