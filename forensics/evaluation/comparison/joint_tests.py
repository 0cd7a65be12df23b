"""Resample and swap several detectors on the same samples together, so that each draw is made once for all pairs.

The results are those of `paired_interval` and `permutation_test` for each pair, with the same random numbers. Large
tables are sorted once and then counted by compiled passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from forensics.evaluation.metrics.classification import auc
from forensics.evaluation.metrics.counts import Floats, Labels, Ranking
from forensics.evaluation.metrics.named_metrics import AUC
from forensics.evaluation.metrics.resampling import IdentityWeights
from forensics.execution.progress import Report, silent
from forensics.execution.threads import in_order

from .contrasts import Contrast, contrast_of
from .paired_tests import permutation_test

Pair = tuple[int, int]

_PIECE = 1 << 15

LARGE = 100_000
"""Number of samples from which compiled passes are worth the time that they take to be loaded."""


def difference_intervals(
    labels: Labels,
    scores: Sequence[Floats],
    identities: Sequence[tuple[str, ...]],
    rng: np.random.Generator,
    *,
    replicates: int,
    large: int = LARGE,
    report: Report = silent,
) -> dict[Pair, Contrast]:
    """Return the difference of AUC of each pair of detectors with a bootstrap interval over identities.

    Args:
        labels: (N,) 0 or 1.
        scores: (N,) each, of every detector, in the same order.
        identities: (N,) identities of each sample.
        rng: Random generator of the identities.
        replicates: Number of draws.
        large: Number of samples from which compiled passes are used.
        report: Progress callback.

    Raises:
        MetricError: A class is missing, or the identities do not fit.
    """
    weights = IdentityWeights(identities, len(labels))
    values = [AUC(labels, one) for one in scores]
    drawn: list[Floats] = []
    if weights.count >= 2:
        draws: Iterator[NDArray[np.integer]]
        if len(labels) >= large:
            work, threads = _compiled_counter(labels, scores, weights), None
            draws = (_draw(rng, weights.count) for _ in range(replicates))
        else:
            work, threads = _counter(labels, scores, weights), 1
            draws = (weights.choose(rng, size) for size in weights.sizes(replicates))
        done = 0
        for part in in_order(work, draws, threads=threads):
            drawn.append(part)
            done += part.shape[1]
            report(done / replicates, "resampling people")
    areas = np.concatenate(drawn, axis=1) if drawn else np.empty((len(scores), 0))
    return {
        (one, other): contrast_of(values[one] - values[other], areas[one] - areas[other], replicates)
        for one, other in combinations(range(len(scores)), 2)
    }


def permutation_tests(
    labels: Labels,
    scores: Sequence[Floats],
    clusters: NDArray[np.intp],
    new_rng: Callable[[], np.random.Generator],
    *,
    permutations: int,
    large: int = LARGE,
    report: Report = silent,
) -> dict[Pair, float]:
    """Return the two-sided p-value of each pair of detectors when they are swapped cluster by cluster.

    Args:
        labels: (N,) 0 or 1.
        scores: (N,) each, of every detector, in the same order.
        clusters: (N,) number of each sample's cluster, from 0.
        new_rng: Function that returns the random generator of the swaps; every pair sees the same swaps.
        permutations: Number of swaps.
        large: Number of samples from which compiled passes are used.
        report: Progress callback.

    Raises:
        MetricError: A class is missing or a score is not finite.
    """
    pairs = list(combinations(range(len(scores)), 2))
    count = int(clusters.max()) + 1
    if len(labels) < large or (count < 60 and 2**count <= permutations):
        found = {}
        for number, (one, other) in enumerate(pairs):
            report(number / len(pairs), "swapping detectors")
            found[one, other] = permutation_test(
                labels, scores[one], scores[other], clusters, new_rng(), permutations=permutations
            )
        return found
    return _compiled_permutations(labels, scores, clusters, new_rng(), pairs, permutations, report)


def _draw(rng: np.random.Generator, count: int) -> NDArray[np.uint16]:
    """Draw as many identities as there are; return (K,) how often each was drawn.

    The numbers are those of `IdentityWeights.choose`, in pieces that stay near to the processor.
    """
    from forensics.evaluation.metrics.compiled_ranking import count_draws

    counts = np.zeros(count, dtype=np.uint16)
    for first in range(0, count, _PIECE):
        count_draws(rng.integers(count, size=min(_PIECE, count - first)), counts)
    return counts


def _counter(
    labels: Labels, scores: Sequence[Floats], weights: IdentityWeights
) -> Callable[[NDArray[np.integer]], Floats]:
    """Return a function from chosen identities (R, K) to the AUC (D, R) of every detector."""
    rankings = [Ranking(labels, one) for one in scores]

    def areas(chosen: NDArray[np.integer]) -> Floats:
        drawn = weights.drawn(chosen.astype(np.int64, copy=False))
        return np.stack([AUC.of(one.counts(weights.weights(drawn, one.order))) for one in rankings])

    return areas


def _compiled_counter(
    labels: Labels, scores: Sequence[Floats], weights: IdentityWeights
) -> Callable[[NDArray[np.integer]], Floats]:
    """Return a function from the counts (K,) of drawn identities to the AUC (D, 1) of every detector."""
    from forensics.evaluation.metrics.compiled_ranking import weighted_auc

    owner = weights.only_identity
    places = np.arange(len(labels)) if owner is None else owner
    sorted_once = [_sorted(labels, one, places) for one in scores]

    def areas(counts: NDArray[np.integer]) -> Floats:
        counted = counts
        if owner is None:
            drawn = np.append(counts.astype(np.float64), 1.0)[None]
            counted = weights.weights(drawn)[0].astype(np.int64)
        return np.array([[weighted_auc(ordered, ends, counted)] for ordered, ends in sorted_once])

    return areas


def _sorted(labels: Labels, scores: Floats, places: NDArray[np.intp]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return the place and class of each sample from the lowest score up, and where a score is the last of its kind."""
    order = np.argsort(scores, kind="stable")
    ranked = np.asarray(scores)[order]
    ordered = (2 * places + (np.asarray(labels) == 1))[order].astype(np.int32)
    return ordered, np.append(ranked[1:] != ranked[:-1], True).astype(np.uint8)


