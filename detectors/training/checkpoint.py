"""Write a training run to a folder after every epoch, and resume it from there."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from detectors.errors import CheckpointError
from detectors.files import whole_file

from .ema import RunningMean

_LOG = logging.getLogger(__name__)

_WEIGHTS = "progress.safetensors"
_STATE = "progress.json"


@dataclass(frozen=True, slots=True)
class EpochLog:
    """Record one epoch: its number from 0, its mean training loss and the validation frame AUC after it."""

    epoch: int
    loss: float
    validation_auc: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Store the state that a training run has reached.

    Attributes:
        run: Text that identifies detector, settings and data.
        epochs: Completed epochs.
        best_epoch: Number of the epoch with the best validation AUC, −1 before the first.
        best_auc: Validation AUC of that epoch.
        best: State of the network after that epoch.
    """

    run: str
    epochs: tuple[EpochLog, ...]
    best_epoch: int
    best_auc: float
    best: dict[str, Tensor]

    @classmethod
    def fresh(cls, run: str) -> Self:
        """Return the state before the first epoch."""
        return cls(run, (), -1, -1.0, {})

    def after(self, epoch: EpochLog, model: nn.Module) -> Progress:
        """Return the state after one more epoch; the first of equally good epochs is kept."""
        if epoch.validation_auc <= self.best_auc:
            return Progress(self.run, (*self.epochs, epoch), self.best_epoch, self.best_auc, self.best)
        best = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}
        return Progress(self.run, (*self.epochs, epoch), epoch.epoch, epoch.validation_auc, best)


def save_progress(
    folder: Path, state: Progress, model: nn.Module, optimizer: torch.optim.Optimizer, mean: RunningMean | None = None
) -> None:
    """Write the run to a folder.

    The state file is written last, so that a half-written epoch is never resumed.

    Raises:
        CheckpointError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"model.{name}": tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    tensors |= {f"best.{name}": tensor for name, tensor in state.best.items()}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{slot}": tensor.detach().cpu() for slot, tensor in slots.items()}
    if mean is not None:
        tensors |= {f"mean.{name}": tensor.cpu() for name, tensor in mean.tensors.items()}
    weights = f"{len(state.epochs)}-{_WEIGHTS}"
    try:
        save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, folder / weights)
    except SafetensorError as error:
        raise CheckpointError(
            f"{folder}: the epoch cannot be kept ({error}); free space and run again, it continues after the last one"
        ) from error
    record = {
        "run": state.run,
        "epochs": [asdict(epoch) for epoch in state.epochs],
        "best_epoch": state.best_epoch,
        "best_auc": state.best_auc,
        "mean_steps": 0 if mean is None else mean.steps,
        "weights": weights,
    }
    with whole_file(folder / _STATE) as part:
        part.write_text(json.dumps(record, indent=2), encoding="utf-8")
    for old in folder.glob(f"*-{_WEIGHTS}"):
        if old.name != weights:
            old.unlink()
    _LOG.info("wrote a checkpoint of %d epochs to %s", len(state.epochs), folder)


def load_progress(
    folder: Path, run: str, model: nn.Module, optimizer: torch.optim.Optimizer, mean: RunningMean | None = None
) -> Progress:
    """Resume a run: fill the network, the optimiser and the running mean, and return the state reached.

    Raises:
        CheckpointError: The folder is damaged, or holds a run of another detector, other settings or other data.
    """
    try:
        record = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        same = record["run"] == run
        tensors = load_file(folder / record["weights"])
        epochs = tuple(EpochLog(**epoch) for epoch in record["epochs"])
        best_epoch, best_auc = int(record["best_epoch"]), float(record["best_auc"])
        mean_steps = int(record.get("mean_steps", 0))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: the interrupted run cannot be read ({error}); remove the folder to start anew"
        ) from error
    if not same:
        raise CheckpointError(
            f"{folder} holds a run with another detector, other settings or other data; choose another folder"
        )
    _fill(model, optimizer, tensors, folder)
    if mean is not None:
        mean.steps = mean_steps
        for name, tensor in _part(tensors, "mean.").items():
            mean.tensors[name].copy_(tensor)
    _LOG.info("resumed the run in %s after %d epochs", folder, len(epochs))
    return Progress(run, epochs, best_epoch, best_auc, _part(tensors, "best."))


def _fill(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], folder: Path) -> None:
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _part(tensors, "optimizer.").items():
        index, _, slot = name.partition(".")
        slots.setdefault(int(index), {})[slot] = tensor
    try:
        model.load_state_dict(_part(tensors, "model."))
        optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(f"{folder}: the interrupted run does not fit the detector ({error})") from error


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
