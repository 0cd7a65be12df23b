"""Compose the final picture: the moved layers, and what the network draws where they cannot be trusted.

The gate is bounded by the layers' own trust, so the network cannot change what the source shows unstretched:
out = moved + (1 - trust) * gate * (drawn - moved). This is an extension of the paper.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from generator.geometry import GUIDES, TURNS

from .config import ModelConfig

_FOLD, _LEVELS = 2, 3
_CANDIDATES = 2
"""Pictures that are mixed: the decoded latent and the moved layers. The unmoved source is not among them, nor an input:
its ears and hair would stay behind as ghosts where the head has turned away.
"""
_CLOSED = -1.5
"""Bias of the gate at the start of training."""


class Composition(NamedTuple):
    """A composed picture and its gate.

    Attributes:
        picture: (N, 3, H, W) in [-1, 1].
        gate: (N, 1, H, W) share of the network's drawing, in [0, 1 - trust].
    """

    picture: Tensor
    gate: Tensor


class _Block(nn.Module):
    """Apply two convolutions with a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, width, h, w)."""
        out: Tensor = x + self.second(functional.silu(self.first(functional.silu(x))))
        return out


class Compositor(nn.Module):
    """Draw and gate at full size; any crop whose sides are multiples of 8 is possible."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = [config.compositor_channels * 2**level for level in range(_LEVELS)]
        inputs = (3 * _CANDIDATES + len(GUIDES) + TURNS) * _FOLD**2
        self.head = nn.Conv2d(inputs, widths[0], 3, padding=1)
        self.before = nn.ModuleList(_Block(width) for width in widths)
        self.down = nn.ModuleList(nn.Conv2d(wide, narrow, 3, stride=2, padding=1) for wide, narrow in pairwise(widths))
        self.up = nn.ModuleList(nn.Conv2d(narrow, wide, 3, padding=1) for wide, narrow in pairwise(widths))
        self.behind = nn.ModuleList(_Block(width) for width in widths[:-1])
        self.tail = nn.Conv2d(widths[0], (_CANDIDATES + 3 + 1) * _FOLD**2, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def forward(self, drawn: Tensor, moved: Tensor, guides: Tensor, turned: Tensor) -> Composition:
        """Return the composed picture and its gate.

        Args:
            drawn: (N, 3, H, W) decoded latents.
            moved: (N, 3, H, W) the source's layers, moved.
            guides: (N, 7, H, W) in [0, 1]; the first is the trust.
            turned: (N, 6, H, W) in [0, 1].
        """
        x = self.head(functional.pixel_unshuffle(torch.cat([drawn, moved, guides, turned], 1), _FOLD))
        kept = []
        for level, block in enumerate(self.before):
            x = block(x)
            if level < len(self.down):
                kept.append(x)
                x = self.down[level](functional.silu(x))
        for level in range(len(self.up) - 1, -1, -1):
            x = self.up[level](functional.interpolate(functional.silu(x), scale_factor=2.0, mode="nearest"))
            x = self.behind[level](x + kept[level])
        out = functional.pixel_shuffle(self.tail(functional.silu(x)), _FOLD)
        weight = torch.softmax(out[:, :_CANDIDATES], 1)
        mixed = weight[:, 0:1] * drawn + weight[:, 1:2] * moved
        own = (mixed + torch.tanh(out[:, _CANDIDATES : _CANDIDATES + 3])).clamp(-1, 1)
        gate = (1 - guides[:, :1]) * torch.sigmoid(out[:, -1:] + _CLOSED)
        return Composition(moved + gate * (own - moved), gate)