def _compiled_permutations(
    labels: Labels,
    scores: Sequence[Floats],
    clusters: NDArray[np.intp],
    rng: np.random.Generator,
    pairs: Sequence[Pair],
    permutations: int,
    report: Report,
) -> dict[Pair, float]:
    from forensics.evaluation.metrics.compiled_ranking import swapped_wins

    truth = np.asarray(labels) == 1
    all_pairs = 2 * truth.sum() * (~truth).sum()
    areas = [auc(labels, one) for one in scores]
    ranks = [rankdata(one) for one in scores]
    events = [_events(truth, ranks[one], ranks[other], clusters) for one, other in pairs]

    def differences(swap: NDArray[np.bool_]) -> Floats:
        wins = (swapped_wins(*one, swap) for one in events)
        return np.array([float(here / all_pairs - there / all_pairs) for here, there in wins])

    count = int(clusters.max()) + 1
    swaps = (rng.integers(2, size=count).astype(np.bool_) for _ in range(permutations))
    extreme = np.zeros(len(pairs), dtype=np.int64)
    observed = np.array([abs(areas[one] - areas[other]) for one, other in pairs])
    for number, found in enumerate(in_order(differences, swaps)):
        extreme += np.abs(found) >= observed - 1e-12
        report((number + 1) / permutations, "swapping detectors")
    return {pair: (int(hits) + 1) / (permutations + 1) for pair, hits in zip(pairs, extreme, strict=True)}


def _events(
    truth: NDArray[np.bool_], first: Floats, second: Floats, clusters: NDArray[np.intp]
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return each sample in each of two rankings, from the lowest rank up, and where a rank is the last of its kind."""
    together = np.concatenate((first, second))
    order = np.argsort(together, kind="stable")
    ranked = together[order]
    kinds = np.concatenate((4 * clusters + truth, 4 * clusters + 2 + truth))[order].astype(np.int32)
    return kinds, np.append(ranked[1:] != ranked[:-1], True).astype(np.uint8)
