"""Define the settings of a training run: frozen dataclasses for both presets and stages, and three recipes.

The files in `configs/` contain the recipes in full, and state the origin of every value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from generator.avatars import STYLES
from generator.errors import TrainingError
from generator.network.config import MINI, SD15, ModelConfig
from generator.network.temporal import LONGEST_WINDOW

Stage = Literal[1, 2]


def _check(fits: bool, name: str, value: object, expected: str) -> None:
    if not fits:
        raise TrainingError(f"{name} is {value!r}, expected {expected}")


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Configure which frames a training step uses.

    Attributes:
        sources: Sources per process and micro-step.
        targets: Number of frames drawn for each source: independent ones in stage 1, a window in stage 2.
        strides: Possible steps between a window's frames; one is chosen per window.
        apart: Minimum distance in frames between a source and its targets, where the clip is long enough.
        within: Maximum distance in frames between them.
        avatars: Number of avatars whose scenes a layered model is trained on.
        codec_scenes: Number of those scenes that a patch codec is fitted on.
        withheld_maps: Spatial maps that are blanked, for ablations.
        holdout_styles: Styles of avatars that only validation uses.
        holdout_identities: Names of a data set's identities that only validation uses.
        holdout_share: Share of a data set's other identities that only validation uses, chosen by the hash of their
            names.
        tracker: Tracker that reads the parameters of a data set.
        tracker_weights: Model file of the tracker; "" where it needs none.
        face_model_file: The face model's file; "" where it needs none.
        piece: Length in frames of the pieces that long clips are cut into.
        workers: Number of processes that prepare examples; 0 prepares them in the training process.
    """

    sources: int = 3
    targets: int = 7
    strides: tuple[int, ...] = (1,)
    apart: int = 30
    within: int = 240
    avatars: int = 1063
    codec_scenes: int = 200
    withheld_maps: tuple[str, ...] = ()
    holdout_styles: tuple[str, ...] = ()
    holdout_identities: tuple[str, ...] = ()
    holdout_share: float = 0.02
    tracker: str = "arkit"
    tracker_weights: str = ""
    face_model_file: str = ""
    piece: int = 240
    workers: int = 1

    def __post_init__(self) -> None:
        _check(self.sources >= 1, "data.sources", self.sources, "at least 1")
        _check(self.targets >= 1, "data.targets", self.targets, "at least 1")
        _check(min(self.strides, default=0) >= 1, "data.strides", self.strides, "whole numbers above 0")
        _check(0 <= self.apart <= self.within, "data.apart", self.apart, "0 to data.within")
        _check(self.within >= 1, "data.within", self.within, "at least 1")
        _check(self.avatars >= 1, "data.avatars", self.avatars, "at least 1")
        _check(self.codec_scenes >= 1, "data.codec_scenes", self.codec_scenes, "at least 1")
        _check(self.piece >= 2, "data.piece", self.piece, "at least 2")
        _check(self.workers >= 0, "data.workers", self.workers, "0 or more")
        _check(0 <= self.holdout_share < 1, "data.holdout_share", self.holdout_share, "0 or more, below 1")
        strange = sorted(set(self.holdout_styles) - set(STYLES))
        _check(not strange, "data.holdout_styles", strange, f"styles out of {', '.join(STYLES)}")
        _check(
            len(set(self.holdout_styles)) < len(STYLES), "data.holdout_styles", self.holdout_styles, "not all styles"
        )


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """Configure the optimiser.

    Attributes:
        rate: AdamW's peak rate.
        schedule: "constant", or a "cosine" from `rate` to `final * rate`.
        warmup: Number of steps of linear warm-up.
        final: Final rate of the cosine, as a share of `rate`.
        betas, weight_decay: Parameters of AdamW.
        clip: Maximum norm of the gradient.
        average: Maximum decay of the running mean of the weights.
        accumulate: Number of micro-steps whose gradients are combined in one step.
    """

    rate: float = 8e-4
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup: int = 100
    final: float = 0.02
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.995
    accumulate: int = 1

    def __post_init__(self) -> None:
        _check(self.rate > 0, "optimiser.rate", self.rate, "a number above 0")
        _check(self.warmup >= 0, "optimiser.warmup", self.warmup, "0 or more")
        _check(0 <= self.final <= 1, "optimiser.final", self.final, "0 to 1")
        _check(all(0 <= beta < 1 for beta in self.betas), "optimiser.betas", self.betas, "two numbers in [0, 1)")
        _check(self.clip > 0, "optimiser.clip", self.clip, "a number above 0")
        _check(0 <= self.average < 1, "optimiser.average", self.average, "0 or more, below 1")
        _check(self.accumulate >= 1, "optimiser.accumulate", self.accumulate, "at least 1")


