"""Initialise the parts that no published file contains, as in an untrained model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from generator.network.attention import DecoupledCrossAttention
from generator.network.conditions import ExpressionAdapter, SpatialEncoders
from generator.network.config import ModelConfig
from generator.network.temporal import MotionModules

from .part import Shapes

_KEY = "to_k_expression.weight"
_MADE_BY: dict[str, type[nn.Module]] = {
    "spatial_encoder": SpatialEncoders,
    "expression_adapter": ExpressionAdapter,
    "motion": MotionModules,
}


def fresh_part(part: str, config: ModelConfig, seed: int) -> dict[str, Tensor]:
    """Return the untrained tensors of a part, drawn from a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return dict(_MADE_BY[part](config).state_dict())


def fresh_adapter_keys(shapes: Shapes, seed: int) -> dict[str, Tensor]:
    """Return the untrained keys and values of the Expression Adapter in the denoiser's cross-attentions.

    Args:
        shapes: Shapes of the denoiser's tensors.
        seed: Seed of the keys and values.
    """
    tensors: dict[str, Tensor] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, (channels, *context_dim) in shapes.items():
            if name.endswith(f".processor.{_KEY}"):
                fresh = DecoupledCrossAttention(channels, *context_dim).state_dict()
                tensors |= {name.removesuffix(_KEY) + inner: value for inner, value in fresh.items()}
    return tensors
