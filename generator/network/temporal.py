"""Define temporal modules: attention over the frames of a window at every position, in AnimateDiff's layout.

The layout and the key names are those of AnimateDiff (arXiv 2307.04725). The last layer of an untrained module is zero,
so it changes nothing.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import FeedForward
from .config import ModelConfig

HEADS = 8
LONGEST_WINDOW = 32
"""Number of frames in the position table."""


def position_table(channels: int) -> Tensor:
    """Return the sinusoidal table (1, LONGEST_WINDOW, channels)."""
    place = torch.arange(LONGEST_WINDOW, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, channels, 2, dtype=torch.float32) * (-math.log(10000.0) / channels))
    table = torch.zeros(1, LONGEST_WINDOW, channels)
    table[0, :, 0::2], table[0, :, 1::2] = torch.sin(place * rate), torch.cos(place * rate)
    return table


class _PositionEncoder(nn.Module):
    pe: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("pe", position_table(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pe[:, : x.shape[1]]


class _TemporalAttention(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])
        self.pos_encoder = _PositionEncoder(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Attend over the second axis of (places, frames, channels)."""
        x = self.pos_encoder(x)
        query, key, value = (
            project(x).unflatten(-1, (HEADS, -1)).transpose(1, 2) for project in (self.to_q, self.to_k, self.to_v)
        )
        out = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return self.to_out[0](out)


class _TemporalBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.attention_blocks = nn.ModuleList(_TemporalAttention(channels) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(2))
        self.ff, self.ff_norm = FeedForward(channels), nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        for attention, norm in zip(self.attention_blocks, self.norms, strict=True):
            x = x + attention(norm(x))
        return x + self.ff(self.ff_norm(x))


class _TemporalTransformer(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList([_TemporalBlock(channels)])
        self.proj_out = nn.Linear(channels, channels)
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        n, c, h, w = x.shape
        x = x.contiguous()  # with channels last, GroupNorm's backward pass crashes on the permuted gradient
        y = self.norm(x).view(-1, frames, c, h * w).permute(0, 3, 1, 2).reshape(-1, frames, c)
        y = self.proj_out(self.transformer_blocks[0](self.proj_in(y)))
        return x + y.view(-1, h * w, frames, c).permute(0, 2, 3, 1).reshape(n, c, h, w)


class MotionModule(nn.Module):
    """Apply one temporal module; this wrapper is part of the published key names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.temporal_transformer = _TemporalTransformer(channels)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """Return (N, C, h, w) after attention over windows of `frames` consecutive samples, at most 32."""
        out: Tensor = self.temporal_transformer(x, frames)
        return out


class _Level(nn.Module):
    def __init__(self, channels: int, count: int) -> None:
        super().__init__()
        self.motion_modules = nn.ModuleList(MotionModule(channels) for _ in range(count))


class MotionModules(nn.Module):
    """Store all temporal modules of a denoiser: 20 in AnimateDiff v3's layout, 21 in v2's."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(_Level(width, config.layers) for width in config.widths)
        self.up_blocks = nn.ModuleList(_Level(width, config.layers + 1) for width in reversed(config.widths))
        if config.motion == "v2":
            self.mid_block = _Level(config.widths[-1], 1)

    def down(self, level: int, index: int) -> nn.Module:
        """Return the module after a block of the encoder path."""
        return self.down_blocks[level].motion_modules[index]  # type: ignore[return-value, index]

    def up(self, level: int, index: int) -> nn.Module:
        """Return the module after a block of the decoder path."""
        return self.up_blocks[level].motion_modules[index]  # type: ignore[return-value, index]

    def middle(self) -> nn.Module | None:
        """Return the middle block's module, or None where the layout has none."""
        return self.mid_block.motion_modules[0] if hasattr(self, "mid_block") else None
