"""Compute bounds where a bootstrap has no variation: nobody flagged, everybody flagged, or a perfect order.

If the results of n independent people all agree, the probability behind them is at least 0.025^(1/n) with 97.5 %
confidence (Clopper & Pearson 1934). Videos of one person are not independent, so people are counted, by the first
identity of each sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from .counts import Labels

_MISSED = 0.025  # one tail of a 95 % interval


class People(StrEnum):
    """The people whose agreement a unanimous result is based on."""

    GENUINE = "genuine"
    MANIPULATED = "manipulated"
    ALL = "all"
    PAIRS = "pairs"  # a genuine and a manipulated sample each, all of different people


def count_people(people: People, labels: Labels, identities: Sequence[tuple[str, ...]]) -> int:
    """Count the independent people, or pairs of people, that a result is based on.

    Args:
        people: The kind of people to count.
        labels: (N,) 0 or 1.
        identities: (N,) identities of each sample; the first counts.
    """
    first = [names[0] for names in identities]
    genuine = {name for name, label in zip(first, labels, strict=True) if label == 0}
    manipulated = {name for name, label in zip(first, labels, strict=True) if label == 1}
    match people:
        case People.GENUINE:
            return len(genuine)
        case People.MANIPULATED:
            return len(manipulated)
        case People.ALL:
            return len(genuine | manipulated)
        case People.PAIRS:
            return min(len(genuine), len(manipulated), len(genuine | manipulated) // 2)


def unanimous_reach(trials: int) -> float:
    """Return how far a probability may lie, with 97.5 % confidence, from the 0 or 1 observed in all trials."""
    return 1 - _MISSED ** (1 / trials) if trials else 1.0


def unanimous_bounds(value: float, trials: int) -> tuple[float, float] | None:
    """Return the exact 95 % interval of a probability observed as 0 or 1 in all trials; None for any other value.

    Args:
        value: The observed value.
        trials: Number of independent trials; with 0 trials the interval is 0–1.
    """
    if value == 0:
        return 0.0, unanimous_reach(trials)
    return (1 - unanimous_reach(trials), 1.0) if value == 1 else None
