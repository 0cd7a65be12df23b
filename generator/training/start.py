"""Load the start of a run: a model folder or random weights, in the run's sizes and precision, or a checkpoint."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

import torch

from generator.errors import TrainingError
from generator.network.config import ModelConfig
from generator.network.model import AniFaceDiff
from generator.network.patch_codec import PatchCodec
from generator.network.weights_io import load_pretrained
from generator.network.weights_layout import read_card
from generator.training.data.batch import to_unit
from generator.training.data.data import TrainingData

from .checkpoint import Checkpoint, Position, check_settings
from .config import TrainConfig, recipe


def with_base(config: TrainConfig, base: Path | None) -> TrainConfig:
    """Return the run with the sizes of the model folder it starts from.

    Raises:
        TrainingError: The run requires other sizes.
        WeightsError: The folder is no model.
    """
    if base is None:
        return config
    sizes: ModelConfig = read_card(base)[1]
    usual = {recipe(*key).model for key in (("mini", 1), ("sd15", 1))}
    if config.model != sizes and config.model not in usual:
        raise TrainingError(
            f"{base}: the settings' table [model] asks for other sizes than this model has; leave it out"
        )
    return replace(config, model=sizes)


def start_model(config: TrainConfig, base: Path | None) -> tuple[AniFaceDiff, str]:
    """Build the network, and return it with the SHA-256 of its model folder, "" for none."""
    if base is None:
        return AniFaceDiff(config.model), ""
    return load_pretrained(base)


def fit_codec(model: AniFaceDiff, data: TrainingData) -> None:
    """Fit a patch codec that no model folder provided."""
    if isinstance(model.codec, PatchCodec) and not model.codec.basis.any():
        model.codec.fit(to_unit(data.pictures()))


def halve_fixed_parts(model: AniFaceDiff, half: torch.dtype | None) -> None:
    """Convert the parts of the network that are never trained to half precision, where it is used."""
    if half is None:
        return
    for part in model.children():
        if not any(parameter.requires_grad for parameter in part.parameters()):
            part.to(half)


def continued(
    folder: Path, found: Checkpoint, fresh: Position, config: TrainConfig, model: AniFaceDiff, trained: AbstractSet[str]
) -> Position:
    """Load a checkpoint's weights into a network; return the position at which the run continues.

    Args:
        folder: Folder of the run, for the error message.
        found: The checkpoint.
        fresh: Position at which the run would begin without it.
        config: Present settings of the run.
        model: Network that receives the weights.
        trained: Names of its trained parameters.

    Raises:
        TrainingError: The checkpoint belongs to another run.
    """
    check_settings(folder, found.position.config, config)
    if found.position.origin != fresh.origin:
        before, now = (position.origin[:12] or "none" for position in (found.position, fresh))
        raise TrainingError(
            f"{folder}: this run was started from model {before}, now the base is {now}; give the former base, or "
            "start in an empty folder"
        )
    state = model.state_dict()
    expected = trained if fresh.origin else set(state)
    if found.weights.keys() != expected or found.mean.keys() != trained:
        raise TrainingError(f"{folder}: the checkpoint is of another model; start in an empty folder")
    model.load_state_dict(state | dict(found.weights))
    history = found.position.history
    _, steps, processes = fresh.history[0]
    if history[-1][1:] != (steps, processes):
        history = (*history, (found.position.step, steps, processes))
    return replace(found.position, history=history)
