"""Count samples at each distinct score, which is all that any metric needs, for one weighting or for thousands.

A bootstrap replicate repeats samples; this is done by weights instead of repeated rows. Counts with a leading axis
contain many replicates at once. Every metric is written once, on counts, for both the table and its replicates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import MetricError

Labels = NDArray[np.integer]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]


class Counts:
    """The weight of each class at each distinct score, from the lowest score up.

    Attributes:
        values: (G,) distinct scores, ascending.
        positive: (..., G) weight of manipulated samples at each.
        negative: (..., G) weight of genuine samples at each.
    """

    def __init__(self, values: Floats, positive: Floats, negative: Floats) -> None:
        self.values, self.positive, self.negative = values, positive, negative

    @cached_property
    def n_positive(self) -> Floats:
        """Return the weight (...,) of all manipulated samples."""
        return _last(self.positive_to)

    @cached_property
    def n_negative(self) -> Floats:
        """Return the weight (...,) of all genuine samples."""
        return _last(self.negative_to)

    @cached_property
    def positive_to(self) -> Floats:
        """Return the weight (..., G) of manipulated samples at or below each score."""
        return np.cumsum(self.positive, -1)

    @cached_property
    def negative_to(self) -> Floats:
        """Return the weight (..., G) of genuine samples at or below each score."""
        return np.cumsum(self.negative, -1)

    @cached_property
    def positive_scores_to(self) -> Floats:
        """Return the weighted sum (..., G) of the scores of manipulated samples at or below each score."""
        return np.cumsum(self.positive * self.values, -1)

    @cached_property
    def negative_scores_to(self) -> Floats:
        """Return the weighted sum (..., G) of the scores of genuine samples at or below each score."""
        return np.cumsum(self.negative * self.values, -1)


class Ranking:
    """A table sorted by score once, to be counted under any weights.

    Attributes:
        order: (N,) rows from the lowest score up.
    """

    def __init__(self, labels: Labels, scores: Floats) -> None:
        """Sort the samples.

        Args:
            labels: (N,) 0 or 1.
            scores: (N,).

        Raises:
            MetricError: Shapes differ, a label is neither 0 nor 1, or a score is not finite.
        """
        truth, values = checked(labels, scores)
        self.order = np.argsort(values, kind="stable")
        ordered = values[self.order]
        self._starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)])
        self._truth = truth[self.order].astype(np.float64)
        self._values = ordered[self._starts]

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.order)

    def counts(self, weights: Floats | None = None) -> Counts:
        """Count the samples at each distinct score.

        Args:
            weights: (..., N) number of times that each sample counts, 1 by default; in the order of `order`.
        """
        if not len(self):
            return Counts(self._values, self._values, self._values)
        positive = self._truth * (1.0 if weights is None else weights)
        negative = (1.0 if weights is None else weights) - positive
        if len(self._starts) < len(self):
            positive = np.add.reduceat(positive, self._starts, axis=-1)
            negative = np.add.reduceat(negative, self._starts, axis=-1)
        return Counts(self._values, positive, negative)


def first_where(holds: Callable[[Places], NDArray[np.bool_]], length: int, shape: tuple[int, ...]) -> Places:
    """Find, for each of many sorted rows, the first place from which a condition holds up to the end.

    Args:
        holds: Function that returns whether the condition holds, for one place of each row.
        length: Length of a row.
        shape: Shape of the places.

    Returns:
        The places, `length` where the condition never holds.
    """
    low, high = np.zeros(shape, dtype=np.intp), np.full(shape, length, dtype=np.intp)
    for _ in range(length.bit_length()):
        middle = np.minimum((low + high) // 2, length - 1)
        found = holds(middle)
        open_ = low < high
        high = np.where(open_ & found, middle, high)
        low = np.where(open_ & ~found, middle + 1, low)
    return low


def up_to(sums: Floats, places: Places) -> Floats:
    """Return running sums before a place of each row: 0 before the first.

    Args:
        sums: (..., G) running sums.
        places: (..., K) from 0 to G.
    """
    found = np.take_along_axis(sums, np.maximum(places - 1, 0), -1)
    return np.where(places > 0, found, 0.0)


def _last(sums: Floats) -> Floats:
    return np.asarray(sums[..., -1]) if sums.shape[-1] else np.zeros(sums.shape[:-1])


def checked(labels: Labels, scores: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Return labels as booleans and scores as floats, checked.

    Raises:
        MetricError: Shapes differ, a label is neither 0 nor 1, or a score is not finite.
    """
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise MetricError(f"labels and scores are (N,) each, got {truth.shape} and {values.shape}")
    if not ((truth == 0) | (truth == 1)).all():
        raise MetricError("labels are 0 genuine or 1 manipulated")
    if not np.isfinite(values).all():
        raise MetricError(f"{int((~np.isfinite(values)).sum())} of {len(values)} scores are not finite")
    return truth == 1, values


def both_classes(labels: Labels, scores: Floats) -> Counts:
    """Count a table that contains both classes.

    Raises:
        MetricError: A class is missing, or `Ranking` rejects the table.
    """
    counts = Ranking(labels, scores).counts()
    if not counts.n_positive or not counts.n_negative:
        raise MetricError(
            f"both classes are needed, got {counts.n_positive:.0f} manipulated and {counts.n_negative:.0f} genuine "
            "samples"
        )
    return counts


def probabilities(labels: Labels, values: Floats) -> Counts:
    """Count a table of probabilities.

    Raises:
        MetricError: There is no sample, a probability lies outside 0–1, or `Ranking` rejects the table.
    """
    counts = Ranking(labels, values).counts()
    if not len(counts.values):
        raise MetricError("no sample to judge")
    if counts.values[0] < 0 or counts.values[-1] > 1:
        raise MetricError(f"probabilities lie in 0–1, got {counts.values[0]:.3g} to {counts.values[-1]:.3g}")
    return counts
