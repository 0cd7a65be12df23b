"""Fit a detector's calibration, scope gates and thresholds, all on validation crops."""

from __future__ import annotations

import numpy as np

from detectors.augmentation.compression import jpeg_roundtrip
from detectors.interpretation.appearance import describe
from detectors.interpretation.calibration import fit_calibration
from detectors.interpretation.scope import Evidence, fit_scope
from detectors.interpretation.thresholds import fit_thresholds
from detectors.scoring import Detector

from .config import TrainConfig
from .crop_sets import Crops, TrainingSet

_SCOPE_CROPS = 1024


def fit_reading(detector: Detector, known: TrainingSet, held: TrainingSet, config: TrainConfig) -> None:
    """Fit calibration, scope gates and thresholds of a trained detector.

    Args:
        detector: Detector that receives calibration, scope and thresholds.
        known: Crops it was trained on; a sample of them fits the gates.
        held: Validation crops, which fit everything else.
        config: Settings that contain seed, quantiles and the range of JPEG qualities.

    Raises:
        TrainingError: There are too few crops.
    """
    rng = np.random.default_rng([config.seed, 2**31 + 1])
    count = min(_SCOPE_CROPS, len(known.crops))
    sample = rng.choice(len(known.crops), count, replace=False)
    seen = _evidence(detector, known.crops[sample], rng, config)
    logits, _ = detector.embed(held.crops)
    detector.calibration = fit_calibration(logits, held.labels)
    detector.scope = fit_scope(
        seen,
        _evidence(detector, held.crops, rng, config),
        quantile=config.scope_quantile,
        appearance_quantile=config.appearance_quantile,
    )
    detector.thresholds = fit_thresholds(detector.calibration.probabilities(logits[held.labels == 0]))


def _evidence(detector: Detector, crops: Crops, rng: np.random.Generator, config: TrainConfig) -> Evidence:
    """Compute gate inputs of crops and of recompressed copies, so that a second JPEG stays in scope."""
    low, high = config.augment.jpeg_quality
    qualities = rng.integers(low, high + 1, len(crops))
    frames = crops.reshape(len(crops), -1, *crops.shape[-3:])
    copies = [
        np.stack([jpeg_roundtrip(frame, int(quality)) for frame in clip])
        for clip, quality in zip(frames, qualities, strict=True)
    ]
    both = np.concatenate([crops, np.stack(copies).reshape(crops.shape)])
    _, features = detector.embed(both)
    return Evidence(features, describe(both.reshape(-1, *both.shape[-3:])))
