"""Test that the shipped detector's weights always give the same scores."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors import load_detector, read_card
from detectors.checkpoints import SHIPPED

LOGITS = (0.40858591, 2.46880007, -1.49861908, -0.63253532)
"""Logits of the crops below, recorded when the weights were shipped."""


PHOTO_LOGITS = (-1.36776650, -0.81890178, -1.24603271, -1.24601233)
"""The same for the detector of photographs."""


def golden_crops(side=128):
    rng = np.random.default_rng(0)
    grain = rng.integers(60, 190, (4, 1, 1, 3)) + rng.normal(0, 25, (4, side, side, 3))
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


def test_the_photo_detector_scores_as_on_the_day_it_was_shipped_and_knows_that_grain_is_no_face():
    detector = load_detector("photo")
    logits, _ = detector.embed(golden_crops(224))
    assert logits == pytest.approx(PHOTO_LOGITS, abs=2e-3)
    assert detector.score(golden_crops(224)).in_scope is False


def test_the_photo_detector_is_small_comes_with_everything_and_says_what_it_was_measured_on():
    detector, card = load_detector("photo"), read_card("photo")
    assert sum(file.stat().st_size for file in (SHIPPED / "photo").iterdir()) < 16e6
    assert detector.calibration is not None
    assert detector.thresholds is not None and detector.thresholds.fpr_1 >= detector.thresholds.fpr_5
    assert detector.decision is not None and 0 < detector.decision.lower < detector.decision.upper < 1
    assert (detector.spec.crop_contract["input_size"], detector.spec.smallest_face) == (224, 96)
    assert "85 people" in card.measured_on and "diffusion" in card.note
