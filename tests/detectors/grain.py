"""Provide crops that a toy detector can separate."""

from __future__ import annotations

import numpy as np

from detectors import TrainingSet


def crops_of(count: int = 64, seed: int = 0, people: int = 8) -> TrainingSet:
    """Return genuine crops of grainy colour and manipulated ones with smoothed grain."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    base = rng.integers(60, 190, (count, 1, 1, 3))
    grain = rng.normal(0, 25, (count, 64, 64, 3))
    smooth = (grain + np.roll(grain, 1, 1) + np.roll(grain, 1, 2) + np.roll(grain, (1, 1), (1, 2))) / 4
    crops = base + np.where(labels[:, None, None, None] == 1, smooth, grain)
    groups = [f"{seed}-{index // 2 % people}" for index in range(count)]
    return TrainingSet(crops.clip(0, 255).astype(np.uint8), labels, groups)
