"""Measure whether a detector shows where and when a file was manipulated, against masks and segments of a corpus."""

from .measuring import LocalisationPlan, measure_localisation
from .pixel_metrics import pixel_scores
from .segment_measuring import MOST_FRAMES, SegmentPlan, SegmentReport, measure_segments

__all__ = [
    "MOST_FRAMES",
    "LocalisationPlan",
    "SegmentPlan",
    "SegmentReport",
    "measure_localisation",
    "measure_segments",
    "pixel_scores",
]
