"""Define the interface of training objectives: one small class per way of training."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from generator.errors import TrainingError
from generator.network.model import AniFaceDiff
from generator.network.patch_codec import PatchCodec
from generator.training.config import TrainConfig
from generator.training.data.batch import Batch

from .clean_latent import CleanLatent
from .velocity import Velocity

Losses = dict[str, Tensor]
"""Scalars by name; "loss" is minimised."""


class Objective(Protocol):
    """Compute the losses of a batch."""

    def __call__(self, model: AniFaceDiff, batch: Batch, generator: torch.Generator) -> Losses:
        """Return the losses.

        Args:
            model: The network.
            batch: Batch on the network's device.
            generator: Random generator on the CPU for times, noise and drops, so that they do not depend on the device.
        """


def open_objective(model: AniFaceDiff, config: TrainConfig) -> Objective:
    """Return the objective of a model's stage.

    Raises:
        TrainingError: The model has no such stage.
    """
    if config.stage == 2 and model.motion is None:
        raise TrainingError(f"stage 2 trains temporal modules, and {model.config.preset} has none; choose stage 1")
    if isinstance(model.codec, PatchCodec):
        return CleanLatent(config.objective)
    if model.config.prediction != "v_prediction":
        raise TrainingError(
            f"{model.config.preset} predicts the {model.config.prediction}; only velocities are trained"
        )
    return Velocity(config.objective, config.stage)


class Task(nn.Module):
    """Combine a network and its objective in one module whose forward pass returns the losses, for data parallelism.

    Args:
        model: The network.
        objective: Objective to minimise.
    """

    def __init__(self, model: AniFaceDiff, objective: Objective) -> None:
        super().__init__()
        self.model, self._objective = model, objective

    def forward(self, batch: Batch, generator: torch.Generator) -> Losses:
        """Return the losses of a batch."""
        return self._objective(self.model, batch, generator)


def trained_parameters(model: AniFaceDiff, stage: int) -> dict[str, nn.Parameter]:
    """Return the parameters that a stage trains, by name.

    Stage 1 trains the denoiser, the part of the reference network that its features depend on, the map encoders and the
    Expression Adapter; for a model with a patch codec it trains all parameters. Stage 2 trains the temporal modules.
    The autoencoder and CLIP stay fixed.
    """
    from generator.network.unet import trainable_reference_parameters

    if stage == 2:
        return {name: p for name, p in model.named_parameters() if name.startswith("motion.")}
    used = {id(p) for p in trainable_reference_parameters(model.reference_net)}
    fixed = ("motion.", "codec.", "context.encoder.")
    return {
        name: p
        for name, p in model.named_parameters()
        if not name.startswith(fixed) and (id(p) in used or not name.startswith("reference_net."))
    }
