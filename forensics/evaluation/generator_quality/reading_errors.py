"""Compute the error of the judge's readings, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .face_net import Floats
from .judge import Readings
from .landmark_distances import expression_distance, shape_distance
from .statistics import rotation_angle
from .true_values import OPEN_EYES


def reading_errors(read: Readings, true: Readings) -> Mapping[str, Floats]:
    """Compare readings with the truth.

    Args:
        read: Readings of N frames.
        true: True values of the same frames.

    Returns:
        Errors (N,) by measure, each 0 where the reading is right, and NaN where there is nothing to read.
    """
    looking = true.lids.min(1) >= OPEN_EYES
    found = {
        "shape_error": np.sqrt(np.square(read.shape - true.shape).mean(1)),
        "shape_distance": shape_distance(read.shape, true.shape),
        "expression_error": np.abs(read.expression - true.expression).mean(1),
        "expression_distance": expression_distance(read.expression, true.expression, true.shape),
        "head_pose_error": rotation_angle(read.pose, true.pose),
        "gaze_error": np.where(looking, np.abs(read.gaze - true.gaze).mean(1), np.nan),
        "lid_aperture_error": np.abs(read.lids - true.lids).mean(1),
        "mouth_aperture_error": np.abs(read.mouth - true.mouth)[:, 0],
    }
    return {name: np.asarray(values, np.float32) for name, values in found.items()}
