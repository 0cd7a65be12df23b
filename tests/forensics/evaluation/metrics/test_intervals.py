"""Bootstrap intervals over identities and the paired test."""

import numpy as np
import pytest

from forensics.evaluation import MetricError, auc, bootstrap_intervals, delong_test, false_positive_rate, holm
from forensics.evaluation.metrics.resampling import IdentityWeights


def clustered(seed, people=40, each=10, spread=1.0):
    """Give scores that differ more between people than within one."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(2 * people), each)
    labels = (person >= people).astype(int)
    scores = rng.normal(0, spread, 2 * people)[person] + rng.normal(labels, 0.3)
    return labels, scores, [(f"p{number}",) for number in person]


def interval_of(data, seed=0, replicates=200):
    labels, scores, identities = data
    rng = np.random.default_rng(seed)
    return bootstrap_intervals({"auc": auc}, labels, scores, identities, rng, replicates=replicates)["auc"]


def test_the_interval_holds_the_value_and_follows_the_seed():
    found = interval_of(clustered(0))
    assert found.low < found.value < found.high
    assert found == interval_of(clustered(0))
    assert found != interval_of(clustered(0), seed=1)
    assert found.value == auc(*clustered(0)[:2])


def test_frames_of_one_person_do_not_count_as_independent():
    labels, scores, identities = clustered(1)
    honest = interval_of((labels, scores, identities))
    naive = interval_of((labels, scores, [(str(row),) for row in range(len(labels))]))
    assert honest.high - honest.low > 2 * (naive.high - naive.low)


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    truth = auc(*clustered(10_000, people=4000, each=3)[:2])
    inside = 0
    for seed in range(60):
        found = interval_of(clustered(seed, people=30, each=3), replicates=100)
        inside += found.low <= truth <= found.high
    assert 0.85 <= inside / 60 <= 1.0


def test_a_forgery_is_repeated_by_the_product_of_the_draws_of_its_two_identities():
    identities = [("a",), ("b",), ("c",), ("a", "b"), ("c", "c")]
    weights = IdentityWeights(identities, 5)
    drawn = weights.weights(weights.draw(np.random.default_rng(0), 30))
    a, b, c = drawn[:, :3].T
    assert (drawn == np.stack([a, b, c, a * b, c], axis=1)).all()
    assert (a + b + c == 3).all()
    assert len(np.unique(drawn, axis=0)) > 5


def test_the_mean_weight_of_every_row_is_what_independent_draws_give():
    weights = IdentityWeights([("a",), ("b", "c")], 2)
    drawn = weights.weights(weights.draw(np.random.default_rng(1), 40_000))
    assert drawn.mean(0) == pytest.approx([1.0, 1 - 1 / 3], abs=0.02)  # E[xy] of a multinomial is n(n - 1)/K²


def test_two_identities_widen_the_interval_against_counting_one():
    rng = np.random.default_rng(0)
    effect_source, effect_drive = rng.normal(size=20), rng.normal(size=20)
    source, drive = (side.ravel() for side in np.mgrid[:20, :20])
    fakes = 1.5 + effect_source[source] + effect_drive[drive]
    genuine = rng.normal(0, 1, 400)
    labels, scores = np.repeat([1, 0], 400), np.concatenate((fakes, genuine))
    own = [(f"g{row}",) for row in range(400)]
    both = [(f"s{s}", f"d{d}") for s, d in zip(source, drive, strict=True)] + own
    one = [(f"s{s}",) for s in source] + own
    wide, narrow = interval_of((labels, scores, both)), interval_of((labels, scores, one))
    assert wide.high - wide.low > narrow.high - narrow.low


def test_several_statistics_come_from_the_same_replicates():
    labels, scores, identities = clustered(2)
    statistics = {"one": auc, "two": auc, "fpr": lambda y, s: false_positive_rate(y, s, 0.5)}
    found = bootstrap_intervals(statistics, labels, scores, identities, np.random.default_rng(0), replicates=100)
    assert list(found) == ["one", "two", "fpr"]
    assert found["one"] == found["two"]


def test_one_identity_gives_the_value_without_an_interval():
    found = interval_of((np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.2, 0.8]), [("a",)] * 4))
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_replicates_of_one_class_are_drawn_again():
    labels = np.array([0, 0, 0, 1, 1, 1])
    found = interval_of((labels, np.array([0.1, 0.5, 0.3, 0.4, 0.9, 0.8]), [(str(row),) for row in range(6)]))
    assert found.low is not None
    assert 0 <= found.low <= found.high <= 1


def test_identities_that_do_not_fit_raise():
    labels, scores = np.array([0, 1]), np.array([0.1, 0.2])
    for identities in ([("a",)], [("a",), ()]):
        with pytest.raises(MetricError):
            interval_of((labels, scores, identities))


def paired(seed, count=120, gap=0.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    shared = rng.normal(labels, 1)
    return labels, shared + rng.normal(0, 0.7, count) + gap * labels, shared + rng.normal(0, 0.7, count)


def slow_delong_variance(labels, first, second):
    """Compute the variance from the full matrix of pairwise wins."""
    matrices = []
    for scores in (first, second):
        gaps = scores[labels == 1][:, None] - scores[labels == 0][None]
        matrices.append((gaps > 0) + 0.5 * (gaps == 0))
    difference = matrices[0] - matrices[1]
    rows, columns = difference.mean(axis=1), difference.mean(axis=0)
    return rows.var(ddof=1) / len(rows) + columns.var(ddof=1) / len(columns)


@pytest.mark.parametrize("decimals", [6, 1, 0])
def test_the_paired_test_has_the_variance_of_the_pairwise_wins(decimals):
    labels, first, second = paired(0)
    first, second = first.round(decimals), second.round(decimals)
    found = delong_test(labels, first, second)
    assert found.auc_a == auc(labels, first)
    assert found.auc_b == auc(labels, second)
    half = 1.959964 * np.sqrt(slow_delong_variance(labels, first, second))
    assert found.high - found.difference == pytest.approx(half, rel=1e-5)
    assert found.difference - found.low == pytest.approx(half, rel=1e-5)


def test_the_paired_test_agrees_with_a_permutation_test():
    labels, first, second = paired(3, gap=0.35)
    rng = np.random.default_rng(0)
    # exchange the two detectors' ranks sample by sample; ranks make the scores comparable
    ranks = np.stack([np.argsort(np.argsort(scores)) for scores in (first, second)]).astype(float)
    observed = abs(auc(labels, ranks[0]) - auc(labels, ranks[1]))
    hits = 0
    for _ in range(800):
        swap = rng.random(len(labels)) < 0.5
        one, two = np.where(swap, ranks[::-1], ranks)
        hits += abs(auc(labels, one) - auc(labels, two)) >= observed - 1e-12
    assert delong_test(labels, first, second).p_value == pytest.approx(hits / 800, abs=0.05)


def test_equal_detectors_are_not_distinguishable_and_very_different_ones_are():
    labels, first, second = paired(1)
    same = delong_test(labels, first, first)
    assert (same.difference, same.p_value) == (0.0, 1.0)
    assert not same.distinguishable
    assert delong_test(labels, labels + 0.1 * first, second).distinguishable


def test_the_paired_test_is_rarely_sure_where_nothing_differs():
    sure = sum(delong_test(*paired(seed)).distinguishable for seed in range(120))
    assert sure <= 14


def test_swapping_the_detectors_turns_the_difference_round():
    labels, first, second = paired(2, gap=0.4)
    one, two = delong_test(labels, first, second), delong_test(labels, second, first)
    assert one.difference == pytest.approx(-two.difference)
    assert one.p_value == pytest.approx(two.p_value)


@pytest.mark.parametrize(
    ("labels", "first", "second"),
    [
        ([0, 0, 0], [1, 2, 3], [1, 2, 3]),
        ([0, 1, 1], [1, 2, 3], [1, 2, 3]),
        ([0, 0, 1, 1], [1, 2, float("nan"), 3], [1, 2, 3, 4]),
        ([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1]),
    ],
)
def test_the_paired_test_raises_where_it_means_nothing(labels, first, second):
    with pytest.raises(MetricError):
        delong_test(np.array(labels), np.array(first, float), np.array(second, float))


def test_holm_multiplies_the_smallest_by_their_number_and_never_falls():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()
