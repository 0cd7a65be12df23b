"""Compute statistics of whole sets: correlation, Fréchet distance, verification AUC, and intervals over identities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from forensics.evaluation.errors import MetricError
from forensics.evaluation.metrics import classification as metrics
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


def frechet_distance(first: Array, second: Array) -> float:
    """Return the squared Fréchet distance between Gaussians fitted to features (N, D) and (M, D).

    The distance is ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½) (Dowson & Landau 1982). It is biased upwards where N or M is
    not large relative to D, so it can be compared only with others of the same N.

    Raises:
        MetricError: One of them has fewer than two rows.
    """
    if min(len(first), len(second)) < 2:
        raise MetricError("a Fréchet distance wants two rows of features on each side")
    means = [features.mean(0, dtype=np.float64) for features in (first, second)]
    spreads = [np.atleast_2d(np.cov(features.astype(np.float64), rowvar=False)) for features in (first, second)]
    root = _root(spreads[0])
    cross = linalg.eigvalsh(root @ spreads[1] @ root)
    trace = np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * np.sqrt(np.clip(cross, 0, None)).sum()
    return float(max(np.square(means[0] - means[1]).sum() + trace, 0.0))


def cosines(first: Array, second: Array) -> Array:
    """Return the cosine of each pair of rows (N, D)."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.asarray((first * second).sum(1) / np.maximum(lengths, 1e-12))


def verification_auc(features: Array, identities: Sequence[str]) -> float:
    """Return the probability that two pictures of one identity are more similar than two of different ones.

    Args:
        features: (N, D), compared by cosine.
        identities: (N,) at least two identities, one of them twice.

    Raises:
        MetricError: There is no pair of either kind.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    first, second = np.triu_indices(len(unit), 1)
    names = np.array(identities)
    same = (names[first] == names[second]).astype(np.int64)
    return metrics.auc(same, (unit @ unit.T)[first, second].astype(np.float64))


def rotation_angle(first: Array, second: Array) -> Array:
    """Return the angle in degrees between rotations (N, 3) of yaw, pitch and roll in radians."""
    turned = np.einsum("nij,nik->njk", _rotations(first), _rotations(second))
    cosine = (np.trace(turned, axis1=1, axis2=2) - 1) / 2
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _rotations(poses: Array) -> Array:
    from generator.face import rotation

    return np.stack([rotation(pose) for pose in poses]).astype(np.float64)


def _root(matrix: Array) -> Array:
    values, vectors = linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T)
