"""Measure generated clips against exact truth: fidelity, facial motion, identity and steadiness."""

from __future__ import annotations

from .cases import CEILING, COPY, TRUTH, WARP, Case, Truth, draw_truth, sample_case
from .face_net import Floats, Pictures, as_input
from .generation import EVALUATION_SEED, SHIPPED, Plan, find_styles, measure_generator, write_quality
from .judge import JUDGE_FOLDER, Judge, Readings, save_judge
from .judge_examples import draw_examples
from .judge_training import Recipe, train_identity, train_places
from .measuring import reading_errors
from .pictures import l1, regions_of
from .statistics import Rows, clustered_interval, correlation, cosines, verification_auc
from .value_training import place_errors, sample_faces, train_values

__all__ = [
    "CEILING",
    "COPY",
    "EVALUATION_SEED",
    "JUDGE_FOLDER",
    "SHIPPED",
    "TRUTH",
    "WARP",
    "Case",
    "Floats",
    "Judge",
    "Pictures",
    "Plan",
    "Readings",
    "Recipe",
    "Rows",
    "Truth",
    "as_input",
    "clustered_interval",
    "correlation",
    "cosines",
    "draw_examples",
    "draw_truth",
    "find_styles",
    "l1",
    "measure_generator",
    "place_errors",
    "reading_errors",
    "regions_of",
    "sample_case",
    "sample_faces",
    "save_judge",
    "train_identity",
    "train_places",
    "train_values",
    "verification_auc",
    "write_quality",
]
