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


class Grid:
    """The distinct scores of a table and of each of its classes, which all weightings of the table share.

    Attributes:
        values: (G,) distinct scores, ascending.
        positive: (P,) places of the distinct scores of manipulated samples among `values`.
        negative: (Q,) places of those of genuine samples.
        positive_before: (G + 1,) number of the scores of manipulated samples before each place.
        negative_before: (G + 1,) the same of genuine samples.
    """

    def __init__(self, values: Floats, positive: Places, negative: Places) -> None:
        self.values, self.positive, self.negative = values, positive, negative
        self.positive_before, self.negative_before = (
            np.concatenate(([0], np.cumsum(np.bincount(places, minlength=len(values))))).astype(np.intp)
            for places in (positive, negative)
        )
        self._kept: dict[str, tuple[Floats, Floats]] = {}
        self._binned: dict[int, Places] = {}

    @cached_property
    def scores_by_class(self) -> tuple[Floats, Floats]:
        """Return the distinct scores of manipulated samples (P,) and of genuine samples (Q,)."""
        return self.values[self.positive], self.values[self.negative]

    @cached_property
    def beaten_before(self) -> Places:
        """Return for each distinct score of manipulated samples (P,) how many genuine distinct scores lie below it."""
        return self.negative_before[self.positive]

    @cached_property
    def beaten_to(self) -> Places:
        """Return for each distinct score of manipulated samples (P,) how many genuine ones lie below or equal it."""
        return self.negative_before[self.positive + 1]

    @cached_property
    def is_tied(self) -> bool:
        """Return whether a manipulated and a genuine sample have the same score."""
        return not np.array_equal(self.beaten_before, self.beaten_to)

    def bin_edges(self, bins: int) -> Places:
        """Return the places (bins - 1,) of the inner edges of bins of equal width over 0-1."""
        if bins not in self._binned:
            bin_of = np.minimum((self.values * bins).astype(np.intp), bins - 1)
            self._binned[bins] = np.searchsorted(bin_of, np.arange(1, bins))
        return self._binned[bins]

    def of_scores(
        self, name: str, function: Callable[[Floats], Floats], of_genuine: Callable[[Floats], Floats]
    ) -> tuple[Floats, Floats]:
        """Return a function of the scores of each class, (P,) and (Q,), computed once.

        Args:
            name: Name under which the results are kept.
            function: Function of the scores of manipulated samples.
            of_genuine: Function of those of genuine samples.
        """
        if name not in self._kept:
            forged, genuine = self.scores_by_class
            self._kept[name] = function(forged), of_genuine(genuine)
        return self._kept[name]


class Counts:
    """The weight of each class at each distinct score, from the lowest score up.

    Attributes:
        grid: The distinct scores.
        of_positive: (..., P) weight of manipulated samples at each of their distinct scores.
        of_negative: (..., Q) weight of genuine samples at each of theirs.
        kept: Intermediate results that several metrics share, by name.
    """

    def __init__(self, grid: Grid, of_positive: Floats, of_negative: Floats) -> None:
        self.grid, self.of_positive, self.of_negative = grid, of_positive, of_negative
        self.kept: dict[tuple[object, ...], object] = {}

    @property
    def values(self) -> Floats:
        """Return the (G,) distinct scores, ascending."""
        return self.grid.values

    @cached_property
    def positive(self) -> Floats:
        """Return the weight (..., G) of manipulated samples at each score."""
        return _spread(self.of_positive, self.grid.positive, len(self.values))

    @cached_property
    def negative(self) -> Floats:
        """Return the weight (..., G) of genuine samples at each score."""
        return _spread(self.of_negative, self.grid.negative, len(self.values))

    @property
    def n_positive(self) -> Floats:
        """Return the weight (...,) of all manipulated samples."""
        return np.asarray(self.positive_sums[..., -1])

    @property
    def n_negative(self) -> Floats:
        """Return the weight (...,) of all genuine samples."""
        return np.asarray(self.negative_sums[..., -1])

    @cached_property
    def positive_sums(self) -> Floats:
        """Return running sums (..., P + 1) of the weights of manipulated samples, from 0."""
        return _running(self.of_positive)

    @cached_property
    def negative_sums(self) -> Floats:
        """Return running sums (..., Q + 1) of the weights of genuine samples, from 0."""
        return _running(self.of_negative)

    @cached_property
    def positive_score_sums(self) -> Floats:
        """Return running sums (..., P + 1) of the weighted scores of manipulated samples, from 0."""
        return _running(self.of_positive * self.grid.scores_by_class[0])

    @cached_property
    def negative_score_sums(self) -> Floats:
        """Return running sums (..., Q + 1) of the weighted scores of genuine samples, from 0."""
        return _running(self.of_negative * self.grid.scores_by_class[1])

    def positive_before(self, places: Places) -> Floats:
        """Return the weight (..., K) of manipulated samples before places (..., K) from 0 to G."""
        return at(self.positive_sums, self.grid.positive_before[places])

    def negative_before(self, places: Places) -> Floats:
        """Return the weight (..., K) of genuine samples before places (..., K) from 0 to G."""
        return at(self.negative_sums, self.grid.negative_before[places])

    def scores_before(self, places: Places) -> tuple[Floats, Floats]:
        """Return the weighted sums (..., K) of the scores of manipulated and of genuine samples before places."""
        return (
            at(self.positive_score_sums, self.grid.positive_before[places]),
            at(self.negative_score_sums, self.grid.negative_before[places]),
        )


