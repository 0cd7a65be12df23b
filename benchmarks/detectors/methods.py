"""Define five detection methods on one small backbone, so that their rows differ by the method only."""

from __future__ import annotations

from dataclasses import replace

from detectors import Detector, DetectorSpec, TrainConfig, TrainingSource, find_spec
from detectors.creation import build_network

METHODS = ("resnet18", "cnn_aug", "srm", "spsl", "twins")
"""Colour, colour under blur and JPEG, colour and residuals, colour and phase, and ranked twins."""

BLENDED = "sbi"
"""Trained on self-blends of genuine faces, whatever the corpus holds."""


def small_spec(name: str) -> DetectorSpec:
    """Return a method's spec with the backbone, the size and the crop contract of `cpu`."""
    small = find_spec("cpu")
    return replace(
        find_spec(name),
        name=f"small_{name}",
        backbone=small.backbone,
        options=small.options,
        input_size=small.input_size,
        crop_margin=small.crop_margin,
        mean=small.mean,
        std=small.std,
    )


def new_detector(name: str, seed: int) -> Detector:
    """Build an untrained detector of a method."""
    spec = small_spec(name)
    return Detector(spec, build_network(spec, seed=seed))


def settings(name: str, epochs: int, seed: int, rate: float | None = None) -> TrainConfig:
    """Return the method's own augmentation with the recipe of `cpu`: all methods begin from random weights."""
    changes = {} if rate is None else {"learning_rate": rate}
    augment = find_spec(name).recipe.augment
    return TrainConfig.of(find_spec("cpu"), augment=augment, epochs=epochs, seed=seed, patience=epochs, **changes)


def training_source_of(name: str) -> TrainingSource:
    """Return what a method learns from as manipulated."""
    return TrainingSource.SELF_BLENDED if name == BLENDED else TrainingSource.FORGED
