"""Read the networks of other projects from their published files, tensors only."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from generator.errors import ModelFilesError

_UNUSED = "num_batches_tracked"  # counts training steps; inference does not read it
_CLASS = re.compile(r"GLOBAL ([\w.]+)|(?:class|function) ([\w.]+) ")


def read_checkpoint(path: Path) -> dict[str, object]:
    """Read a torch file without running anything in it.

    Args:
        path: The file.

    Returns:
        Its content, by name.

    Raises:
        ModelFilesError: The file is no torch file, contains other objects than tensors, or is no dictionary.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about the age of the file's pickle format
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = _CLASS.search(str(error))
        if found is None:
            raise ModelFilesError(f"{path}: not a torch file, or a damaged one; download it again") from None
        raise ModelFilesError(
            f"{path}: holds {found[1] or found[2]}, which is no tensor and could run code; "
            "take the published file or save its state dict alone"
        ) from None
    except OSError as error:
        raise ModelFilesError(f"{path}: cannot be read ({error.strerror or error}); check the path") from None
    except Exception:  # torch raises anything from KeyError to AssertionError on damaged files
        raise ModelFilesError(f"{path}: not a torch file, or a damaged one; download it again") from None
    if not isinstance(content, dict):
        raise ModelFilesError(f"{path}: holds a {type(content).__name__}, a dictionary of tensors expected")
    return content


def part_of(content: Mapping[str, object], prefix: str, path: Path) -> dict[str, Tensor]:
    """Return the tensors with a name prefix, without that prefix; a part may also be a dictionary of its own.

    Args:
        content: Content that `read_checkpoint` returned.
        prefix: Name of the part, e.g. ``E_flame``.
        path: The file, for the error message.

    Raises:
        ModelFilesError: There is no such part, or something in it is no tensor.
    """
    inside = content.get(prefix)
    if isinstance(inside, Mapping):
        part: dict[str, object] = {str(name): value for name, value in inside.items()}
    else:
        dot = f"{prefix}."
        part = {str(name)[len(dot) :]: value for name, value in content.items() if str(name).startswith(dot)}
    if not part:
        others = ", ".join(sorted({str(name).split(".")[0] for name in content})[:5]) or "nothing"
        raise ModelFilesError(f"{path}: has no part {prefix} (it holds {others}); give the published file")
    tensors: dict[str, Tensor] = {}
    for name, value in part.items():
        if not isinstance(value, Tensor):
            raise ModelFilesError(f"{path}: {prefix}.{name} is a {type(value).__name__}, a tensor expected")
        tensors[name] = value
    return tensors


def fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Load tensors into a network: each one once, in its shape, with finite values.

    Args:
        network: Network that is filled and set to inference mode.
        tensors: Tensors by the network's names.
        path: The file of the tensors, for the error message.

    Raises:
        ModelFilesError: A tensor is missing, unexpected, misshapen or not finite; the message names the first.
    """
    expected = network.state_dict()
    missing = [name for name in expected if name not in tensors and not name.endswith(_UNUSED)]
    unexpected = [name for name in tensors if name not in expected]
    if missing or unexpected:
        faults = [
            f"{len(names)} tensors {what} (first: {names[0]})"
            for what, names in (("missing", missing), ("unexpected", unexpected))
            if names
        ]
        raise ModelFilesError(f"{path}: {', '.join(faults)}; the file is of another network")
    for name, value in tensors.items():
        if value.shape != expected[name].shape:
            shapes = f"{tuple(value.shape)}, expected {tuple(expected[name].shape)}"
            raise ModelFilesError(f"{path}: {name} has shape {shapes}; the file is of another network")
        if not torch.isfinite(value).all():
            raise ModelFilesError(f"{path}: {name} holds values that are not finite; the file is damaged")
    network.load_state_dict({**expected, **tensors})
    network.eval().requires_grad_(False)
