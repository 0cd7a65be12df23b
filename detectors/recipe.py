"""Define the default training settings of a method: those that its paper states."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from detectors.augmentation.augment import AugmentConfig

Optimizer = Literal["adamw", "adam", "sgd"]


class TrainingSource(StrEnum):
    """Where the manipulated crops that a detector learns from come from."""

    FORGED = "forged"
    """Forgeries."""
    SELF_BLENDED = "self-blended"
    """Self-blends of genuine faces, blended anew in every epoch."""
    TWINS = "twins"
    """Forgeries that stand beside their genuine twins."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hold the training settings of a method; `TrainConfig.of` turns them into a run's settings.

    Attributes:
        optimizer: AdamW, Adam, or SGD with momentum 0.9.
        learning_rate: Peak rate.
        weight_decay: Of the optimiser.
        batch_size: Crops (or clips) per step, half of them genuine; an even number.
        epochs: Most passes over the data.
        sam_radius: Radius ρ of sharpness-aware minimisation; None trains without.
        ema_decay: Decay of the running mean of the weights; None keeps the last weights of an epoch.
        training_source: What the method is meant to learn from as manipulated.
        augment: How crops are varied.
    """

    optimizer: Optimizer = "adamw"
    learning_rate: float = 5e-3
    weight_decay: float = 0.02
    batch_size: int = 32
    epochs: int = 8
    sam_radius: float | None = None
    ema_decay: float | None = None
    training_source: TrainingSource = TrainingSource.FORGED
    augment: AugmentConfig = field(default_factory=AugmentConfig)
