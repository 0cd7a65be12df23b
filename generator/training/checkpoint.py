"""Write and read checkpoints: folders that are complete or absent.

A checkpoint is written under a temporary name and renamed when it is complete, so an interruption leaves the earlier
ones. It contains everything that a step depends on: trained weights, their running mean, the optimiser, and the
position of the run. All randomness of a run is determined by its seed and that position, so nothing else is needed for
a bit-exact resume.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import re
import shutil
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from generator.errors import TrainingError
from watermark import hidden_folder, sweep

from .config import TrainConfig

_LOG = logging.getLogger(__name__)

_FOLDER = "checkpoints"
_NAME = re.compile(r"step-(\d{8})")
_FREE = ("steps", "checkpoint_every", "keep", "validation", "data.workers", "precision", "recompute")
"""Settings that may change when a run is resumed."""
_DAMAGE = (
    OSError, KeyError, RuntimeError, ValueError, TypeError, EOFError, SafetensorError, UnpicklingError, struct.error
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a run.

    Attributes:
        step: Completed optimiser steps.
        batches: Number of batches that all processes together have used.
        seconds: Time spent on steps, in seconds.
        history: For every start: step, planned steps, processes.
        config: The settings, as JSON.
        origin: SHA-256 of the model folder that training started from, "" for none.
        metrics: Last measured values, by validation set and name.
    """

    step: int
    batches: int
    seconds: float
    history: tuple[tuple[int, int, int], ...]
    config: Mapping[str, Any]
    origin: str
    metrics: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The complete state from which a run is resumed.

    Attributes:
        position: Position of the run.
        weights: Trained weights, and those that no model folder provided, by name.
        mean: Running mean of the weights, by name.
        optimiser: State of the optimiser, and of the gradient scaler where there is one.
    """

    position: Position
    weights: Mapping[str, Tensor]
    mean: Mapping[str, Tensor]
    optimiser: Mapping[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Write a checkpoint to a run's folder and delete all but the last `keep`.

    Raises:
        TrainingError: The folder cannot be written.
    """
    home = folder / _FOLDER
    final = home / f"step-{checkpoint.position.step:08d}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        sweep(home)
        with hidden_folder(home) as hidden:
            made = hidden / final.name
            made.mkdir()
            for name, tensors in (("weights", checkpoint.weights), ("mean", checkpoint.mean)):
                save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, made / f"{name}.safetensors")
            torch.save(dict(checkpoint.optimiser), made / "optimiser.pt")
            (made / "position.json").write_text(json.dumps(asdict(checkpoint.position), indent=1), "utf-8")
            if final.exists():
                shutil.rmtree(final)
            made.rename(final)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise TrainingError(
            f"{home}: the checkpoint cannot be kept ({error}); free space and run again, it goes on from the last"
        ) from error
    for old in _checkpoints(home)[:-keep]:
        shutil.rmtree(old)
    _LOG.info("wrote checkpoint %s", final)
    return final


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Load the last checkpoint of a run's folder; return None where there is none.

    Raises:
        TrainingError: The checkpoint is damaged.
    """
    found = _checkpoints(folder / _FOLDER)
    if not found:
        return None
    last = found[-1]
    try:
        stored = json.loads((last / "position.json").read_text("utf-8"))
        stored["history"] = tuple(tuple(entry) for entry in stored["history"])
        return Checkpoint(
            Position(**stored), load_file(last / "weights.safetensors"), load_file(last / "mean.safetensors"),
            torch.load(last / "optimiser.pt", weights_only=True, map_location="cpu"),
        )  # fmt: skip
    except _DAMAGE as error:
        raise TrainingError(
            f"{last}: cannot continue from this checkpoint ({' '.join(str(error).split())[:120]}); delete it to "
            "continue from the one before, or start in an empty folder"
        ) from None


def check_settings(folder: Path, before: Mapping[str, Any], config: TrainConfig) -> None:
    """Check that new settings do not make a resumed run another run.

    Raises:
        TrainingError: A setting differs; the message names the first one.
    """
    now = flat(settings(config))
    then = flat(before)
    for name in sorted(now.keys() | then.keys()):
        free = any(name == each or name.startswith(f"{each}.") for each in _FREE)
        if not free and now.get(name) != then.get(name):
            raise TrainingError(
                f"{folder}: this run was started with {name} = {then.get(name)!r}, now it is {now.get(name)!r}; "
                "take the former value, or start in an empty folder"
            )


def settings(config: TrainConfig) -> dict[str, Any]:
    """Return a run's settings as values of JSON types."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings by dotted name."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        out |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return out


def _checkpoints(home: Path) -> list[Path]:
    return sorted(path for path in home.glob("step-*") if _NAME.fullmatch(path.name))
