"""Define the two condition paths of AniFaceDiff: spatial (from maps of the aligned head) and expression (per frame)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from generator.face.face_params import FaceParams, Floats
from generator.geometry import GUIDES, TURNS

from .config import ModelConfig

MAP_CHANNELS = {"turned": TURNS, "guides": len(GUIDES)}
"""Channels of the spatial maps; maps that are not listed have 3."""


def expression_input(params: FaceParams) -> Floats:
    """Return the input of the Expression Adapter for a frame: expression and gaze, (E + 2,) float32."""
    return np.concatenate([params.expression, params.gaze]).astype(np.float32)


class SpatialEncoder(nn.Module):
    """Encode maps to the latent grid; the last layer is initialised to zero.

    Args:
        channels: Channels of all maps together.
        config: Sizes of the model.
    """

    def __init__(self, channels: int, config: ModelConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width, stride in config.spatial_layers:
            layers += [nn.Conv2d(channels, width, 3, stride=stride, padding=1), nn.SiLU()]
            channels = width
        self.layers = nn.Sequential(*layers)
        self.out = nn.Conv2d(channels, config.spatial_channels, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, spatial_channels, g, g) of maps (N, channels, s, s)."""
        out: Tensor = self.out(self.layers(maps))
        return out


class SpatialEncoders(nn.ModuleDict):
    """Encode each map by its own encoder, and sum the outputs."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__({name: SpatialEncoder(MAP_CHANNELS.get(name, 3), config) for name in config.maps})

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Return (N, spatial_channels, g, g) of maps (N, 3, S, S) by name."""
        outputs = [encoder(maps[name]) for name, encoder in self.items()]
        total: Tensor = sum(outputs[1:], start=outputs[0])
        return total


class ExpressionAdapter(nn.Module):
    """Convert expression and gaze to cross-attention tokens, one set per frame."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.tokens, self.width = config.tokens, config.context_dim
        self.project = nn.Sequential(
            nn.Linear(config.expression_inputs, 256), nn.GELU(), nn.Linear(256, config.tokens * config.context_dim)
        )
        self.norm = nn.LayerNorm(config.context_dim)

    def forward(self, expression: Tensor) -> Tensor:
        """Return tokens (N, tokens, context_dim) of expression and gaze (N, expression_inputs)."""
        out: Tensor = self.norm(self.project(expression).view(-1, self.tokens, self.width))
        return out
