"""Aggregate the scores of frames into one score of a video, in a way that is named beside every number."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError
from forensics.evaluation.metrics.classification import Floats

TOP = 5
"""Number of frames that `TOP` averages."""

SURELY_FAKE, SURELY_GENUINE = 0.8, 0.2
"""A frame is confident above the first and below the second (Seferbekov, winner of the DFDC, 2020)."""

_SMALLEST = 1e-7


class Aggregation(StrEnum):
    """The ways to aggregate frames into a video; reports print the value."""

    MEAN = "mean of probabilities"
    LOGIT_MEAN = "mean of logits"
    MAX = "highest frame"
    TOP = "mean of the five highest frames"
    CONFIDENT = "confident mean"

    @classmethod
    def named(cls, name: str) -> Aggregation:
        """Find an aggregation by its short name, such as `logit_mean`, or by its value.

        Raises:
            ScoresError: Nothing has that name.
        """
        for one in cls:
            if name in (one.short, one.value):
                return one
        raise ScoresError(f"no aggregation is called {name!r}; there are {', '.join(one.short for one in cls)}")

    @property
    def short(self) -> str:
        """Return the name on the command line."""
        return self.name.lower()


def aggregate(scores: Floats, video_of: NDArray[np.intp], how: Aggregation = Aggregation.MEAN) -> Floats:
    """Return each video's score.

    Args:
        scores: (N,) scores of the frames; probabilities for all but `MEAN`, `MAX` and `TOP`.
        video_of: (N,) number of each frame's video, 0 to V - 1, where each number occurs.
        how: The aggregation.

    Returns:
        (V,) scores.

    Raises:
        ScoresError: The aggregation needs probabilities and a score lies outside 0–1.
    """
    if how in (Aggregation.LOGIT_MEAN, Aggregation.CONFIDENT) and (scores.min() < 0 or scores.max() > 1):
        raise ScoresError(f"the {how.value} wants probabilities in 0–1, got {scores.min():.3g} to {scores.max():.3g}")
    if how is Aggregation.MEAN:
        return _mean(scores, video_of)
    if how is Aggregation.LOGIT_MEAN:
        kept = np.clip(scores, _SMALLEST, 1 - _SMALLEST)
        logits = _mean(np.log(kept) - np.log1p(-kept), video_of)
        return 1 / (1 + np.exp(-logits))
    if how is Aggregation.CONFIDENT:
        return _confident(scores, video_of)
    return _highest(scores, video_of, 1 if how is Aggregation.MAX else TOP)


def _mean(values: Floats, video_of: NDArray[np.intp]) -> Floats:
    return np.bincount(video_of, weights=values) / np.bincount(video_of)


def _highest(scores: Floats, video_of: NDArray[np.intp], count: int) -> Floats:
    order = np.lexsort((-scores, video_of))
    sorted_videos = video_of[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_videos, sorted_videos)
    kept = order[rank < count]
    return _mean(scores[kept], video_of[kept])


def _confident(scores: Floats, video_of: NDArray[np.intp]) -> Floats:
    """Compute the mean of the confident frames of one side where there are enough of them, otherwise of all frames.

    This is the rule of the DFDC's winner. The surely fake frames count, if they are more than two fifths of the video
    and more than eleven; otherwise the surely genuine ones count, if they are more than nine tenths. With eleven frames
    or fewer the first case cannot occur.
    """
    frames = np.bincount(video_of)
    fake, genuine = scores > SURELY_FAKE, scores < SURELY_GENUINE
    fakes, genuines = (np.bincount(video_of, weights=sure) for sure in (fake, genuine))
    fake_mean, genuine_mean = (
        np.bincount(video_of, weights=scores * sure) / np.maximum(count, 1)
        for sure, count in ((fake, fakes), (genuine, genuines))
    )
    many_fakes = (fakes > frames // 2.5) & (fakes > 11)
    return np.where(many_fakes, fake_mean, np.where(genuines > 0.9 * frames, genuine_mean, _mean(scores, video_of)))
