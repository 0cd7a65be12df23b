"""Compute the statistics of the measures: levels of each arm, differences between arms, and the claims' tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation import Interval

Table = NDArray[np.float64]
"""(seeds, identities) means over an identity's frames; NaN where a measure is defined on none of them."""
Contrast = Mapping[str, float]
"""Weights of the arms; a difference is their weighted sum."""

BASELINE, ALIGNED, ADAPTER, BOTH = "baseline", "+ Facial Alignment", "+ Expression Adapter", "both"
ARMS = (BASELINE, ALIGNED, ADAPTER, BOTH)

CONTRASTS: dict[str, Contrast] = {
    "alignment": {ALIGNED: 0.5, BOTH: 0.5, BASELINE: -0.5, ADAPTER: -0.5},
    "adapter": {ADAPTER: 0.5, BOTH: 0.5, BASELINE: -0.5, ALIGNED: -0.5},
    "both over baseline": {BOTH: 1, BASELINE: -1},
    "both over alignment alone": {BOTH: 1, ALIGNED: -1},
    "both over adapter alone": {BOTH: 1, ADAPTER: -1},
}
"""The first two are mean effects over the other factor's two settings."""

PERMUTATIONS, REPLICATES = 20_000, 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference between arms.

    Attributes:
        contrast: Name of the contrast in `CONTRASTS`.
        measure: `measure/region`.
        interval: Interval of the difference, over identities with the seeds averaged.
        p_value: Two-sided p-value, by random signs of the identities' differences.
        seeds: The difference of each seed.
        identities: Number of identities.
    """

    contrast: str
    measure: str
    interval: Interval
    p_value: float
    seeds: tuple[float, ...]
    identities: int


def differences(arms: Mapping[str, Table], contrast: Contrast) -> Table:
    """Return the values (seeds, identities) of a contrast."""
    return np.asarray(sum(weight * arms[name] for name, weight in contrast.items()))


def find(contrast: str, measure: str, arms: Mapping[str, Table], rng: np.random.Generator) -> Finding:
    """Test a contrast of one measure; identities on which it is not defined are left out."""
    table = differences(arms, CONTRASTS[contrast])
    table = table[:, np.isfinite(table).all(0)]
    means = table.mean(0)
    seeds = tuple(float(value) for value in table.mean(1))
    return Finding(contrast, measure, level(means, rng), sign_test(means, rng), seeds, table.shape[1])


def level(values: NDArray[np.float64], rng: np.random.Generator) -> Interval:
    """Return the mean over identities (N,) with its 95 % percentile bootstrap interval over identities."""
    value = float(values.mean())
    if len(values) < 2:
        return Interval(value, None, None)
    drawn = values[rng.integers(len(values), size=(REPLICATES, len(values)))].mean(1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def sign_test(values: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Return the two-sided p-value of a mean difference (N,) when each identity's sign is drawn at random."""
    signs = rng.integers(0, 2, (PERMUTATIONS, len(values))) * 2 - 1
    drawn = np.abs(signs @ values)
    extreme = int((drawn >= abs(values.sum()) * (1 - 1e-12)).sum())
    return (extreme + 1) / (PERMUTATIONS + 1)


def gain_between(
    first: NDArray[np.float64], second: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Interval, float]:
    """Return how much larger the mean of one set of identities is than that of another, and its two-sided p-value.

    Args:
        first: (N,), such as the differences out of the domain.
        second: (M,), such as those within it.
        rng: Random generator that resamples both sets for the interval, and permutes them for the p-value.
    """
    value = float(first.mean() - second.mean())
    ends = [one[rng.integers(len(one), size=(REPLICATES, len(one)))].mean(1) for one in (first, second)]
    low, high = np.percentile(ends[0] - ends[1], (2.5, 97.5))
    pool, count = np.concatenate([first, second]), len(first)
    mixed = rng.permuted(np.tile(pool, (PERMUTATIONS, 1)), axis=1)
    apart = np.abs(mixed[:, :count].mean(1) - mixed[:, count:].mean(1))
    extreme = int((apart >= abs(value) * (1 - 1e-12)).sum())
    return Interval(value, float(low), float(high)), (extreme + 1) / (PERMUTATIONS + 1)
