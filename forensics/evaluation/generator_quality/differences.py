"""Compare how near to the truth one method is relative to another, on the same frames."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from forensics.evaluation.measures.reports import Level, Measure

from .measuring import Collected, mean_over
from .statistics import clustered_interval

COMPARED = (
    "psnr_db", "ssim", "l1", "landmark_error", "gaze_error", "head_pose_error", "lid_aperture_error",
    "mouth_aperture_error",
)  # fmt: skip
"""Measures that have one value for each frame and a direction that counts as better."""

HIGHER_IS_BETTER = frozenset({"psnr_db", "ssim"})


def differences_of(ours: Collected, others: Mapping[str, Collected], rng: np.random.Generator) -> tuple[Measure, ...]:
    """Compare a method with others frame by frame; a value above 0 means that the method is better.

    The intervals resample identities and keep each frame's pair together, so an avatar that is hard for both methods
    does not widen them. Two values with intervals that overlap may still differ by an interval that excludes 0.

    Args:
        ours: The collected values of the method.
        others: The collected values of the other methods on the same cases, by name.
        rng: Random generator of the bootstrap over identities.

    Returns:
        Measures with names such as `psnr_db_gain` and slices such as `eyes, over copy of the source`.
    """
    measures = []
    for other, found in others.items():
        for (name, part), pairs in ours.values.items():
            metric, _, level = name.partition("/")
            if metric not in COMPARED or part.startswith("style="):
                continue
            identities = [identity for identity, _ in pairs]
            here, there = (np.array([value for _, value in rows]) for rows in (pairs, found.values[name, part]))
            gain = here - there if metric in HIGHER_IS_BETTER else there - here
            interval = clustered_interval(partial(mean_over, gain), identities, rng)
            where = f"{'whole' if part == 'all' else part}, over {other}"
            note = f"above 0: nearer to the truth; {len(set(identities))} identities"
            measures.append(
                Measure.of(f"{metric}_gain", interval, len(gain), 0, level=Level(level), slice=where, note=note)
            )
    return tuple(measures)
