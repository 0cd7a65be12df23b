"""Moved face boxes."""

import numpy as np
import pytest

from forensics.distortions.geometry import jitter, rescale

BOXES = np.array([[10, 20, 50, 80], [0, 0, 100, 100]], np.float32)
LANDMARKS = np.random.default_rng(0).uniform(10, 50, (2, 68, 2)).astype(np.float32)


def test_a_wider_box_keeps_its_centre():
    boxes, landmarks = rescale(BOXES, LANDMARKS, 1.5, np.random.default_rng(0))
    assert boxes[0] == pytest.approx([0, 5, 60, 95])
    centre = (BOXES[:, None, :2] + BOXES[:, None, 2:]) / 2
    assert landmarks - centre == pytest.approx(1.5 * (LANDMARKS - centre), abs=1e-4)


def test_jitter_shifts_box_and_landmarks_together_within_its_reach():
    boxes, landmarks = jitter(BOXES, LANDMARKS, 0.2, np.random.default_rng(0))
    shift = boxes[:, :2] - BOXES[:, :2]
    assert boxes[:, 2:] - BOXES[:, 2:] == pytest.approx(shift, abs=1e-4)
    assert landmarks - LANDMARKS == pytest.approx(np.broadcast_to(shift[:, None], LANDMARKS.shape), abs=1e-4)
    reach = 0.2 * (BOXES[:, 2:] - BOXES[:, :2])
    assert (np.abs(shift) <= reach).all()
    assert not np.array_equal(shift[0] / reach[0], shift[1] / reach[1])


def test_jitter_uses_its_reach_evenly():
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (4000, 1))
    moved, _ = jitter(boxes, np.zeros((4000, 68, 2), np.float32), 0.1, np.random.default_rng(0))
    assert moved[:, :2].mean() == pytest.approx(0, abs=0.03)
    assert moved[:, :2].std() == pytest.approx(2 / np.sqrt(12), rel=0.05)
