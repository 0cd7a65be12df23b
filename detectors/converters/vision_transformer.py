"""Names of CLIP's vision transformer in transformers, whose queries, keys and values lie apart, and in timm."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

Tensors = Mapping[str, Tensor]
_LAYER = re.compile(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$")
_OUTSIDE = {
    "embeddings.patch_embedding.weight": "patch_embed.proj.weight",
    "pre_layrnorm.weight": "norm_pre.weight",
    "pre_layrnorm.bias": "norm_pre.bias",
    "post_layernorm.weight": "norm.weight",
    "post_layernorm.bias": "norm.bias",
}
_INSIDE = {
    "layer_norm1": "norm1", "layer_norm2": "norm2", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
    "self_attn.out_proj": "attn.proj",
}  # fmt: skip
_FUSED = ("q_proj", "k_proj", "v_proj")
_REMAINDER = {"weight_main": "main", "U_residual": "left", "S_residual": "values", "V_residual": "right"}
"""Parts of a split matrix in Effort's files, and in our `SingularResidual`."""


def rename_vision_model(tensors: Tensors, prefix: str) -> tuple[dict[str, Tensor], set[str]]:
    """Return the tensors of a vision transformer under our names, and the names in the file that went into them.

    Args:
        tensors: Tensors of the file.
        prefix: What stands before the names.
    """
    inner = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    found: dict[str, Tensor] = {}
    used: set[str] = set()
    for name, value in inner.items():
        layer = _LAYER.match(name)
        if name in _OUTSIDE:
            found[f"backbone.{_OUTSIDE[name]}"] = value
        elif name == "embeddings.class_embedding":
            found["backbone.cls_token"] = value.reshape(1, 1, -1)
        elif name == "embeddings.position_embedding.weight":
            found["backbone.pos_embed"] = value[None]
        elif layer is not None and layer[2] in _INSIDE:
            found[f"backbone.blocks.{layer[1]}.{_INSIDE[layer[2]]}.{layer[3]}"] = value
        else:
            continue
        used.add(prefix + name)
    for number in _layers(inner):
        for part in ("weight", "bias"):
            names = [f"encoder.layers.{number}.self_attn.{one}.{part}" for one in _FUSED]
            if all(name in inner for name in names):
                found[f"backbone.blocks.{number}.attn.qkv.{part}"] = torch.cat([inner[name] for name in names])
                used |= {prefix + name for name in names}
    return found, used


def effort_tensors(tensors: Tensors, prefix: str) -> tuple[dict[str, Tensor], set[str]]:
    """Return Effort's transformer under our names: every attention matrix as its main part and singular remainder.

    The leading singular vectors, which its training keeps for a penalty, are not needed.
    """
    found, used = rename_vision_model(tensors, prefix)
    inner = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    for number in _layers(inner):
        for ours, theirs in (("qkv", _FUSED), ("proj", ("out_proj",))):
            for part, target in _REMAINDER.items():
                names = [f"encoder.layers.{number}.self_attn.{one}.{part}" for one in theirs]
                if all(name in inner for name in names):
                    found[f"backbone.blocks.{number}.attn.{ours}.{target}"] = torch.stack([inner[one] for one in names])
                    used |= {prefix + name for name in names}
    return found, used


def _layers(inner: Tensors) -> list[str]:
    numbers = {match[1] for name in inner if (match := re.match(r"encoder\.layers\.(\d+)\.", name))}
    return sorted(numbers, key=int)
