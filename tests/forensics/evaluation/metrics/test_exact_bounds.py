"""Bounds of unanimous results, against SciPy's exact binomial interval."""

import numpy as np
import pytest
from scipy.stats import binomtest

from forensics.evaluation import AUC, bootstrap_intervals
from forensics.evaluation.metrics.exact_bounds import People, count_people, unanimous_bounds
from forensics.evaluation.metrics.named_metrics import at_threshold


@pytest.mark.parametrize("trials", [1, 3, 10, 400])
@pytest.mark.parametrize("value", [0, 1])
def test_the_bounds_are_clopper_and_pearson_s(trials, value):
    wanted = binomtest(value * trials, trials).proportion_ci(0.95, "exact")
    assert unanimous_bounds(value, trials) == pytest.approx((wanted.low, wanted.high))


def test_anything_between_gets_none():
    assert unanimous_bounds(0.5, 10) is None


def test_people_are_counted_and_not_their_videos():
    labels = np.array([0, 0, 0, 1, 1, 1])
    identities = [("a",), ("a",), ("b",), ("a", "b"), ("c", "a"), ("d", "a")]
    counted = [count_people(people, labels, identities) for people in People]
    assert counted == [2, 3, 4, 2]


def separated(people=12, videos=3):
    labels = np.repeat(np.arange(people) % 2, videos)
    return labels, labels + np.linspace(0, 0.1, people * videos), [(f"p{i // videos}",) for i in range(people * videos)]


def test_nobody_flagged_and_a_perfect_order_are_no_certainty():
    labels, scores, identities = separated()
    statistics = {"auc": AUC, **at_threshold(0.5)}
    found = bootstrap_intervals(statistics, labels, scores, identities, np.random.default_rng(0), replicates=100)
    assert (found["auc"].low, found["auc"].high) == (pytest.approx(0.025 ** (1 / 6)), 1)
    assert (found["fpr"].low, found["fpr"].high) == (0, pytest.approx(1 - 0.025 ** (1 / 6)))
    assert (found["tpr"].low, found["tpr"].high) == (pytest.approx(0.025 ** (1 / 6)), 1)
    assert found["balanced_accuracy"].low is None


def test_four_people_give_no_interval():
    labels, scores, identities = separated(people=4)
    found = bootstrap_intervals({"auc": AUC}, labels, scores, identities, np.random.default_rng(0), replicates=100)
    assert (found["auc"].low, found["auc"].high) == (None, None)
