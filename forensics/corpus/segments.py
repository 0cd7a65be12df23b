"""Describe which part of a clip was altered: segments in seconds, and the frames that they contain.

A segment is half open: it begins with its first altered frame and ends where the first unaltered frame is shown. Frame
k of a clip is shown from k / fps until (k + 1) / fps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sample import Sample

Segment = tuple[float, float]
"""Start and end in seconds from the clip's beginning."""

_ROUNDING = 1e-6
"""Share of a frame by which the written seconds of a border may differ from it."""


def runs_of(flags: Iterable[bool]) -> list[tuple[int, int]]:
    """Return the runs of true values of a sequence (N,): the first place of each, and the place behind its last."""
    runs: list[tuple[int, int]] = []
    place = 0
    for flag, group in groupby(map(bool, flags)):
        count = sum(1 for _ in group)
        if flag:
            runs.append((place, place + count))
        place += count
    return runs


def segments_of(altered: Iterable[bool], fps: float) -> tuple[Segment, ...]:
    """Return the segments of a clip by its altered frames.

    Args:
        altered: (T,) whether each frame was altered.
        fps: Frames per second.
    """
    return tuple((first / fps, end / fps) for first, end in runs_of(altered))


def true_segments(sample: Sample) -> tuple[Segment, ...]:
    """Return what was altered of a clip: its segments, the whole clip where it is forged without any, or nothing.

    Args:
        sample: A clip.
    """
    from .sample import Label

    if sample.label is Label.GENUINE or sample.fps is None:
        return ()
    return sample.segments or ((0.0, sample.frames / sample.fps),)


def altered_frames(sample: Sample) -> tuple[int, ...] | None:
    """Return the numbers of the frames that lie wholly in a sample's segments; None where it has no segments.

    The frames of a segment that is shorter than one frame are those that it touches.

    Args:
        sample: Any sample.
    """
    if not sample.segments or sample.fps is None:
        return None
    inside: set[int] = set()
    for start, end in sample.segments:
        first, last = math.ceil(start * sample.fps - _ROUNDING), math.floor(end * sample.fps + _ROUNDING)
        if last <= first:
            first = math.floor(start * sample.fps)
            last = first + 1
        inside.update(range(first, min(last, sample.frames)))
    return tuple(sorted(inside))


def fault_of(segments: Sequence[Segment], is_clip: bool, is_forged: bool) -> str:
    """Return what is wrong with a sample's segments, empty for nothing.

    Args:
        segments: Start and end of each in seconds.
        is_clip: Whether the sample is a clip with a rate.
        is_forged: Whether the sample is forged.
    """
    if not segments:
        return ""
    if not is_clip or not is_forged:
        return "only a forged clip with a frame rate has segments"
    last = 0.0
    for start, end in segments:
        if not last <= start < end:
            return f"segment {start:g} to {end:g} seconds is empty, negative or not behind the one before it"
        last = end
    return ""
