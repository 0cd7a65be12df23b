"""Compare found segments of clips with the altered ones, as publications on temporal forgery localisation do.

Average precision at an intersection over union, and average recall at a number of segments a clip, are those of LAV-DF
(Cai et al., CVIU 2023) and AV-Deepfake1M (Cai et al., ACM MM 2024): segments of all clips are sorted by score; one is
right if it overlaps an altered segment by more than the limit, and no higher one took that already. Precision is
interpolated. Recall is averaged over ten overlaps from 0.5 to 0.95. There are two differences, of which the first
shrinks with the number of altered segments and the second concerns equal scores alone: the published program leaves out
the area before the first segment, so that a perfect result has 1 - 1/N, and the order of equal scores is that of the
files there, while here they count together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.metrics.classification import Floats

PRECISION_AT = (0.5, 0.75, 0.95)
"""Overlaps at which average precision is reported."""

RECALL_AT = (10, 20, 50, 100)
"""Numbers of segments a clip at which average recall is reported."""

OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Overlaps over which recall is averaged."""

Found = tuple[float, float, float]
"""Score, start and end of a found segment, in seconds; the order of the published files of predictions."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedClip:
    """The segments of one clip.

    Attributes:
        truths: Altered segments, start and end in seconds; empty for a genuine clip.
        found: Found segments, the highest score first.
    """

    truths: Sequence[tuple[float, float]]
    found: Sequence[Found]

    @classmethod
    def of(cls, truths: Sequence[tuple[float, float]], found: Sequence[Found]) -> JudgedClip:
        """Sort found segments by score; those of equal scores stay in the order of time."""
        return cls(truths, sorted(found, key=lambda one: (-one[0], one[1])))


class SegmentTable:
    """Found segments of many clips against the altered ones, counted for any weights of the clips."""

    def __init__(self, clips: Sequence[JudgedClip]) -> None:
        """Match the segments.

        Args:
            clips: The clips, at least one.
        """
        self.truths = np.array([len(clip.truths) for clip in clips], dtype=np.float64)
        scores = np.array([one[0] for clip in clips for one in clip.found], dtype=np.float64)
        owners = np.repeat(np.arange(len(clips)), [len(clip.found) for clip in clips])
        overlaps = [overlap(clip.found, clip.truths) for clip in clips]
        self._order = np.argsort(-scores, kind="stable")
        self._owners = owners[self._order]
        self._ends = np.flatnonzero(np.diff(scores[self._order], append=-np.inf) != 0)
        self._hits = {
            limit: np.concatenate([_right(one, limit) for one in overlaps] or [np.zeros(0, dtype=bool)])[self._order]
            for limit in OVERLAPS
        }
        self._recalled = {most: np.array([_recalled(one, most) for one in overlaps]) for most in RECALL_AT}

    def average_precision(self, weights: Floats, limit: float) -> Floats:
        """Return the average precision (R,) at an overlap, NaN where no clip with an altered segment has weight.

        Args:
            weights: (R, V) how often each clip counts.
            limit: One of `OVERLAPS`.
        """
        wanted = weights @ self.truths
        if not len(self._ends):
            return np.where(wanted > 0, 0.0, np.nan)
        each = weights[:, self._owners]
        right = np.cumsum(each * self._hits[limit], axis=1)[:, self._ends]
        named = np.cumsum(each, axis=1)[:, self._ends]
        precision = np.divide(right, named, out=np.zeros_like(right), where=named > 0)
        highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        gained = np.diff(right, axis=1, prepend=0.0)
        return np.where(wanted > 0, (gained * highest).sum(1) / np.maximum(wanted, 1e-300), np.nan)

    def average_recall(self, weights: Floats, most: int) -> Floats:
        """Return the average recall (R,) of so many segments a clip, NaN where nothing altered has weight.

        Args:
            weights: (R, V) how often each clip counts.
            most: One of `RECALL_AT`.
        """
        wanted = weights @ self.truths
        return np.where(wanted > 0, (weights @ self._recalled[most]) / np.maximum(wanted, 1e-300), np.nan)

    def all_measures(self, weights: Floats) -> dict[str, Floats]:
        """Return every reported measure (R,) by name, such as `segment_ap_50` and `segment_ar_10`."""
        found = {f"segment_ap_{round(100 * limit)}": self.average_precision(weights, limit) for limit in PRECISION_AT}
        return found | {f"segment_ar_{most}": self.average_recall(weights, most) for most in RECALL_AT}

    def mean_precision(self) -> float:
        """Return the mean of the average precision over all overlaps, each clip counted once."""
        once = np.ones((1, len(self.truths)))
        return float(np.mean([self.average_precision(once, limit)[0] for limit in OVERLAPS]))


def overlap(found: Sequence[Found], truths: Sequence[tuple[float, float]]) -> Floats:
    """Return the intersection over union (P, M) of each found segment with each altered one."""
    starts, ends = (np.array([one[place] for one in found], dtype=np.float64)[:, None] for place in (1, 2))
    begun, over = (np.array([one[place] for one in truths], dtype=np.float64)[None] for place in (0, 1))
    both = np.clip(np.minimum(ends, over) - np.maximum(starts, begun), 0, None)
    either = (ends - starts) + (over - begun) - both
    return np.asarray(np.divide(both, either, out=np.zeros(both.shape), where=either > 0), dtype=np.float64)


def _right(overlaps: Floats, limit: float) -> NDArray[np.bool_]:
    """Return which found segments (P,) are right: for each altered one, the highest free segment that overlaps it."""
    right = np.zeros(len(overlaps), dtype=np.bool_)
    for column in (overlaps > limit).T:
        free = np.flatnonzero(column & ~right)
        if len(free):
            right[free[0]] = True
    return right


def _recalled(overlaps: Floats, most: int) -> float:
    """Return how many altered segments are found among the first so many, averaged over all overlaps."""
    if not overlaps.size:
        return 0.0
    best = overlaps[:most].max(0)
    return float(np.mean([(best > limit).sum() for limit in OVERLAPS]))
