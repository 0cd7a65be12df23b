"""Read the tensors of a published checkpoint without running anything in it."""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from detectors.errors import CheckpointError

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "ema")
"""Names under which training programs put the state dict of their network."""

_NAMED = re.compile(r"(?:GLOBAL|global:?) ([\w.]+)")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file or a file of `torch.save`, through torch's restricted unpickler.

    Wrappers such as `state_dict` and a `module.` before every name are removed.

    Raises:
        CheckpointError: The file is missing, damaged, holds no tensors, or names code, of which nothing was run.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
        content = load_file(path) if head[8:9] == b"{" else _unpickled(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read ({error}); name a checkpoint file") from error
    while True:
        inner = next((content[name] for name in _WRAPPERS if isinstance(content.get(name), Mapping)), None)
        if inner is None:
            break
        content = inner
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise CheckpointError(f"{path}: holds no tensors; expected the state dict of a network")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors


def hash_of(path: Path) -> str:
    """Return the SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpickled(path: Path) -> Mapping[str, object]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about the age of the file's format
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = _NAMED.search(str(error))
        what = f"names {found[1].rstrip('.')}, which is no tensor and could run code" if found else "is damaged"
        raise CheckpointError(
            f"{path}: {what}; nothing of it was run. Save its state dict alone, or as safetensors"
        ) from None
    except OSError:
        raise
    except Exception as error:  # torch raises anything from KeyError to EOFError on damaged files
        raise CheckpointError(f"{path}: is no torch file, or a damaged one ({type(error).__name__})") from None
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: holds a {type(content).__name__}; expected the state dict of a network")
    return content
