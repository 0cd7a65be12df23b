"""Test probabilities, scope and thresholds fitted on validation data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from detectors import TrainingError, fit_calibration, fit_gate, fit_thresholds
from detectors.interpretation.calibration import logistic


def test_the_logistic_function_is_that_of_scipy():
    values = np.concatenate([np.linspace(-700, 700, 2001), [-np.inf, -0.0, np.inf]])
    assert np.allclose(logistic(values), expit(values), rtol=1e-14, atol=0)


def test_calibration_finds_the_scale_and_bias_that_made_the_labels():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, 20_000)
    labels = (rng.random(20_000) < expit(0.5 * logits)).astype(int)
    found = fit_calibration(logits, labels)
    assert found.scale == pytest.approx(0.5, abs=0.03)
    assert found.temperature == pytest.approx(2, abs=0.12)
    assert found.bias == pytest.approx(0, abs=0.05)


def test_calibration_agrees_with_logistic_regression_with_balanced_classes():
    rng = np.random.default_rng(1)
    labels = (rng.random(3000) < 0.2).astype(int)
    logits = rng.normal(2 * labels - 3, 1.5)
    reference = LogisticRegression(C=1e9, class_weight="balanced").fit(logits[:, None], labels)
    found = fit_calibration(logits, labels)
    assert found.scale == pytest.approx(reference.coef_[0, 0], rel=0.03)
    assert found.bias == pytest.approx(reference.intercept_[0], abs=0.05)


def test_calibration_of_separable_data_stays_finite_and_ordered():
    logits = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    found = fit_calibration(logits, np.array([0, 0, 0, 1, 1, 1]))
    probabilities = found.probabilities(logits)
    assert (np.diff(probabilities) > 0).all()
    assert 0 < probabilities[0] < 0.25 < 0.75 < probabilities[-1] < 1


def test_calibration_never_turns_a_ranking_round():
    logits = np.linspace(-2, 2, 50)
    found = fit_calibration(logits, (logits < 0).astype(int))
    assert found.scale > 0


@pytest.mark.parametrize(("logits", "labels"), [([1.0, 2.0], [1, 1]), ([1.0, np.nan], [0, 1])])
def test_calibration_refuses_what_it_cannot_fit(logits, labels):
    with pytest.raises(TrainingError):
        fit_calibration(np.array(logits), np.array(labels))


def test_the_scope_gate_lets_in_the_stated_share_of_validation_and_keeps_strangers_out():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(12, 12))
    training, validation, fresh = (rng.normal(size=(400, 12)) @ mixing for _ in range(3))
    gate = fit_gate(training, validation, quantile=0.95)
    assert (gate.distances(validation) <= gate.threshold).mean() == pytest.approx(0.95, abs=0.01)
    assert (gate.distances(fresh) <= gate.threshold).mean() == pytest.approx(0.95, abs=0.04)
    assert (gate.distances(fresh + 8 * mixing[0]) > gate.threshold).mean() > 0.95


def test_the_distance_of_the_gate_is_the_mahalanobis_distance():
    rng = np.random.default_rng(0)
    training = rng.normal(size=(50_000, 3)) * (1, 2, 3)
    gate = fit_gate(training, training[:100])
    point = np.array([[2.0, 2.0, -3.0]])
    expected = np.sqrt(((point / (1, 2, 3)) ** 2).sum() / 3)
    assert gate.distances(point)[0] == pytest.approx(expected, rel=0.02)


def test_one_odd_frame_does_not_put_a_clip_out_of_scope_but_most_frames_do():
    rng = np.random.default_rng(0)
    gate = fit_gate(rng.normal(size=(300, 6)), rng.normal(size=(300, 6)))
    clip = np.zeros((5, 6))
    clip[0] = 50
    assert gate.contains(clip)
    clip[:3] = 50
    assert not gate.contains(clip)


def test_fewer_crops_than_features_still_give_a_gate():
    rng = np.random.default_rng(0)
    gate = fit_gate(rng.normal(size=(20, 64)), rng.normal(size=(20, 64)))
    assert np.isfinite(gate.threshold)
    assert not gate.contains(np.full((1, 64), 30.0))


def test_the_gate_refuses_too_few_crops_and_broken_features():
    with pytest.raises(TrainingError, match="at least 8"):
        fit_gate(np.zeros((4, 2)), np.zeros((9, 2)))
    with pytest.raises(TrainingError, match="finite"):
        fit_gate(np.full((9, 2), np.nan), np.zeros((9, 2)))


@pytest.mark.parametrize("count", [1, 19, 20, 100, 137, 1000])
def test_thresholds_never_flag_more_genuine_samples_than_they_say(count):
    values = np.random.default_rng(count).random(count).round(2)
    found = fit_thresholds(values, level="video")
    assert (values > found.fpr_1).mean() <= 0.01
    assert (values > found.fpr_5).mean() <= 0.05
    assert found.fpr_5 <= found.fpr_1
    assert (found.level, found.n_negative) == ("video", count)


def test_a_threshold_wastes_nothing_where_scores_are_distinct():
    values = np.arange(1000) / 1000
    assert (values > fit_thresholds(values).fpr_5).mean() == 0.05


def test_thresholds_want_samples():
    with pytest.raises(TrainingError):
        fit_thresholds(np.array([]))
