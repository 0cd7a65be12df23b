"""Define where a training run computes: in this process, or through Accelerate (mixed precision, several processes)."""

from __future__ import annotations

import os
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from detectors.errors import TrainingError
from detectors.methods.batch import Batch
from detectors.methods.networks import DetectorNetwork

from .config import TrainConfig


class Step(nn.Module):
    """Compute the loss of a batch in one forward call, which data parallelism can wrap."""

    def __init__(self, model: DetectorNetwork) -> None:
        """Store the network to train."""
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        return self.model.loss(batch)


class Computer(Protocol):
    """Compute losses and gradients on some device."""

    rank: int
    processes: int
    device: torch.device

    def prepare(self, model: DetectorNetwork, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Prepare a network, and return the optimiser to use."""

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of this process's share of a batch."""

    def backward(self, loss: Tensor) -> None:
        """Compute the gradient, averaged over the processes."""

    def mean(self, loss: Tensor) -> Tensor:
        """Average a loss over the processes."""


class OneProcess:
    """Compute in this process at full precision."""

    rank = 0
    processes = 1

    def __init__(self, device: str) -> None:
        """Select torch's device."""
        self.device = torch.device(device)

    def prepare(self, model: DetectorNetwork, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Move the network to the device."""
        self._step = Step(model)
        return optimizer

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        return cast(Tensor, self._step(batch))

    def backward(self, loss: Tensor) -> None:
        """Compute the gradient."""
        loss.backward()  # type: ignore[no-untyped-call]

    def mean(self, loss: Tensor) -> Tensor:
        """Return the loss unchanged."""
        return loss.detach()


class Accelerated:
    """Compute through Hugging Face Accelerate: mixed precision, and as many processes as the launcher started."""

    def __init__(self, config: TrainConfig) -> None:
        """Open Accelerate.

        Raises:
            TrainingError: Accelerate is not installed, or the precision is not available on this device.
        """
        try:
            from accelerate import Accelerator
        except ImportError:
            raise TrainingError("this run needs accelerate; get it with: pip install 'facetrail[train]'") from None
        try:
            self._accelerator = Accelerator(mixed_precision=config.precision, cpu=config.device == "cpu")
        except ValueError as error:
            raise TrainingError(f"precision {config.precision!r} cannot be had on this device ({error})") from None
        self.rank: int = self._accelerator.process_index
        self.processes: int = self._accelerator.num_processes
        self.device: torch.device = self._accelerator.device

    def prepare(self, model: DetectorNetwork, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
        """Prepare a network and its optimiser."""
        self._step, prepared = self._accelerator.prepare(Step(model), optimizer)
        return cast(torch.optim.Optimizer, prepared)

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of this process's share of a batch."""
        with self._accelerator.autocast():
            return cast(Tensor, self._step(batch))

    def backward(self, loss: Tensor) -> None:
        """Compute the gradient, averaged over the processes."""
        self._accelerator.backward(loss)

    def mean(self, loss: Tensor) -> Tensor:
        """Average a loss over the processes."""
        return cast(Tensor, self._accelerator.reduce(loss.detach(), reduction="mean"))


def open_computer(config: TrainConfig) -> Computer:
    """Choose where to compute.

    Accelerate is used for mixed precision or under a launcher of several processes; otherwise this process is used.

    Raises:
        TrainingError: Accelerate is needed and not installed, or the device or precision is not available.
    """
    if config.device.startswith("cuda") and not torch.cuda.is_available():
        raise TrainingError("there is no CUDA device here; train with device cpu, or install torch for your GPU")
    if config.precision != "no" or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return Accelerated(config)
    return OneProcess(config.device)
