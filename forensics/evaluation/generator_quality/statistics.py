"""Compute statistics of whole sets: correlation, angles between heads, and intervals over identities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import MetricError
from forensics.evaluation.metrics.intervals import Interval

Rows = NDArray[np.intp]
Array = NDArray[np.floating]

_REPLICATES = 1000


def clustered_interval(
    statistic: Callable[[Rows], float], clusters: Sequence[str], rng: np.random.Generator
) -> Interval:
    """Return a statistic with its 95 % percentile interval, which resamples whole clusters.

    Args:
        statistic: Function of the numbers of some rows, in which rows may be repeated.
        clusters: (N,) identity of each row.
        rng: Random generator of the replicates.

    Raises:
        MetricError: The statistic is undefined on all rows.
    """
    names, cluster_of = np.unique(np.array(clusters), return_inverse=True)
    members = [np.flatnonzero(cluster_of == number) for number in range(len(names))]
    value = statistic(np.arange(len(cluster_of)))
    if len(names) < 2:
        return Interval(value, None, None)
    drawn = []
    for _ in range(_REPLICATES):
        rows = np.concatenate([members[number] for number in rng.integers(len(names), size=len(names))])
        try:
            drawn.append(statistic(rows))
        except MetricError:
            continue
    if len(drawn) < _REPLICATES // 2:
        return Interval(value, None, None)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def correlation(first: Array, second: Array) -> float:
    """Return Pearson's correlation of two rows (N,).

    Raises:
        MetricError: One of them does not vary.
    """
    a, b = (np.asarray(values, np.float64) - np.mean(values) for values in (first, second))
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    if spread <= 1e-12:
        raise MetricError("a correlation wants two rows of numbers that vary")
    return float((a * b).sum() / spread)


def rotation_angle(first: Array, second: Array) -> Array:
    """Return the angle in degrees between rotations (N, 3) of yaw, pitch and roll in radians."""
    turned = np.einsum("nij,nik->njk", _rotations(first), _rotations(second))
    cosine = (np.trace(turned, axis1=1, axis2=2) - 1) / 2
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _rotations(poses: Array) -> Array:
    from generator.face import rotation

    return np.stack([rotation(pose) for pose in poses]).astype(np.float64)
