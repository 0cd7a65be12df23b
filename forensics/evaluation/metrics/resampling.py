"""Resample identities and compute the weight of each sample: the pigeonhole bootstrap (Owen 2007).

Every replicate draws as many identities as there are, with replacement. A genuine clip counts as often as its identity
was drawn. A forged clip shows two identities, source and drive, and counts by the product of their draws. Both factors
therefore vary, and the interval is rather too wide than too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import MetricError

from .counts import Floats

_BATCH = 200_000
"""Number of weights in memory at once; more would leave the processor's cache and bring no gain."""


_LARGE = 100_000
"""Number of identities from which compiled counting is worth the time that it takes to be loaded."""


class IdentityWeights:
    """The weights of samples, which follow from how often their identities were drawn."""

    def __init__(self, identities: Sequence[tuple[str, ...]], length: int) -> None:
        """Assign numbers to the identities.

        Args:
            identities: (N,) identities of each sample, one or more.
            length: N, the number of scores.

        Raises:
            MetricError: The lengths differ or a sample names no identity.
        """
        if len(identities) != length or not all(identities):
            raise MetricError(
                f"{length} samples come with {len(identities)} lists of identities; each needs at least one name"
            )
        if all(len(names) == 1 for names in identities):
            number = {name: index for index, name in enumerate(sorted({name for (name,) in identities}))}
            self.count = len(number)
            self._kinds = np.arange(self.count)[:, None]
            self._kind_of = np.fromiter((number[name] for (name,) in identities), dtype=np.intp, count=length)
        else:
            self._number(identities, length)
        self._place_of = self._places()

    def _number(self, identities: Sequence[tuple[str, ...]], length: int) -> None:
        """Number the identities where samples may name several."""
        sets = dict.fromkeys(identities)  # frames of one video share one tuple: each tuple is numbered once
        number = {name: index for index, name in enumerate(sorted({name for names in sets for name in names}))}
        self.count = len(number)
        width = max((len(set(names)) for names in sets), default=1)
        kinds = np.full((len(sets), width), self.count, dtype=np.intp)  # points past the end count once
        for row, names in enumerate(sets):
            unique = sorted({number[name] for name in names})
            kinds[row, : len(unique)] = unique
        place = {names: row for row, names in enumerate(sets)}
        self._kinds = kinds
        self._kind_of = np.fromiter((place[names] for names in identities), dtype=np.intp, count=length)

    def _places(self) -> NDArray[np.intp] | None:
        """Return the only sample of each identity, None where identities and samples are not one to one."""
        if self._kinds.shape[1] != 1 or len(self._kind_of) != self.count or len(self._kinds) != self.count:
            return None
        who = self._kinds[:, 0][self._kind_of]
        places = np.full(self.count, -1, dtype=np.intp)
        places[who] = np.arange(self.count)
        return places if (places >= 0).all() else None

    @property
    def only_identity(self) -> NDArray[np.intp] | None:
        """Return the number (N,) of the identity of each sample, None where a sample shows several."""
        return self._kinds[:, 0][self._kind_of] if self._kinds.shape[1] == 1 else None

    def ordered(self, order: NDArray[np.intp]) -> IdentityWeights:
        """Return the weights of the samples in another order, such as `Ranking.order`."""
        other = object.__new__(IdentityWeights)
        other.count, other._kinds, other._kind_of = self.count, self._kinds, self._kind_of[order]
        other._place_of = other._places()
        return other

    def draw(self, rng: np.random.Generator, replicates: int) -> Floats:
        """Draw identities; return (replicates, K + 1) how often each was drawn, with a last column of ones."""
        return self.drawn(self.choose(rng, replicates))

    def choose(self, rng: np.random.Generator, replicates: int) -> NDArray[np.int64]:
        """Draw identities; return their (replicates, K) numbers."""
        return rng.integers(self.count, size=(replicates, self.count))

    def drawn(self, chosen: NDArray[np.int64]) -> Floats:
        """Return (replicates, K + 1) how often each identity was drawn, with a last column of ones."""
        counts = _counted(chosen, self.count + 1)
        counts[:, -1] = 1
        return counts

    def of_chosen(self, chosen: NDArray[np.int64]) -> Floats:
        """Return the (replicates, N) weights of the samples from the result of `choose`."""
        if self._place_of is not None:
            return _counted(self._place_of[chosen], self.count)
        return self.weights(self.drawn(chosen))

    def in_groups(self, group_of: NDArray[np.intp], groups: int) -> Callable[[NDArray[np.int64]], Floats] | None:
        """Return a function that sums the weights of the samples of each group from the result of `choose`.

        This is faster than weighing every sample. It is None where identities and samples are not one to one.

        Args:
            group_of: (N,) group of each sample.
            groups: Number of groups.
        """
        if self._place_of is None:
            return None
        group_of_identity = group_of[self._place_of].astype(np.int32)
        if self.count < _LARGE:
            return lambda chosen: _counted(np.take(group_of_identity, chosen), groups)
        return lambda chosen: _counted_through(chosen, group_of_identity, groups)

    def weights(self, drawn: Floats, order: NDArray[np.intp] | None = None) -> Floats:
        """Return the (replicates, N) weights of the samples.

        Args:
            drawn: The result of `draw`.
            order: Samples in another order, such as `Ranking.order`.
        """
        by_kind = np.take(drawn, self._kinds[:, 0], axis=1)
        for column in self._kinds.T[1:]:
            by_kind *= np.take(drawn, column, axis=1)
        return np.take(by_kind, self._kind_of if order is None else self._kind_of[order], axis=1)

    def sizes(self, replicates: int) -> Iterator[int]:
        """Yield the sizes of batches of that many replicates whose weights need little memory."""
        step = max(1, _BATCH // max(len(self._kind_of), 1))
        for first in range(0, replicates, step):
            yield min(step, replicates - first)

    def batches(self, rng: np.random.Generator, replicates: int) -> Iterator[Floats]:
        """Yield that many replicates in batches whose weights need little memory."""
        for size in self.sizes(replicates):
            yield self.draw(rng, size)


def _counted(numbers: NDArray[np.int64], width: int) -> Floats:
    """Return how often each number below a width occurs in each row."""
    rows = len(numbers)
    flat = numbers[0] if rows == 1 else (np.arange(0, rows * width, width)[:, None] + numbers).ravel()
    return np.bincount(flat, minlength=rows * width).reshape(rows, width).astype(np.float64)


def _counted_through(chosen: NDArray[np.int64], group_of: NDArray[np.int32], width: int) -> Floats:
    """Return how often each group occurs among the chosen identities of each row, without listing the groups."""
    from .compiled_counting import add_up  # loads a compiler, and only tables this large need it

    counts = np.zeros((len(chosen), width))
    add_up(chosen, group_of, counts)
    return counts
