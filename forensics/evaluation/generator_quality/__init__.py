"""Measure generated clips against exact truth: fidelity, facial motion and steadiness."""

from __future__ import annotations

from .cases import COPY, GEOMETRY, TRUTH
from .generation import EVALUATION_SEED, SHIPPED, Plan, find_styles, measure_generator, write_quality

__all__ = [
    "COPY",
    "EVALUATION_SEED",
    "GEOMETRY",
    "SHIPPED",
    "TRUTH",
    "Plan",
    "find_styles",
    "measure_generator",
    "write_quality",
]