@dataclass(frozen=True, slots=True)
class ObjectiveConfig:
    """Configure the loss.

    Attributes:
        drop_source: Share of sources that lose reference, context token and expression together (velocity only).
        drop_expression: Share that loses the expression alone.
        min_snr: Gamma of the min-SNR weighting; 0 gives all times the same weight (velocity only).
        noise_offset: Standard deviation of the noise that is constant over a picture (velocity only).
        window: Side in latent cells of the part in which the composed picture is compared (clean latent only).
        perceptual: Weight of the distance of ImageNet features of the composed picture (clean latent only).
        features: File of EfficientNet-Lite0's ImageNet weights that give these features; "" leaves them out.
    """

    drop_source: float = 0.0
    drop_expression: float = 0.05
    min_snr: float = 5.0
    noise_offset: float = 0.05
    window: int = 8
    perceptual: float = 0.6
    features: str = ""

    def __post_init__(self) -> None:
        _check(self.drop_source >= 0 and self.drop_expression >= 0 and self.drop_source + self.drop_expression <= 1,
               "objective.drop_source and drop_expression", (self.drop_source, self.drop_expression),
               "shares whose sum is at most 1")  # fmt: skip
        _check(self.min_snr >= 0, "objective.min_snr", self.min_snr, "0 or more")
        _check(self.noise_offset >= 0, "objective.noise_offset", self.noise_offset, "0 or more")
        _check(self.window >= 1, "objective.window", self.window, "at least 1")
        _check(self.perceptual >= 0, "objective.perceptual", self.perceptual, "0 or more")


@dataclass(frozen=True, slots=True)
class ValidationConfig:
    """Configure what is measured on held-out identities during training.

    Attributes:
        every: Number of steps between measurements; 0 measures only at the end.
        sources: Number of held-out sources, each with `data.targets` frames.
        steps: Number of DDIM steps per picture.
        guidance: Scale of classifier-free guidance.
    """

    every: int = 200
    sources: int = 8
    steps: int = 4
    guidance: float = 1.0

    def __post_init__(self) -> None:
        _check(self.every >= 0, "validation.every", self.every, "0 or more")
        _check(self.sources >= 0, "validation.sources", self.sources, "0 or more")
        _check(1 <= self.steps <= 1000, "validation.steps", self.steps, "1 to 1000")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Configure a training run.

    Attributes:
        stage: 1 trains on stills, 2 trains the temporal modules alone.
        steps: Number of optimiser steps.
        seed: Seed of data, initial weights and noise.
        precision: Precision of the forward pass; weights and optimiser stay in float32.
        recompute: Whether activations are recomputed in the backward pass instead of stored.
        checkpoint_every: Number of steps between checkpoints.
        keep: Number of checkpoints that are kept.
        model: Sizes of the model, where training does not start from a model folder.
        data, optimiser, objective, validation: See these classes.
    """

    stage: Stage = 1
    steps: int = 2400
    seed: int = 0
    precision: Literal["no", "fp16", "bf16"] = "no"
    recompute: bool = False
    checkpoint_every: int = 50
    keep: int = 1
    model: ModelConfig = MINI
    data: DataConfig = field(default_factory=DataConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    validation: ValidationConfig = field(default_factory=ValidationConfig)

    def __post_init__(self) -> None:
        _check(self.steps >= 1, "steps", self.steps, "at least 1")
        _check(0 <= self.seed < 2**32, "seed", self.seed, f"0 to {2**32 - 1}")
        _check(self.checkpoint_every >= 1, "checkpoint_every", self.checkpoint_every, "at least 1")
        _check(self.keep >= 1, "keep", self.keep, "at least 1")
        if self.stage == 2:
            frames = self.data.targets
            _check(2 <= frames <= LONGEST_WINDOW, "data.targets", frames, f"a window of 2 to {LONGEST_WINDOW} frames")
        strange = sorted(set(self.data.withheld_maps) - set(self.model.maps))
        _check(not strange, "data.withheld_maps", strange, f"maps of the model: {', '.join(self.model.maps)}")


MINI_RUN = TrainConfig(
    steps=1000,
    data=DataConfig(sources=4, targets=4, holdout_styles=("clay", "comic")),
    optimiser=OptimiserConfig(average=0.998),
    validation=ValidationConfig(every=500, sources=8, steps=2),
)
"""Recipe of `mini` on avatars, with two styles held out; all values are our own."""

STILLS_RUN = TrainConfig(
    stage=1, steps=30_000, precision="bf16", recompute=True, checkpoint_every=1000, keep=2, model=SD15,
    data=DataConfig(sources=4, targets=1, workers=4),
    optimiser=OptimiserConfig(rate=1e-5, schedule="constant", warmup=500, betas=(0.9, 0.999), average=0.9995),
    objective=ObjectiveConfig(drop_source=0.10),
    validation=ValidationConfig(every=1000, sources=8, steps=20, guidance=3.5),
)  # fmt: skip
"""Recipe of `sd15`, stage 1: stills."""

MOTION_RUN = TrainConfig(
    stage=2, steps=10_000, precision="bf16", recompute=True, checkpoint_every=1000, keep=2, model=SD15,
    data=DataConfig(sources=1, targets=24, strides=(1, 2, 4), apart=0, workers=4),
    optimiser=OptimiserConfig(rate=1e-5, schedule="constant", warmup=500, betas=(0.9, 0.999), average=0.9995),
    objective=ObjectiveConfig(drop_source=0.10),
    validation=ValidationConfig(every=1000, sources=2, steps=20, guidance=3.5),
)  # fmt: skip
"""Recipe of `sd15`, stage 2: temporal modules."""


def recipe(preset: str, stage: Stage) -> TrainConfig:
    """Return the recipe of a preset's stage.

    Raises:
        TrainingError: There is no such recipe.
    """
    recipes = {("mini", 1): MINI_RUN, ("sd15", 1): STILLS_RUN, ("sd15", 2): MOTION_RUN}
    if (preset, stage) not in recipes:
        known = ", ".join(f"{name} stage {number}" for name, number in recipes)
        raise TrainingError(f"no training recipe for {preset} stage {stage}; there are: {known}")
    return recipes[preset, stage]
