"""Comparisons of two detectors on the same samples."""

import itertools

import numpy as np
import pytest

from forensics.evaluation import (
    AUC,
    MetricError,
    auc,
    delong_test,
    exchange_clusters,
    identity_clusters,
    paired_interval,
    permutation_test,
)


def pair(seed, videos=60, people=None, gain=0.0, shared=0.7, person=0.0):
    """Give labels, the correlated scores of two detectors, and one identity per video."""
    rng = np.random.default_rng(seed)
    labels = np.arange(videos) % 2
    who = np.arange(videos) // 2 % (people or videos)
    common = rng.normal(size=videos) * shared
    own = rng.normal(size=(2, people or videos))[:, who] * person
    noise = rng.normal(size=(2, videos))
    first, second = labels * (1 + gain) + common + noise[0] + own[0], labels + common + noise[1] + own[1]
    return labels, first, second, [(f"p{number}",) for number in who]


def ranks(scores):
    return np.array([(scores < value).sum() + ((scores == value).sum() + 1) / 2 for value in scores])


def test_few_clusters_are_swapped_in_every_way():
    labels, first, second, _ = pair(0, videos=12)
    clusters = np.arange(12) // 2
    one, other = ranks(first), ranks(second)
    observed = abs(auc(labels, first) - auc(labels, second))
    extreme = 0
    for swaps in itertools.product([False, True], repeat=6):
        swapped = np.array(swaps)[clusters]
        difference = auc(labels, np.where(swapped, other, one)) - auc(labels, np.where(swapped, one, other))
        extreme += abs(difference) >= observed - 1e-12
    found = permutation_test(labels, first, second, clusters, np.random.default_rng(0))
    assert found == extreme / 64


def test_with_independent_videos_the_permutation_agrees_with_delong():
    for seed, gain in itertools.product(range(3), (0.0, 0.8)):
        labels, first, second, _ = pair(seed, videos=200, gain=gain)
        permuted = permutation_test(
            labels, first, second, np.arange(200), np.random.default_rng(seed), permutations=3000
        )
        assert permuted == pytest.approx(delong_test(labels, first, second).p_value, abs=0.03)


def test_a_detector_is_not_different_from_itself_at_another_scale():
    labels, first, _, _ = pair(3)
    assert permutation_test(labels, first, np.exp(first), np.arange(60), np.random.default_rng(0)) == 1.0


def test_thousands_of_clusters_are_swapped_at_random():
    labels, first, second, _ = pair(0, videos=3000, gain=1.0)
    assert permutation_test(labels, first, second, np.arange(3000), np.random.default_rng(0), permutations=99) == 0.01


@pytest.mark.slow
def test_equal_detectors_are_told_apart_about_as_often_as_the_level_says():
    """Scores that hang together within people fool DeLong and not the permutation of people."""
    permuted, naive = 0, 0
    people = np.repeat(np.arange(60), 4)
    labels = people % 2
    for seed in range(120):
        rng = np.random.default_rng(seed)
        scores = labels + 1.5 * rng.normal(size=(2, 60))[:, people] + rng.normal(size=(2, 240))
        permuted += permutation_test(labels, *scores, people, rng, permutations=300) < 0.05
        naive += delong_test(labels, *scores).p_value < 0.05
    assert permuted / 120 <= 0.1
    assert naive / 120 > 0.2


def test_the_interval_of_a_difference_repeats_rows_alike_for_both():
    labels, first, second, identities = pair(1, people=10)
    found = paired_interval(AUC, labels, first, second, identities, np.random.default_rng(5), replicates=2)
    number = {name: place for place, name in enumerate(sorted({name for (name,) in identities}))}
    drawn = []
    for draw in np.random.default_rng(5).integers(10, size=(2, 10)):
        times = np.bincount(draw, minlength=10)
        rows = np.repeat(np.arange(60), [times[number[name]] for (name,) in identities])
        drawn.append(auc(labels[rows], first[rows]) - auc(labels[rows], second[rows]))
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(drawn, (2.5, 97.5))))
    assert found.spread == pytest.approx(np.std(drawn, ddof=1))
    assert found.difference == pytest.approx(auc(labels, first) - auc(labels, second))


def test_correlated_detectors_have_a_narrower_difference_than_independent_ones():
    close, far = (
        paired_interval(AUC, *pair(2, videos=400, shared=shared), np.random.default_rng(0), replicates=300).spread
        for shared in (5.0, 0.0)
    )
    assert close < far


def test_one_identity_allows_no_interval():
    labels, first, second, _ = pair(0)
    found = paired_interval(AUC, labels, first, second, [("p",)] * 60, np.random.default_rng(0))
    assert (found.low, found.high, found.spread) == (None, None, None)


def test_identities_that_meet_in_a_file_are_one_cluster():
    clusters = identity_clusters([("a",), ("b",), ("a", "b"), ("c",), ("d", "e"), ("e",)])
    assert clusters.tolist() == [0, 0, 0, 1, 2, 2]


def test_where_all_are_linked_the_first_identity_is_swapped():
    ring = [(f"p{n}", f"p{(n + 1) % 12}") for n in range(12)]
    clusters, unlinked = exchange_clusters(ring)
    assert len(set(clusters.tolist())) == 12 and not unlinked
    clusters, unlinked = exchange_clusters([(f"p{n}",) for n in range(12)])
    assert len(set(clusters.tolist())) == 12 and unlinked


def test_one_class_is_refused():
    scores = np.arange(4.0)
    with pytest.raises(MetricError, match="both classes"):
        permutation_test(np.zeros(4, dtype=int), scores, scores, np.arange(4), np.random.default_rng(0))
