"""Read and write a model folder: `model.safetensors` (half precision) and `card.json`.

Loading is strict: a missing, unexpected, misshapen or non-finite tensor is an error that names it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from .config import ModelConfig
from .errors import WeightsError
from .model import AniFaceDiff

SHIPPED = Path(__file__).parent / "weights" / "mini"
_WEIGHTS, _CARD = "model.safetensors", "card.json"


def save_pretrained(state: dict[str, Tensor], config: ModelConfig, folder: Path, card: dict[str, Any]) -> None:
    """Write weights and card; floating point tensors are stored in half precision.

    Args:
        state: State dict of `AniFaceDiff`.
        config: Its sizes.
        folder: Destination, made if absent.
        card: How the weights came about; `config` and the weights' SHA-256 are added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: value.half().contiguous() if value.is_floating_point() else value for name, value in state.items()}
    temporary = folder / f"{_WEIGHTS}.part"
    save_file(half, temporary)
    digest = hashlib.sha256(temporary.read_bytes()).hexdigest()
    temporary.chmod(0o644)
    temporary.replace(folder / _WEIGHTS)
    text = json.dumps({**card, "config": asdict(config), "sha256": digest}, indent=2, sort_keys=True)
    (folder / _CARD).write_text(text + "\n", encoding="utf-8")


def _config_of(card: dict[str, Any], path: Path) -> ModelConfig:
    try:
        values = dict(card["config"])
        values["widths"] = tuple(values["widths"])
        return ModelConfig(**values)
    except (KeyError, TypeError) as error:
        raise WeightsError(
            f"{path}: no usable model sizes ({error}); expected a card written by save_pretrained"
        ) from None


def _check(state: dict[str, Tensor], expected: dict[str, Tensor], path: Path) -> None:
    missing, unexpected = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    if missing or unexpected:
        raise WeightsError(
            f"{path}: {len(missing)} tensors missing (first: {missing[:1]}), {len(unexpected)} unexpected "
            f"(first: {unexpected[:1]}); the file is of another model"
        )
    for name, value in state.items():
        if value.shape != expected[name].shape:
            raise WeightsError(f"{path}: {name} has shape {tuple(value.shape)}, expected {tuple(expected[name].shape)}")
        if not torch.isfinite(value).all():
            raise WeightsError(f"{path}: {name} holds values that are not finite; the file is damaged")


def load_pretrained(folder: Path | None = None) -> tuple[AniFaceDiff, str]:
    """Return the model in a folder, ready for inference, and the SHA-256 of its weights.

    Args:
        folder: Written by `save_pretrained`; None takes the weights in the package.

    Raises:
        WeightsError: A file is missing, damaged, or of another model.
    """
    folder = SHIPPED if folder is None else folder
    for name in (_WEIGHTS, _CARD):
        if not (folder / name).is_file():
            raise WeightsError(
                f"{folder / name}: model file is missing; give a folder that holds {_WEIGHTS} and {_CARD}"
            )
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WeightsError(f"{folder / _CARD}: not readable as JSON ({error})") from None
    path = folder / _WEIGHTS
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if isinstance(card, dict) and card.get("sha256") not in (None, digest):
        raise WeightsError(
            f"{path}: SHA-256 {digest[:12]} is not the card's {str(card['sha256'])[:12]}; fetch the folder again"
        )
    model = AniFaceDiff(_config_of(card if isinstance(card, dict) else {}, folder / _CARD))
    try:
        state = {name: value.float() if value.is_floating_point() else value for name, value in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a safetensors file ({error})") from None
    _check(state, model.state_dict(), path)
    model.load_state_dict(state)
    model.eval().requires_grad_(False)
    return model, digest
