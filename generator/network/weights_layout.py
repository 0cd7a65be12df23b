"""Define the layout of a model folder: one weights file, or one for each part, and the card.

Preset `mini` stores all weights in `model.safetensors`. Preset `sd15` has one file for each part under its published
names, so that `vae.safetensors` is a diffusers autoencoder and `motion.safetensors` an AnimateDiff module.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from generator.errors import WeightsError

from .config import ModelConfig
from .model import AniFaceDiff

CARD = "card.json"
PARTS = {
    "denoiser": "denoiser.",
    "reference_net": "reference_net.",
    "vae": "codec.vae.",
    "image_encoder": "context.encoder.",
    "spatial_encoder": "spatial_encoder.",
    "expression_adapter": "expression_adapter.",
    "motion": "motion.",
}
"""Files of `sd15` and the prefix of their tensors in the model."""
WHOLE = {"model": ""}
SUFFIX = ".safetensors"


def layout(config: ModelConfig) -> dict[str, str]:
    """Return the weight files of a model, without suffix, and the prefix of their tensors in the model."""
    if config.preset != "sd15":
        return WHOLE
    return {part: prefix for part, prefix in PARTS.items() if part != "motion" or config.motion is not None}


def empty_model(config: ModelConfig) -> AniFaceDiff:
    """Build the network without memory for its weights; tables and constants have values."""
    with _WithoutMemory():
        return AniFaceDiff(config)


@cache
def part_shapes(config: ModelConfig) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
    """Return the names and shapes of every weight file's tensors."""
    state = empty_model(config).state_dict()
    return {
        part: {
            name.removeprefix(prefix): tuple(value.shape) for name, value in state.items() if name.startswith(prefix)
        }
        for part, prefix in layout(config).items()
    }


class _WithoutMemory(TorchFunctionMode):
    """Create the tensors of `torch.empty` on the meta device: parameters use it, position tables do not."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        kwargs = dict(kwargs or {})
        if func is torch.empty and kwargs.get("device") is None:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)


def weight_files(card: Mapping[str, Any], digest: str) -> tuple[tuple[str, str], ...]:
    """Return name and SHA-256 of each file of weights, for the claim.

    Args:
        card: The card of a model folder.
        digest: SHA-256 that identifies its weights; that of the file where there is one only.
    """
    return tuple(sorted(card.get("files", {f"{name}{SUFFIX}": digest for name in WHOLE}).items()))


def folder_digest(files: Mapping[str, str], config: ModelConfig) -> str:
    """Return the SHA-256 that identifies a model in claims.

    For one weight file it is the digest of the file. For several files it is the digest of the lines that `sha256sum`
    prints for them, sorted by name, followed by the sizes and choices as one line of JSON.

    Args:
        files: SHA-256 by file name.
        config: Sizes and choices of the model.
    """
    if len(files) == 1:
        return next(iter(files.values()))
    lines = [f"{digest}  {name}" for name, digest in sorted(files.items())]
    lines.append(json.dumps(asdict(config), sort_keys=True))
    return hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest()


def read_card(folder: Path) -> tuple[dict[str, Any], ModelConfig]:
    """Read a model folder's card and the sizes in it.

    Raises:
        WeightsError: The card is missing or has no usable content.
    """
    path = folder / CARD
    if not path.is_file():
        raise WeightsError(
            f"{path}: model file is missing; give a model folder with its {CARD}: the `weights` of a training run, or "
            "what `facetrail models import` wrote"
        )
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: not readable as JSON ({error})") from None
    try:
        known = {each.name for each in fields(ModelConfig)}
        if strange := sorted(card["config"].keys() - known):
            raise WeightsError(f"{path}: sizes {strange[:3]} are not known; update facetrail or check the card")
        return card, ModelConfig(**{name: _tuples(value) for name, value in card["config"].items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{path}: no usable model sizes ({error}); expected a card written by save_pretrained"
        ) from None


def _tuples(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
