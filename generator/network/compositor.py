"""Compose the final picture: choose per pixel between decoded content and copied source pixels.

There are three candidates: the decoded latent, the source warped onto the target's geometry, and the unchanged source.
A small convolutional network mixes them and adds a bounded correction. Copied pixels keep the source's sharpness and
style; decoded pixels fill regions that the source does not show. This is an extension of the paper.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from generator.face.snapshot import CHANNELS
from generator.face.source_warp import GUIDES

from .config import ModelConfig

_FOLD = 2


class Compositor(nn.Module):
    """Mix the candidates at full size; any crop with even sides is possible."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.compositor_channels
        inputs = (9 + GUIDES + CHANNELS) * _FOLD**2
        self.head = nn.Conv2d(inputs, width, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in (1, 2, 4, 1))
        self.tail = nn.Conv2d(width, 6 * _FOLD**2, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def forward(self, drawn: Tensor, moved: Tensor, still: Tensor, maps: Tensor) -> Tensor:
        """Return pictures (N, 3, H, W) in [-1, 1].

        Args:
            drawn: (N, 3, H, W) decoded latents.
            moved: (N, 3, H, W) warped source.
            still: (N, 3, H, W) source.
            maps: (N, 9, H, W) guides and snapshot at full size, in [0, 1].
        """
        x = functional.pixel_unshuffle(torch.cat([drawn, moved, still, maps], 1), _FOLD)
        x = functional.silu(self.head(x))
        for layer in self.body:
            x = x + functional.silu(layer(x))
        out = functional.pixel_shuffle(self.tail(x), _FOLD)
        weight = torch.softmax(out[:, :3], 1)
        mixed = weight[:, 0:1] * drawn + weight[:, 1:2] * moved + weight[:, 2:3] * still
        return (mixed + 0.5 * torch.tanh(out[:, 3:])).clamp(-1, 1)
