"""Compute how many videos are needed to detect a difference, from the observed variance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from forensics.evaluation.errors import MetricError
from forensics.evaluation.metrics.named_metrics import AUC
from forensics.evaluation.scores.score_table import ScoreTable

from .paired_tests import delong_spread, paired_interval


@dataclass(frozen=True, slots=True)
class Power:
    """The statistical power of a comparison of two detectors.

    Attributes:
        difference: The difference of AUC to detect.
        power: Probability of detecting it, at the 5 % level, two-sided.
        spread: Standard error of the observed difference, over identities.
        design_effect: Its square over that of as many independent videos; the cost of shared people.
        videos: Number of compared videos.
        identities: Number of identities in them.
        videos_needed: Number of videos needed, with the same number per identity.
        identities_needed: Number of identities of the needed videos.
        smallest: The smallest difference that these videos would show with that probability.
    """

    difference: float
    power: float
    spread: float
    design_effect: float
    videos: int
    identities: int
    videos_needed: int
    identities_needed: int
    smallest: float

    def __str__(self) -> str:
        return (
            f"To see a difference of {self.difference:g} AUC with {self.power:.0%} power takes about "
            f"{self.videos_needed} videos of {self.identities_needed} identities; these {self.videos} videos of "
            f"{self.identities} show one of {self.smallest:.3f} (design effect {self.design_effect:.1f})."
        )


def power_of(
    first: ScoreTable,
    second: ScoreTable,
    difference: float,
    *,
    seed: int,
    power: float = 0.8,
    replicates: int = 1000,
) -> Power:
    """Compute the power from the standard error of a paired difference of AUC.

    The standard error shrinks with the root of the number of identities. A difference d is detected with power β where
    d = (z₀.₉₇₅ + z_β)·σ, and σ² falls as one over the number of identities.

    Args:
        first: Scores of the first detector, one row per video.
        second: Scores of the second detector, on the same videos in the same order.
        difference: The difference to detect, above 0.
        seed: Seed of the draws.
        power: Probability of detecting it, between 0 and 1.
        replicates: Number of draws for the standard error.

    Raises:
        MetricError: Difference or power is out of range, or there is no standard error, because the detectors do not
            differ or identities are too few.
    """
    if not 0 < difference <= 0.5 or not 0 < power < 1:
        raise MetricError(f"a difference lies in 0–0.5 and a power in 0–1, got {difference!r} and {power!r}")
    labels, identities = first.labels, first.identities
    rng = np.random.default_rng(seed)
    found = paired_interval(AUC, labels, first.scores, second.scores, identities, rng, replicates=replicates)
    if not found.spread:
        raise MetricError("the observed difference does not vary over identities; nothing can be extrapolated")
    reach = float(norm.ppf(0.975) + norm.ppf(power))
    factor = (reach * found.spread / difference) ** 2
    people = len({name for names in identities for name in names})
    return Power(
        difference=difference,
        power=power,
        spread=found.spread,
        design_effect=(found.spread / delong_spread(labels, first.scores, second.scores)) ** 2,
        videos=len(first),
        identities=people,
        videos_needed=math.ceil(len(first) * factor),
        identities_needed=math.ceil(people * factor),
        smallest=reach * found.spread,
    )
