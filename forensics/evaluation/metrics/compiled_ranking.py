"""Compute AUCs of resampled or swapped scores in one compiled pass over samples that were sorted once."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int32]
Flags = NDArray[np.uint8]


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba is not typed
def count_draws(chosen: NDArray[np.int64], counts: NDArray[np.uint16]) -> None:
    """Add 1 to the count of every chosen identity; the interpreter lock is free meanwhile.

    Args:
        chosen: (K,) numbers of identities.
        counts: (K,) counts, which are changed; two bytes each, so that a million stay near to the processor.
    """
    for place in range(len(chosen)):
        counts[chosen[place]] += 1


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba is not typed
def weighted_auc(ordered: Places, ends: Flags, weights: NDArray[np.integer]) -> float:
    """Return the AUC of samples that count several times, ties counting half; NaN without both classes.

    Scores end at random places, which a processor guesses badly: flags are multiplied and not asked.

    Args:
        ordered: (N,) place of each sample's weight, times two, plus one for a manipulated sample; from the lowest score
            up.
        ends: (N,) 1 where the next sample has a higher score, else 0.
        weights: Number of times that the samples of each place count.
    """
    none = np.int64(0)
    beaten, below, above, positive, negative = none, none, none, none, none
    for number in range(len(ordered)):
        weight = np.int64(weights[ordered[number] >> 1])
        forged, end = np.int64(ordered[number] & 1), np.int64(ends[number])
        positive += weight * forged
        negative += weight * (1 - forged)
        above += weight * forged
        beaten += end * positive * (2 * below + negative)
        below += end * negative
        positive *= 1 - end
        negative *= 1 - end
    if below == 0 or above == 0:
        return np.nan
    return float(beaten / (2 * above * below))


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba is not typed
def swapped_wins(events: Places, ends: Flags, swap: NDArray[np.bool_]) -> tuple[np.int64, np.int64]:
    """Return twice the number of pairs that each of two rankings puts in order, after some samples changed rankings.

    Args:
        events: (2 N,) each sample in each ranking, from the lowest rank up: four times the number of its cluster, plus
            two in the second ranking, plus one for a manipulated sample.
        ends: (2 N,) 1 where the next event has a higher rank, else 0.
        swap: (C,) whether the samples of a cluster change rankings.
    """
    none = np.int64(0)
    wins, wins_other, below, below_other = none, none, none, none
    positive, negative, positive_other, negative_other = none, none, none, none
    for number in range(len(events)):
        event, end = np.int64(events[number]), np.int64(ends[number])
        forged = event & 1
        other = ((event >> 1) & 1) ^ np.int64(swap[event >> 2])
        both = forged & other
        positive_other += both
        positive += forged - both
        negative_other += other - both
        negative += 1 - forged - other + both
        wins += end * positive * (2 * below + negative)
        wins_other += end * positive_other * (2 * below_other + negative_other)
        below += end * negative
        below_other += end * negative_other
        positive *= 1 - end
        negative *= 1 - end
        positive_other *= 1 - end
        negative_other *= 1 - end
    return wins, wins_other
