"""Define the default training settings of a method: those that its paper states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from detectors.augmentation.augment import AugmentConfig

Optimizer = Literal["adamw", "adam", "sgd"]
Diet = Literal["forged", "self_blended", "twins"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Store the training settings of a method; `TrainConfig.of` converts them to a run's settings.

    Attributes:
        optimizer: AdamW, Adam, or SGD with momentum 0.9.
        learning_rate: Peak rate.
        weight_decay: Weight decay of the optimiser.
        batch_size: Crops (or clips) per step, half of them genuine; an even number.
        epochs: Maximum number of passes over the data.
        sam_radius: Radius ρ of sharpness-aware minimisation; None trains without it.
        ema_decay: Decay of the running mean of the weights; None keeps the last weights of an epoch.
        diet: Source of the manipulated training examples: forgeries, self-blends, or twins of genuine crops.
        augment: Settings of the augmentation.
    """

    optimizer: Optimizer = "adamw"
    learning_rate: float = 5e-3
    weight_decay: float = 0.02
    batch_size: int = 32
    epochs: int = 8
    sam_radius: float | None = None
    ema_decay: float | None = None
    diet: Diet = "forged"
    augment: AugmentConfig = field(default_factory=AugmentConfig)
