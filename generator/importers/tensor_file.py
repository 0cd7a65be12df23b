"""Open a weights file without loading it: safetensors or a torch pickle, memory-mapped and never executed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from generator.errors import WeightsError

_NAMES = (
    "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors", "model.safetensors",
    "model.fp16.safetensors", "diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.bin", "pytorch_model.bin",
    "pytorch_model.fp16.bin",
)  # fmt: skip
"""File names of one network's weights in diffusers and transformers, in the order of preference."""


@dataclass(frozen=True, slots=True)
class TensorFile:
    """The tensors of one file, by their published names.

    Attributes:
        path: The file.
        tensors: Its tensors; their values stay on disk until they are used.
        extras: Entries that are no tensors, such as a step count.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    extras: tuple[str, ...] = ()


def find_weights(path: Path) -> Path:
    """Find the weights file that `path` is, or that a diffusers or transformers folder contains.

    Raises:
        WeightsError: There is no weights file.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise WeightsError(f"{path}: no such file or folder; give weights that are on this machine")
    for name in _NAMES:
        if (path / name).is_file():
            return path / name
    if any(path.glob("*.index.json")):
        raise WeightsError(f"{path}: the weights are split over several files; join them into one .safetensors")
    raise WeightsError(f"{path}: no weights in this folder; expected {_NAMES[0]}, {_NAMES[2]} or a .bin of that name")


def open_tensor_file(path: Path) -> TensorFile:
    """Open a `.safetensors` file or a `torch.save` pickle of tensors; the content decides, not the suffix.

    A `state_dict` wrapper and a `module.` before every name are removed.

    Raises:
        WeightsError: The file is damaged, contains code, or is no weights file at all.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from None
    _refuse_text(head, path)
    if head[8:9] == b"{":
        try:
            return TensorFile(path, load_file(path))
        except (SafetensorError, OSError, ValueError) as error:
            raise WeightsError(f"{path}: damaged safetensors file ({_first_line(error)}); fetch it again") from None
    content, extras = _unwrap(_unpickle(path, head))
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    extras += tuple(str(name) for name in content if str(name) not in tensors)
    if not tensors:
        raise WeightsError(f"{path}: no tensors in it; expected the state dict of a network")
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return TensorFile(path, tensors, extras)


def _refuse_text(head: bytes, path: Path) -> None:
    text = head.lstrip().lower()
    if not text:
        raise WeightsError(f"{path}: the file is empty; fetch it again")
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise WeightsError(f"{path}: a web page, not weights; download the file itself, not the page that shows it")
    if text.startswith(b"version https://git-lfs"):
        raise WeightsError(f"{path}: a Git LFS pointer, not the weights; run `git lfs pull` where it was cloned")


def _unpickle(path: Path, head: bytes) -> Any:  # noqa: ANN401 - whatever was saved
    zipped = zipfile.is_zipfile(path)
    if not zipped and head[:1] != b"\x80":
        raise WeightsError(f"{path}: neither safetensors nor a torch file, or cut off; fetch it again")
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except UnpicklingError as error:
        found = re.search(r"(?:GLOBAL|global:?) ([\w.]+\.[\w.]+)", str(error))
        if found is None:
            raise WeightsError(f"{path}: damaged torch file ({_first_line(error)}); fetch it again") from None
        raise WeightsError(
            f"{path}: holds code or objects ({found[1].rstrip('.')}) beside tensors and is not opened; "
            "use a .safetensors copy of it"
        ) from None
    except Exception as error:  # torch raises anything from KeyError to EOFError on damaged pickles
        raise WeightsError(f"{path}: damaged torch file ({_first_line(error)}); fetch it again") from None


def _unwrap(content: object) -> tuple[Mapping[object, object], tuple[str, ...]]:
    extras: tuple[str, ...] = ()
    while isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        extras += tuple(str(name) for name in content if name != "state_dict")
        content = content["state_dict"]
    return (content if isinstance(content, Mapping) else {}), extras


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]
