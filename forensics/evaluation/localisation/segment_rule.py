"""Choose threshold and smoothing of segments on validation clips, by the mean average precision there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors import FoundSegment, FrameScores, SegmentRule, find_segments, segments_above, smooth
from forensics.evaluation import Floats
from forensics.execution.progress import Report, silent

from .segment_metrics import Found, JudgedClip, SegmentTable

SMOOTHINGS = (0.0, 0.2, 0.4, 0.8, 1.6)
"""Widths in seconds that are tried."""

THRESHOLDS = 40
"""Number of thresholds that are tried for each width: midway between neighbouring quantiles of the smoothed scores."""

Truths = Sequence[tuple[float, float]]


def fit_rule(
    clips: Sequence[FrameScores], truths: Sequence[Truths], report: Report = silent
) -> tuple[SegmentRule, float] | None:
    """Return the rule with the highest mean average precision, and that precision.

    Of equally good rules those that find the fewest segments are taken, of these the one with the least smoothing, and
    of its thresholds the middle one.

    Args:
        clips: Scores of the validation clips.
        truths: Their altered segments; empty for a genuine clip.
        report: Progress callback.

    Returns:
        The rule; None where no validation clip is altered, or none has scores.
    """
    known = [clip.scores[np.isfinite(clip.scores)] for clip in clips]
    if not any(map(len, truths)) or not any(map(len, known)):
        return None
    best, tied = (-1.0, 0), [SegmentRule(0.5)]
    for number, width in enumerate(SMOOTHINGS):
        report(number / len(SMOOTHINGS), "choosing threshold and smoothing on the validation split")
        smoothed = [smooth(clip, width) for clip in clips]
        values = np.concatenate([one[np.isfinite(one)] for one in smoothed])
        tried: list[tuple[tuple[float, int], SegmentRule]] = []
        for threshold in _thresholds(values):
            judged = [
                JudgedClip.of(truth, as_found(segments_above(clip, one, threshold)))
                for clip, one, truth in zip(clips, smoothed, truths, strict=True)
            ]
            found = sum(len(clip.found) for clip in judged)
            tried.append(((SegmentTable(judged).mean_precision(), -found), SegmentRule(threshold, width)))
        highest = max(value for value, _ in tried)
        if highest > best:
            best, tied = highest, [rule for value, rule in tried if value == highest]
    return tied[len(tied) // 2], best[0]


def _thresholds(values: Floats) -> list[float]:
    quantiles = np.unique(np.quantile(values, np.linspace(0, 1, THRESHOLDS + 1)))
    middles = (quantiles[1:] + quantiles[:-1]) / 2
    return [float(value) for value in (middles if len(middles) else quantiles)]


def judge(clips: Sequence[FrameScores], truths: Sequence[Truths], rule: SegmentRule) -> list[JudgedClip]:
    """Return the segments that a rule finds, beside the altered ones."""
    return [
        JudgedClip.of(truth, as_found(find_segments(clip, rule))) for clip, truth in zip(clips, truths, strict=True)
    ]


def as_found(segments: Sequence[FoundSegment]) -> list[Found]:
    """Return segments as score, start and end."""
    return [(one.score, one.start, one.end) for one in segments]
