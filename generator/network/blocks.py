"""Define the blocks of Stable Diffusion's U-Net, in diffusers' layout and key names.

Published weights fit key by key, and without our additions the result equals that of diffusers' own classes. Those
classes are not used because importing them takes longer than rendering the first seconds of a clip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_GROUPS = 32


class Attention(nn.Module):
    """Compute the projections of one attention; its `processor` defines which tokens attend to which.

    Args:
        channels: Width of the queries and of the result.
        heads: Number of heads that share the width.
        context_dim: Width of the tokens for keys and values; None for that of the queries.
    """

    processor: Callable[..., Tensor]

    def __init__(self, channels: int, heads: int, context_dim: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context_dim or channels, channels, bias=False)
        self.to_v = nn.Linear(context_dim or channels, channels, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, hidden: Tensor, context: Tensor | None, given: Mapping[str, Any]) -> Tensor:
        """Return (frames, tokens, channels) for tokens of that shape; without a context this is self-attention."""
        return self.processor(self, hidden, context, **given)


class FeedForward(nn.Module):
    """Apply two layers with a gated unit between them (GEGLU, arXiv 2002.05202)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.ModuleList([_Geglu(channels), nn.Identity(), nn.Linear(4 * channels, channels)])

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., channels) for such features."""
        for layer in self.net:
            x = layer(x)
        return x


class _Geglu(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj = nn.Linear(channels, 8 * channels)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, -1)
        return value * functional.gelu(gate)


class TransformerBlock(nn.Module):
    """Apply self-attention, then cross-attention to a context, then two layers to each token."""

    def __init__(self, channels: int, heads: int, context_dim: int) -> None:
        super().__init__()
        self.norm1, self.attn1 = nn.LayerNorm(channels), Attention(channels, heads)
        self.norm2, self.attn2 = nn.LayerNorm(channels), Attention(channels, heads, context_dim)
        self.norm3, self.ff = nn.LayerNorm(channels), FeedForward(channels)

    def forward(self, x: Tensor, context: Tensor, given: Mapping[str, Any]) -> Tensor:
        """Return (frames, tokens, channels)."""
        x = x + self.attn1(self.norm1(x), None, given)
        x = x + self.attn2(self.norm2(x), context, given)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    """Apply one transformer block over the positions of a feature map.

    Args:
        channels: Channels of the map.
        heads: Heads of its attentions.
        context_dim: Width of the context's tokens.
    """

    def __init__(self, channels: int, heads: int, context_dim: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(channels, heads, context_dim)])
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, context: Tensor, given: Mapping[str, Any]) -> Tensor:
        """Return (N, C, h, w).

        Args:
            x: (N, C, h, w).
            context: (N, T, D).
            given: Inputs of the attentions' processors.
        """
        tokens = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)
        for block in self.transformer_blocks:
            tokens = block(tokens, context, given)
        return x + self.proj_out(tokens.transpose(1, 2).unflatten(2, x.shape[-2:]))


class ResidualBlock(nn.Module):
    """Apply two convolutions with a shortcut; the time embedding is added between them.

    Args:
        incoming: Input channels.
        channels: Output channels.
        time: Width of the time embedding.
    """

    def __init__(self, incoming: int, channels: int, time: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, incoming)
        self.conv1 = nn.Conv2d(incoming, channels, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, channels)
        self.norm2 = nn.GroupNorm(_GROUPS, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(incoming, channels, 1) if incoming != channels else None

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """Return (N, channels, h, w) for (N, incoming, h, w) and the time embedding (N, D)."""
        hidden = self.conv1(functional.silu(self.norm1(x)))
        hidden = hidden + self.time_emb_proj(functional.silu(embedding))[:, :, None, None]
        hidden = self.conv2(functional.silu(self.norm2(hidden)))
        shortcut = x if self.conv_shortcut is None else self.conv_shortcut(x)
        return shortcut + hidden


class Resample(nn.Module):
    """Halve the size with a convolution, or enlarge it and apply a convolution."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=stride, padding=1)

    def forward(self, x: Tensor, size: Sequence[int] | None = None) -> Tensor:
        """Return (N, C, h', w'), enlarged to `size` first if one is given."""
        return self.conv(x if size is None else functional.interpolate(x, size=tuple(size), mode="nearest"))


class Level(nn.Module):
    """Apply residual blocks of one resolution, each followed by a transformer where the level has attention.

    Args:
        incoming: Input channels of each residual block.
        channels: Output channels of each residual block.
        time: Width of the time embedding.
        heads: Heads of the attentions; None for no attention.
        context_dim: Width of the context tokens.
    """

    def __init__(self, incoming: Sequence[int], channels: int, time: int, heads: int | None, context_dim: int) -> None:
        super().__init__()
        resnets: list[nn.Module] = []
        attentions: list[nn.Module] = []
        for each in incoming:
            resnets.append(ResidualBlock(each, channels, time))
            if heads is not None:
                attentions.append(Transformer(channels, heads, context_dim))
        if attentions:
            self.attentions = nn.ModuleList(attentions)
        self.resnets = nn.ModuleList(resnets)

    def cells(self) -> Iterator[tuple[nn.Module, nn.Module | None]]:
        """Yield each residual block with the transformer that follows it, if one does."""
        for index, resnet in enumerate(self.resnets):
            yield resnet, self.attentions[index] if hasattr(self, "attentions") else None


class Down(Level):
    """Apply a level of the encoder path; every level except the last halves the size at its end."""

    def __init__(self, *sizes: Any, last: bool) -> None:  # noqa: ANN401 - those of `Level`
        super().__init__(*sizes)
        self.downsamplers = None if last else nn.ModuleList([Resample(sizes[1], stride=2)])

    @property
    def resample(self) -> nn.Module | None:
        """Return the layer that halves the size."""
        return self.downsamplers and self.downsamplers[0]


class Up(Level):
    """Apply a level of the decoder path; every level except the last doubles the size at its end."""

    def __init__(self, *sizes: Any, last: bool) -> None:  # noqa: ANN401 - those of `Level`
        super().__init__(*sizes)
        self.upsamplers = None if last else nn.ModuleList([Resample(sizes[1], stride=1)])

    @property
    def resample(self) -> nn.Module | None:
        """Return the layer that doubles the size."""
        return self.upsamplers and self.upsamplers[0]


class Middle(nn.Module):
    """Apply two residual blocks with a transformer between them."""

    def __init__(self, channels: int, time: int, heads: int, context_dim: int) -> None:
        super().__init__()
        first = ResidualBlock(channels, channels, time)
        self.attentions = nn.ModuleList([Transformer(channels, heads, context_dim)])
        self.resnets = nn.ModuleList([first, ResidualBlock(channels, channels, time)])


class TimeEmbedding(nn.Module):
    """Embed a time as sinusoids, followed by two layers."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._half = channels // 2
        self.linear_1 = nn.Linear(channels, 4 * channels)
        self.linear_2 = nn.Linear(4 * channels, 4 * channels)

    def forward(self, time: Tensor, like: Tensor) -> Tensor:
        """Return the embeddings (N, 4 channels) of times (N,), in the precision of `like`."""
        place = torch.arange(self._half, dtype=torch.float32, device=time.device)
        angle = time[:, None].float() * torch.exp(-math.log(10_000) * place / self._half)
        waves = torch.cat([angle.cos(), angle.sin()], 1).to(like.dtype)
        return self.linear_2(functional.silu(self.linear_1(waves)))
