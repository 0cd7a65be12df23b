"""Resample identities and compute the weight of each sample: the pigeonhole bootstrap (Owen 2007).

Every replicate draws as many identities as there are, with replacement. A genuine clip counts as often as its identity
was drawn. A forged clip shows two identities, source and drive, and counts by the product of their draws. Both factors
therefore vary, and the interval is rather too wide than too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import MetricError

from .counts import Floats

_BATCH = 200_000
"""Number of weights in memory at once; more would leave the processor's cache and bring no gain."""


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

    def draw(self, rng: np.random.Generator, replicates: int) -> Floats:
        """Draw identities; return (replicates, K + 1) how often each was drawn, with a last column of ones."""
        drawn = rng.integers(self.count, size=(replicates, self.count))
        rows = np.arange(replicates)[:, None]
        width = self.count + 1
        counts = np.bincount((rows * width + drawn).ravel(), minlength=replicates * width).reshape(replicates, width)
        counts[:, -1] = 1
        return counts.astype(np.float64)

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

    def batches(self, rng: np.random.Generator, replicates: int) -> Iterator[Floats]:
        """Yield that many replicates in batches whose weights need little memory."""
        step = max(1, _BATCH // max(len(self._kind_of), 1))
        for first in range(0, replicates, step):
            yield self.draw(rng, min(step, replicates - first))
