"""Find the segments of a clip that a detector's frame scores mark as manipulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """How frame scores become segments; both numbers are chosen on validation data.

    Attributes:
        threshold: Smoothed scores above this value are in a segment.
        smoothing: Width in seconds of the centred mean that smooths the scores; 0 leaves them as they are.
    """

    threshold: float
    smoothing: float = 0.0


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A part of a clip that the scores mark.

    Attributes:
        start: Start in seconds.
        end: End in seconds.
        score: Mean of the smoothed scores in it, weighted by how long each frame stands for the clip.
    """

    start: float
    end: float
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class FrameScores:
    """Scores of some frames of a clip; a frame stands for the time that is nearer to it than to any other scored one.

    Attributes:
        frames: (N,) numbers of the frames, ascending.
        scores: (N,) score of each; NaN where nothing was scored, such as a frame without a face.
        fps: Frames per second of the clip.
        count: Number of frames of the clip.
    """

    frames: NDArray[np.int64]
    scores: Floats
    fps: float
    count: int

    @property
    def borders(self) -> Floats:
        """Return (N + 1,) the times in seconds at which one frame's part ends and the next one's begins."""
        middles = (self.frames + 0.5) / self.fps
        return np.concatenate(([0.0], (middles[1:] + middles[:-1]) / 2, [self.count / self.fps]))


def smooth(clip: FrameScores, width: float) -> Floats:
    """Return the scores (N,) after a centred mean over time; frames without a score neither count nor break a segment.

    Args:
        clip: The scores.
        width: Width of the mean in seconds.
    """
    middles, lengths = (clip.frames + 0.5) / clip.fps, np.diff(clip.borders)
    known = np.isfinite(clip.scores)
    if width <= 0:
        return np.asarray(clip.scores, dtype=np.float64)
    low = np.searchsorted(middles, middles - width / 2 - _ROUNDING)
    high = np.searchsorted(middles, middles + width / 2 + _ROUNDING)
    weights = np.concatenate(([0.0], np.cumsum(lengths * known)))
    sums = np.concatenate(([0.0], np.cumsum(lengths * np.where(known, clip.scores, 0.0))))
    total = weights[high] - weights[low]
    return np.where(total > _ROUNDING, (sums[high] - sums[low]) / np.maximum(total, _ROUNDING), np.nan)


def find_segments(clip: FrameScores, rule: SegmentRule) -> tuple[FoundSegment, ...]:
    """Return the segments in which the smoothed scores exceed a threshold, in order of time.

    Args:
        clip: The scores of the frames.
        rule: Threshold and smoothing.
    """
    return segments_above(clip, smooth(clip, rule.smoothing), rule.threshold)


def segments_above(clip: FrameScores, smoothed: Floats, threshold: float) -> tuple[FoundSegment, ...]:
    """Return the segments of scores that are smoothed already.

    Args:
        clip: The frames.
        smoothed: (N,) result of `smooth`.
        threshold: Scores above it are in a segment.
    """
    above = np.concatenate(([False], smoothed > threshold, [False]))
    steps = np.flatnonzero(above[1:] != above[:-1])
    borders, lengths = clip.borders, np.diff(clip.borders)
    return tuple(
        FoundSegment(
            float(borders[first]),
            float(borders[end]),
            float(np.average(smoothed[first:end], weights=lengths[first:end])),
        )
        for first, end in _pairs(steps.tolist())
    )


def _pairs(steps: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(steps[::2], steps[1::2], strict=True))
