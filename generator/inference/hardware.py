"""Choose the device of the network, and its precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from generator.errors import GenerationError

Precision = Literal["fp32", "bf16", "fp16"]
PRECISIONS: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def find_device(name: str) -> torch.device:
    """Find a device that is available.

    Args:
        name: "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        GenerationError: There is no such device, or this torch cannot use it.
    """
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    try:
        device = torch.device(name)
    except RuntimeError:
        raise GenerationError(f"no device {name!r}; there are: {_names(here)}") from None
    if not here.get(device.type) or (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()):
        raise GenerationError(f"device {name!r} cannot be used here; there are: {_names(here)}")
    return device


def fastest_device() -> str:
    """Return the name of the fastest device that this torch can use."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@contextmanager
def memory_named() -> Iterator[None]:
    """Raise an error with advice in one line where a device has too little memory.

    Raises:
        GenerationError: Raised in place of torch's error.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise GenerationError(
            "the device's memory is not enough; take --dtype bf16, a smaller --window, or another --device"
        ) from error


def _names(here: dict[str, bool]) -> str:
    return ", ".join(name for name, there in here.items() if there)
