"""Define the settings of a training run, and the log of its course."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal, Self

from detectors.augmentation.augment import AugmentConfig
from detectors.errors import TrainingError
from detectors.recipe import Optimizer
from detectors.spec import DetectorSpec

from .checkpoint import EpochLog

Precision = Literal["no", "bf16", "fp16"]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Configure how a detector is trained.

    Attributes:
        epochs: Maximum number of passes over the data.
        batch_size: Crops per step over all processes, half of them genuine; an even number.
        learning_rate: Peak rate; it warms up over the first tenth of the steps and falls along a cosine to 2 %.
        weight_decay: Weight decay of the optimiser.
        seed: Seed of order, augmentation and hold-out.
        patience: Epochs without a better validation AUC before training stops.
        validation_share: Share of crops held out by identity where no validation set is given.
        scope_quantile: Share of the validation crops that the scope gate of features lets in.
        appearance_quantile: The same for the scope gate of appearance.
        augment: Settings of the augmentation.
        device: Device on which torch computes.
        max_seconds: Time limit, after which training stops at the end of the epoch; a run that it ends is not
            reproducible.
        optimizer: AdamW, Adam, or SGD with momentum 0.9.
        sam_radius: Radius ρ of sharpness-aware minimisation (Foret et al. 2021), which doubles the time; None trains
            without it.
        ema_decay: Decay of the running mean of the weights, which is then validated and kept; None keeps no mean.
        precision: `bf16` or `fp16` for mixed precision through Accelerate.
    """

    epochs: int = 8
    batch_size: int = 32
    learning_rate: float = 5e-3
    weight_decay: float = 0.02
    seed: int = 0
    patience: int = 4
    validation_share: float = 0.2
    scope_quantile: float = 0.97
    appearance_quantile: float = 0.97
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    device: str = "cpu"
    max_seconds: float | None = None
    optimizer: Optimizer = "adamw"
    sam_radius: float | None = None
    ema_decay: float | None = None
    precision: Precision = "no"

    def __post_init__(self) -> None:
        """Check that the settings can be trained with.

        Raises:
            TrainingError: A number lies outside its range.
        """
        if self.epochs < 1 or self.batch_size < 2 or self.batch_size % 2 or self.patience < 1:
            raise TrainingError("epochs and patience are at least 1 and batch_size is even and at least 2")
        shares = self.validation_share, self.scope_quantile, self.appearance_quantile
        if not self.learning_rate > 0 or not all(0 < share < 1 for share in shares):
            raise TrainingError(
                "learning_rate is above 0, validation_share and the scope quantiles lie between 0 and 1"
            )
        if self.optimizer not in ("adamw", "adam", "sgd") or self.precision not in ("no", "bf16", "fp16"):
            raise TrainingError("optimizer is adamw, adam or sgd, and precision is no, bf16 or fp16")
        if self.sam_radius is not None and (not self.sam_radius > 0 or self.precision == "fp16"):
            raise TrainingError("sam_radius is above 0 and goes with precision no or bf16")
        if self.ema_decay is not None and not 0 < self.ema_decay < 1:
            raise TrainingError("ema_decay lies between 0 and 1")

    @classmethod
    def of(cls, spec: DetectorSpec, **changes: object) -> Self:
        """Return the settings of a detector's recipe, with some of them changed.

        Raises:
            TrainingError: A change has an unknown name or lies outside its range.
        """
        known = {each.name for each in fields(cls)}
        unknown = sorted(changes.keys() - known)
        if unknown:
            raise TrainingError(f"training has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}")
        stated = {each.name: getattr(spec.recipe, each.name) for each in fields(spec.recipe) if each.name in known}
        return cls(**{**stated, **changes})


@dataclass(frozen=True, slots=True)
class TrainLog:
    """Record a training run.

    Attributes:
        epochs: One entry per epoch run.
        best_epoch: Number of the epoch whose weights were kept.
        validation_auc: Frame AUC of the kept weights on the validation crops.
        stopped_early: Whether patience or the clock ended the run.
        n_training: Training crops.
        n_validation: Validation crops.
        data_digest: SHA-256 of the training crops and labels.
        seed: Seed of the run, as configured.
        seconds: Wall time of this call.
    """

    epochs: tuple[EpochLog, ...]
    best_epoch: int
    validation_auc: float
    stopped_early: bool
    n_training: int
    n_validation: int
    data_digest: str
    seed: int
    seconds: float
