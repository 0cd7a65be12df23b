"""Calibration measures against bins filled by hand, and on probabilities that saturate."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from forensics.evaluation import MetricError, balanced_ece, brier, brier_parts, ece, log_loss


def sample(seed, count=300, decimals=None):
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.3).astype(int)
    labels[:2] = (0, 1)
    values = 1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1.5)))
    return labels, values if decimals is None else values.round(decimals)


def bins_by_hand(values, bins, binning):
    """Fill bins one sample after the other."""
    ordered = np.sort(values)
    found = {}
    for row, value in enumerate(values):
        rank = int((ordered < value).sum())
        place = min(int(value * bins), bins - 1) if binning == "equal_width" else rank * bins // len(values)
        found.setdefault(place, []).append(row)
    return list(found.values())


@pytest.mark.parametrize("binning", ["equal_width", "equal_mass"])
@pytest.mark.parametrize("decimals", [None, 2, 1])
@pytest.mark.parametrize("seed", range(3))
def test_the_parts_are_those_of_bins_filled_by_hand_and_sum_to_the_brier_score(seed, decimals, binning):
    labels, values = sample(seed, decimals=decimals)
    parts = brier_parts(labels, values, bins=10, binning=binning)
    reliability = resolution = within = 0.0
    for rows in bins_by_hand(values, 10, binning):
        p, y = values[rows], labels[rows]
        reliability += len(rows) * (p.mean() - y.mean()) ** 2
        resolution += len(rows) * (y.mean() - labels.mean()) ** 2
        within += ((p - p.mean()) ** 2).sum() - 2 * ((p - p.mean()) * (y - y.mean())).sum()
    assert parts.reliability == pytest.approx(reliability / len(labels))
    assert parts.resolution == pytest.approx(resolution / len(labels))
    assert parts.within == pytest.approx(within / len(labels), abs=1e-12)
    assert parts.uncertainty == pytest.approx(labels.var())
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert total == pytest.approx(brier_score_loss(labels, values)) == brier(labels, values)


def test_with_one_probability_to_a_bin_nothing_is_lost_within():
    labels, values = sample(1, decimals=1)
    assert brier_parts(labels, values, bins=11, binning="equal_width").within == pytest.approx(0, abs=1e-15)


def test_the_balanced_error_is_that_of_a_table_with_the_rarer_class_repeated():
    rng = np.random.default_rng(3)
    labels = np.repeat([1, 0], [40, 160])
    values = np.where(labels == 1, rng.beta(4, 2, 200), rng.beta(2, 4, 200))
    rows = np.concatenate((np.tile(np.arange(40), 4), np.arange(40, 200)))
    assert balanced_ece(labels, values) == pytest.approx(ece(labels[rows], values[rows]))
    assert balanced_ece(labels, values) != pytest.approx(ece(labels, values))


@pytest.mark.parametrize("binning", ["equal_width", "equal_mass"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.0, 1.0, 1.0], 0.0), ([1.0, 1.0, 0.0, 0.0], 1.0), ([1.0] * 4, 0.5), ([0.0] * 4, 0.5), ([0.5] * 4, 0.0)],
)
def test_saturated_and_constant_probabilities_have_their_known_error(values, expected, binning):
    labels = np.array([0, 0, 1, 1])
    assert ece(labels, np.array(values), binning=binning) == pytest.approx(expected)
    assert balanced_ece(labels, np.array(values)) == pytest.approx(expected)
    assert brier(labels, np.array(values)) == pytest.approx(np.mean((np.array(values) - labels) ** 2))
    assert np.isfinite(log_loss(labels, np.array(values)))


def test_a_certain_error_costs_a_finite_loss():
    assert log_loss(np.array([1]), np.array([0.0])) == pytest.approx(-np.log(1e-12))


def test_one_sample_is_a_bin_of_its_own():
    assert ece(np.array([1]), np.array([0.7])) == pytest.approx(0.3)
    parts = brier_parts(np.array([1]), np.array([0.7]))
    assert (parts.reliability, parts.resolution, parts.uncertainty) == pytest.approx((0.09, 0.0, 0.0))


@pytest.mark.parametrize("metric", [ece, balanced_ece, brier_parts])
def test_no_bins_no_sample_and_no_probability_are_refused(metric):
    labels, values = sample(0)
    for call in (
        lambda: metric(labels, values, bins=0),
        lambda: metric(labels[:0], values[:0]),
        lambda: metric(labels, values + 1),
        lambda: metric(labels, np.where(values > 0.9, np.nan, values)),
    ):
        with pytest.raises(MetricError):
            call()


def test_the_balanced_error_wants_both_classes():
    with pytest.raises(MetricError, match="both classes"):
        balanced_ece(np.zeros(4, dtype=int), np.full(4, 0.2))