class Ranking:
    """A table sorted by class and score once, to be counted under any weights.

    Attributes:
        order: (N,) rows of manipulated samples from the lowest score up, and then those of genuine samples.
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
        rows = np.flatnonzero(truth), np.flatnonzero(~truth)
        orders = [one[np.argsort(values[one], kind="stable")] for one in rows]
        self.order = np.concatenate(orders)
        self._count = len(orders[0])
        self._starts = [_starts(values[one]) for one in orders]
        distinct = [values[one][starts] for one, starts in zip(orders, self._starts, strict=True)]
        joint = np.union1d(*distinct)
        self._grid = Grid(joint, *(np.searchsorted(joint, one) for one in distinct))

    @cached_property
    def group_of(self) -> Places:
        """Return for each of the (N,) samples the place of its score among those of its class.

        The scores of manipulated samples come first, and those of genuine samples after them.
        """
        sizes = [np.diff(starts, append=end) for starts, end in zip(self._starts, self._ends, strict=True)]
        groups = np.empty(len(self), dtype=np.intp)
        groups[self.order] = np.repeat(np.arange(self.groups), np.concatenate(sizes))
        return groups

    @property
    def groups(self) -> int:
        """Return the number of distinct scores of both classes, each counted apart."""
        return len(self._starts[0]) + len(self._starts[1])

    @property
    def _ends(self) -> tuple[int, int]:
        return self._count, len(self) - self._count

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.order)

    def counts(self, weights: Floats | None = None) -> Counts:
        """Count the samples at each distinct score.

        Args:
            weights: (..., N) number of times that each sample counts, 1 by default; in the order of `order`.
        """
        given = np.ones(len(self)) if weights is None else weights
        parts = given[..., : self._count], given[..., self._count :]
        merged = [
            np.add.reduceat(part, starts, axis=-1) if len(starts) < part.shape[-1] else part
            for part, starts in zip(parts, self._starts, strict=True)
        ]
        return Counts(self._grid, *merged)

    def counts_of_groups(self, weights: Floats) -> Counts:
        """Count the samples from the summed weights (..., `groups`) of those of equal score, see `group_of`."""
        places = len(self._starts[0])
        return Counts(self._grid, weights[..., :places], weights[..., places:])


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


def at(sums: Floats, places: Places) -> Floats:
    """Return running sums at places of each row.

    Args:
        sums: (..., S) running sums.
        places: (..., K) from 0 to S - 1, or (K,) for the same places in every row.
    """
    if sums.ndim == 1 or (places.ndim == 1 and sums.ndim > 1):
        return np.asarray(np.take(sums, places, axis=-1))
    rows = np.arange(0, sums.size, sums.shape[-1]).reshape(*sums.shape[:-1], 1)
    return np.asarray(np.take(sums.reshape(-1), places + rows))


def _running(weights: Floats) -> Floats:
    """Return running sums (..., S + 1) that begin with 0."""
    sums = np.empty((*weights.shape[:-1], weights.shape[-1] + 1))
    sums[..., 0] = 0
    np.cumsum(weights, -1, out=sums[..., 1:])
    return sums


def _spread(weights: Floats, places: Places, size: int) -> Floats:
    found = np.zeros((*weights.shape[:-1], size))
    found[..., places] = weights
    return found


def _starts(ordered: Floats) -> Places:
    """Return where each distinct value begins among sorted values."""
    return np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)])


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
