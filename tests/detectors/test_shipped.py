"""Test that the shipped detector's weights always give the same scores."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors import load_detector

LOGITS = (0.40858591, 2.46880007, -1.49861908, -0.63253532)
"""Logits of the crops below, recorded when the weights were shipped."""


def golden_crops():
    rng = np.random.default_rng(0)
    grain = rng.integers(60, 190, (4, 1, 1, 3)) + rng.normal(0, 25, (4, 128, 128, 3))
    return np.stack(
        [cv2.GaussianBlur(crop.clip(0, 255).astype(np.uint8), (0, 0), 0.5 + blur) for blur, crop in enumerate(grain)]
    )


def test_the_cpu_detector_scores_as_on_the_day_it_was_shipped():
    detector = load_detector("cpu")
    logits, _ = detector.embed(golden_crops())
    assert logits == pytest.approx(LOGITS, abs=1e-3)
    assert detector.score(golden_crops()).probability == pytest.approx(0.67940816, abs=1e-4)


def test_the_cpu_detector_comes_with_everything_that_reads_its_scores():
    detector = load_detector("cpu")
    assert detector.calibration is not None
    assert detector.scope is not None
    assert detector.thresholds is not None and detector.thresholds.fpr_1 >= detector.thresholds.fpr_5
    assert detector.spec.crop_contract["input_size"] == 128
