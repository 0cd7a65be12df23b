"""Metrics against scikit-learn and brute force, and on data where they mean nothing."""

import itertools

import numpy as np
import pytest
from sklearn import metrics as reference

from forensics.evaluation import (
    MetricError,
    auc,
    average_precision,
    balanced_accuracy,
    brier,
    ece,
    eer,
    false_positive_rate,
    log_loss,
    tpr_at_fpr,
    true_positive_rate,
)

ALL = [
    auc,
    average_precision,
    eer,
    lambda labels, scores: tpr_at_fpr(labels, scores, 0.05),
    lambda labels, scores: balanced_accuracy(labels, scores, 0.5),
    lambda labels, scores: false_positive_rate(labels, scores, 0.5),
    lambda labels, scores: true_positive_rate(labels, scores, 0.5),
    log_loss,
    brier,
    ece,
]


def sample(seed, count=200, decimals=None, prevalence=0.4):
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < prevalence).astype(int)
    labels[:2] = (0, 1)
    scores = 1 / (1 + np.exp(-rng.normal(1.2 * labels - 0.6, 1)))
    return labels, scores if decimals is None else scores.round(decimals)


CASES = [sample(seed, decimals=decimals) for seed, decimals in itertools.product(range(4), (None, 2, 1))]


@pytest.mark.parametrize(("labels", "scores"), CASES)
def test_metrics_agree_with_scikit_learn(labels, scores):
    assert auc(labels, scores) == pytest.approx(reference.roc_auc_score(labels, scores))
    found = average_precision(labels, scores)
    assert found.value == pytest.approx(reference.average_precision_score(labels, scores))
    assert found.prevalence == pytest.approx(labels.mean())
    flagged = (scores > 0.45).astype(int)
    assert balanced_accuracy(labels, scores, 0.45) == pytest.approx(reference.balanced_accuracy_score(labels, flagged))
    assert brier(labels, scores) == pytest.approx(reference.brier_score_loss(labels, scores))
    inner = np.clip(scores, 1e-9, 1 - 1e-9)
    assert log_loss(labels, inner) == pytest.approx(reference.log_loss(labels, inner))


@pytest.mark.parametrize(("labels", "scores"), CASES)
def test_auc_is_the_share_of_pairs_won_with_ties_counting_half(labels, scores):
    gaps = scores[labels == 1][:, None] - scores[labels == 0][None]
    assert auc(labels, scores) == pytest.approx(((gaps > 0) + 0.5 * (gaps == 0)).mean())


@pytest.mark.parametrize(("labels", "scores"), CASES)
@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.3])
def test_the_operating_point_is_the_best_threshold_a_scan_finds(labels, scores, rate):
    found = tpr_at_fpr(labels, scores, rate)
    negative, positive = scores[labels == 0], scores[labels == 1]
    allowed = [value for value in np.unique(scores) if (negative > value).mean() <= rate + 1e-12]
    assert found.tpr == max((positive > value).mean() for value in allowed)
    assert found.fpr == (negative > found.threshold).mean() <= rate
    assert found.tpr == true_positive_rate(labels, scores, found.threshold)
    assert found.fpr == false_positive_rate(labels, scores, found.threshold)


def test_an_operating_point_resting_on_a_handful_of_samples_says_so():
    labels = np.array([0] * 178 + [1] * 340)
    scores = np.random.default_rng(0).random(518)
    assert not tpr_at_fpr(labels, scores, 0.01).reliable
    assert not tpr_at_fpr(labels, scores, 0.05).reliable
    assert tpr_at_fpr(np.repeat(labels, 6), np.repeat(scores, 6), 0.01).reliable


@pytest.mark.parametrize(("labels", "scores"), CASES)
def test_the_equal_error_rate_is_where_the_interpolated_roc_meets_the_diagonal(labels, scores):
    false, true, _ = reference.roc_curve(labels, scores, drop_intermediate=False)
    grid = np.linspace(0, 1, 200_001)
    brute = grid[np.argmin(np.abs(1 - np.interp(grid, false, true) - grid))]
    found = eer(labels, scores)
    vertical = 1 / (labels == 0).sum()  # a vertical step of the ROC has many values at one rate
    assert found.rate == pytest.approx(brute, abs=max(2e-5, vertical * 1e-3))
    assert scores.min() - 1e-9 <= found.threshold <= scores.max()


