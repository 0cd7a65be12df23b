"""Build timm backbones with weights from a file or from the local cache; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import timm
import torch
from huggingface_hub import try_to_load_from_cache
from safetensors import SafetensorError
from torch import nn

from detectors.errors import WeightsError
from detectors.imagenet_weights import IMAGENET_LITE0, fetched_for
from detectors.spec import DetectorSpec

from .networks import pooled_width

Pretrained = bool | Path
_FILE = "model.safetensors"


def build_backbone(spec: DetectorSpec, *, channels: int = 3, pretrained: Pretrained = False) -> tuple[nn.Module, int]:
    """Build the timm backbone of a spec without its classifier, and return it with the width of its pooled features.

    Args:
        spec: Spec whose backbone is built.
        channels: Number of input channels; timm adapts the first layer of pretrained weights.
        pretrained: A safetensors file (or a folder with `model.safetensors`) of timm weights, or True for weights that
            `facetrail models get` fetched, else for the file in the local Hugging Face cache.

    Raises:
        WeightsError: Timm cannot build the backbone, or the weights are absent or belong to another architecture.
    """
    backbone = create_backbone(spec, pretrained=pretrained, num_classes=0, in_chans=channels)
    return backbone, pooled_width(backbone, channels, spec.input_size)


def create_backbone(spec: DetectorSpec, *, pretrained: Pretrained = False, **arguments: object) -> nn.Module:
    """Call timm's factory for a spec; further arguments are passed on to it.

    Raises:
        WeightsError: Timm cannot build the backbone, or the weights are absent or belong to another architecture.
    """
    create = cast(Callable[..., nn.Module], timm.create_model)
    settings = {**dict(spec.options), **arguments}
    source = weights_file(spec, pretrained)
    try:
        if source is None:
            return create(spec.backbone, pretrained=False, **settings)
        state = torch.get_rng_state()
        fresh = create(spec.backbone, pretrained=False, **settings)
        torch.set_rng_state(state)
        loaded = create(spec.backbone, pretrained=True, pretrained_cfg_overlay={"file": str(source)}, **settings)
    except (RuntimeError, OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        where = "" if source is None else f" from {source}"
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"backbone {spec.backbone!r} of detector {spec.name!r} cannot be built{where}: {text}"
        ) from error
    _check_filled(fresh, loaded, spec, source)
    return loaded


def weights_file(spec: DetectorSpec, pretrained: Pretrained) -> Path | None:
    """Find the weights file that a backbone starts from; None where it starts from random weights.

    Raises:
        WeightsError: The file is absent, not cached or not safetensors.
    """
    if pretrained is False:
        return None
    if isinstance(pretrained, Path):
        file = pretrained / _FILE if pretrained.is_dir() else pretrained
        if file.suffix != ".safetensors":
            raise WeightsError(f"{file}: backbone weights are read from .safetensors only; a pickle can run code")
        if not file.is_file():
            raise WeightsError(f"{file} does not exist; it should hold the timm weights of {spec.backbone!r}")
        return file
    if (fetched := fetched_for(spec.backbone)) is not None:
        return fetched
    published = timm.get_pretrained_cfg(spec.backbone)
    home = None if published is None else published.hf_hub_id
    cached = None if home is None else try_to_load_from_cache(home, _FILE)
    if isinstance(cached, str):
        return Path(cached)
    way = f"`hf download {home} {_FILE}` where there is a network, or" if home else "convert them to safetensors and"
    if spec.backbone.partition(".")[0] == IMAGENET_LITE0.backbone:
        way = f"`{IMAGENET_LITE0.command}`, or"
    raise WeightsError(f"weights of {spec.backbone!r} are not in the local cache: {way} pass pretrained=PATH")


def _check_filled(fresh: nn.Module, loaded: nn.Module, spec: DetectorSpec, source: Path | None) -> None:
    """Check that loading replaced every matrix of the random initialisation that both copies started from."""
    start = dict(fresh.named_parameters())
    left = [
        name
        for name, value in loaded.named_parameters()
        if value.dim() > 1 and bool(value.any()) and torch.equal(value, start[name])
    ]
    if left:
        raise WeightsError(
            f"{source} gives no values for {len(left)} tensors of {spec.backbone!r}, such as {left[0]!r}; "
            f"detector {spec.name!r} wants timm's weights of that very model"
        )
