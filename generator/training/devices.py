"""Define where a run computes: in one process, or in one of several that a launcher started."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from generator.errors import MissingPackageError, TrainingError

from .config import TrainConfig

if TYPE_CHECKING:
    from accelerate import Accelerator

DEVICES = ("auto", "cpu", "cuda")


def rank() -> tuple[int, int]:
    """Return this process's number and the number of processes, as the launcher states them.

    Both are known before any process group is formed.
    """
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def open_accelerator(config: TrainConfig, device: str) -> Accelerator:
    """Open Accelerate's handle on this process.

    Args:
        config: Settings of the run.
        device: One of `DEVICES`.

    Raises:
        MissingPackageError: accelerate is not installed.
        TrainingError: The device or the precision is not available, or the launcher requests sharded training.
    """
    try:
        from accelerate import Accelerator
        from accelerate.utils import DistributedType
    except ImportError:
        raise MissingPackageError("training runs on accelerate; get it with: pip install 'facetrail[train]'") from None
    import torch

    if device not in DEVICES:
        raise TrainingError(f"no device {device!r}; there are: {', '.join(DEVICES)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("there is no CUDA device here; train with --device cpu, or install torch for your GPU")
    try:
        accelerator = Accelerator(
            mixed_precision=config.precision, gradient_accumulation_steps=config.optimiser.accumulate,
            cpu=device == "cpu",
        )  # fmt: skip
    except ValueError as error:
        raise TrainingError(f"precision {config.precision!r} cannot be had on this device ({error})") from None
    known = (DistributedType.NO, DistributedType.MULTI_CPU, DistributedType.MULTI_GPU)
    if accelerator.distributed_type not in known:
        raise TrainingError(
            f"{accelerator.distributed_type.value} is not supported; launch with plain data parallelism (--multi_gpu)"
        )
    return accelerator