def test_the_equal_error_threshold_balances_both_errors():
    labels, scores = sample(3, count=20_000)
    found = eer(labels, scores)
    assert false_positive_rate(labels, scores, found.threshold) == pytest.approx(found.rate, abs=1e-3)
    assert 1 - true_positive_rate(labels, scores, found.threshold) == pytest.approx(found.rate, abs=1e-3)


@pytest.mark.parametrize(
    ("scores", "area", "equal", "caught"),
    [
        ([0.1, 0.2, 0.8, 0.9], 1.0, 0.0, 1.0),
        ([0.9, 0.8, 0.2, 0.1], 0.0, 1.0, 0.0),
        ([0.5, 0.5, 0.5, 0.5], 0.5, 0.5, 0.0),
    ],
)
def test_perfect_reversed_and_constant_scores_have_their_known_values(scores, area, equal, caught):
    labels, values = np.array([0, 0, 1, 1]), np.array(scores)
    assert auc(labels, values) == area
    assert eer(labels, values).rate == pytest.approx(equal)
    assert tpr_at_fpr(labels, values, 0.05).tpr == caught


@pytest.mark.parametrize("metric", [auc, average_precision, eer, ALL[3], ALL[4]])
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_raises(metric, label):
    with pytest.raises(MetricError):
        metric(np.full(5, label), np.linspace(0.1, 0.9, 5))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        ([0, 1, 1], [0.1, float("nan"), 0.3]),
        ([0, 1, 1], [0.1, float("inf"), 0.3]),
        ([0, 1], [0.1, 0.2, 0.3]),
        ([0, 2, 1], [0.1, 0.2, 0.3]),
        ([], []),
    ],
)
def test_no_metric_answers_with_a_number_where_it_is_undefined(metric, labels, scores):
    with pytest.raises(MetricError):
        metric(np.array(labels, dtype=int), np.array(scores, dtype=float))


@pytest.mark.parametrize("metric", [log_loss, brier, ece])
def test_probabilities_outside_their_range_raise(metric):
    with pytest.raises(MetricError, match="0–1"):
        metric(np.array([0, 1]), np.array([0.5, 1.2]))


def test_a_target_rate_or_threshold_out_of_range_raises():
    labels, scores = sample(0)
    with pytest.raises(MetricError, match="target"):
        tpr_at_fpr(labels, scores, 1.0)
    with pytest.raises(MetricError, match="threshold"):
        false_positive_rate(labels, scores, float("nan"))
    with pytest.raises(MetricError, match="bin"):
        ece(labels, scores, bins=0)


def test_rates_at_a_threshold_need_only_their_own_class():
    assert false_positive_rate(np.zeros(4, int), np.array([0.1, 0.4, 0.6, 0.9]), 0.5) == 0.5
    assert true_positive_rate(np.ones(4, int), np.array([0.1, 0.4, 0.6, 0.9]), 0.5) == 0.5


def test_a_score_on_the_threshold_is_not_flagged():
    assert false_positive_rate(np.array([0]), np.array([0.5]), 0.5) == 0


def brute_ece(labels, values, edges):
    total = 0.0
    for low, high in itertools.pairwise(edges):
        last = high == edges[-1]
        inside = (values >= low) & ((values < high) | (last & (values <= high)))
        if inside.any():
            total += inside.sum() * abs(values[inside].mean() - labels[inside].mean())
    return total / len(values)


@pytest.mark.parametrize("seed", range(3))
def test_the_calibration_error_agrees_with_bins_filled_by_hand(seed):
    labels, scores = sample(seed, count=300)
    assert ece(labels, scores, binning="equal_width") == pytest.approx(brute_ece(labels, scores, np.linspace(0, 1, 16)))
    order = np.argsort(scores)
    by_hand = sum(abs((scores[part] - labels[part]).sum()) for part in np.array_split(order, 15)) / 300
    assert ece(labels, scores) == pytest.approx(by_hand)


def test_a_probability_of_one_is_counted():
    assert ece(np.zeros(4, int), np.ones(4), binning="equal_width") == 1
    assert ece(np.zeros(4, int), np.ones(4)) == 1
    assert np.isfinite(log_loss(np.zeros(4, int), np.ones(4)))


def test_equal_probabilities_share_a_bin_whatever_their_order():
    labels = np.array([0, 1] * 50)
    assert ece(labels, np.full(100, 0.5)) == pytest.approx(0)
    assert ece(np.sort(labels), np.full(100, 0.5)) == pytest.approx(0)
