"""Measure generated clips against exact truth: fidelity, facial motion and steadiness."""

from __future__ import annotations

from .cases import COPY, GEOMETRY, TRUTH, Case, Truth, draw_truth, sample_case
from .generation import EVALUATION_SEED, SHIPPED, Plan, find_styles, measure_generator, write_quality
from .pictures import regions_of

__all__ = [
    "COPY",
    "EVALUATION_SEED",
    "GEOMETRY",
    "SHIPPED",
    "TRUTH",
    "Case",
    "Plan",
    "Truth",
    "draw_truth",
    "find_styles",
    "measure_generator",
    "regions_of",
    "sample_case",
    "write_quality",
]
