"""Define attention processors: reference attention and the Expression Adapter's decoupled cross-attention.

Every input besides the frame itself is an argument of the call. Nothing is patched and no state is kept between calls,
so two pipelines can share a process.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import Attention

Features = dict[str, Tensor]
"""Inputs (sources, tokens, channels) of the reference network's self-attentions, by attention name."""
ReferenceBank = dict[str, tuple[Tensor, Tensor]]
"""Keys and values (sources, tokens, channels) that the denoiser's self-attentions read, by attention name."""


@dataclass(frozen=True, slots=True)
class AttentionInputs:
    """The additional inputs of the denoiser's attentions.

    Attributes:
        bank: Keys and values of the source; None lets every frame attend to itself only.
        keep: (N,) bool, frames that attend to the bank; None for all. The other frames are computed as without a bank.
        expression: (N, M, D) expression tokens; None for none.
        strength: lambda, one number or (N, 1, 1); 0 is equivalent to no tokens.
    """

    bank: ReferenceBank | None = None
    keep: Tensor | None = None
    expression: Tensor | None = None
    strength: float | Tensor = 1.0


def _attend(attn: Attention, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    def heads(x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], attn.heads, -1).transpose(1, 2)

    out = functional.scaled_dot_product_attention(heads(query), heads(key), heads(value), mask)
    return out.transpose(1, 2).flatten(2)


def _for_frames(source: Tensor, frames: int) -> Tensor:
    """Repeat each source's rows for its consecutive frames."""
    if len(source) == 1:
        return source.expand(frames, -1, -1)
    return source.repeat_interleave(frames // len(source), 0)


class WriteReference:
    """Compute plain attention in the reference network, and store the input of self-attentions in `features`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(
        self, attn: Attention, hidden: Tensor, context: Tensor | None, features: Features | None = None
    ) -> Tensor:
        """Attend over (N, tokens, channels)."""
        if context is None and features is not None:
            features[self._name] = hidden
        read = hidden if context is None else context
        out = _attend(attn, attn.to_q(hidden), attn.to_k(read), attn.to_v(read))
        return attn.to_out[0](out)


class ReadReference:
    """Compute the denoiser's self-attention with the source's keys and values beside the frame's own.

    Moore-AnimateAnyone's reference attention: softmax(Q [K; K_ref]^T / sqrt d) [V; V_ref].
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(
        self, attn: Attention, hidden: Tensor, context: Tensor | None, inputs: AttentionInputs | None = None
    ) -> Tensor:
        """Attend over (frames, tokens, channels)."""
        key, value = attn.to_k(hidden), attn.to_v(hidden)
        mask = None
        if inputs is not None and inputs.bank is not None:
            frames, own = key.shape[:2]
            key, value = (
                torch.cat([here, _for_frames(there, frames)], 1)
                for here, there in zip((key, value), inputs.bank[self._name], strict=True)
            )
            if inputs.keep is not None:
                beyond = torch.arange(key.shape[1], device=key.device) >= own
                mask = (~beyond | inputs.keep[:, None])[:, None, None]
        out = _attend(attn, attn.to_q(hidden), key, value, mask)
        return attn.to_out[0](out)


class DecoupledCrossAttention(nn.Module):
    """Compute cross-attention with a second pair of keys and values for the expression tokens.

    IP-Adapter's decoupled form: Z = softmax(Q K^T / sqrt d) V + lambda softmax(Q K'^T / sqrt d) V'; V' starts at zero,
    so an untrained adapter changes nothing.

    Args:
        channels: Width of the attention.
        context_dim: Width of the tokens.
    """

    def __init__(self, channels: int, context_dim: int) -> None:
        super().__init__()
        self.to_k_expression = nn.Linear(context_dim, channels, bias=False)
        self.to_v_expression = nn.Linear(context_dim, channels, bias=False)
        nn.init.zeros_(self.to_v_expression.weight)

    def __call__(
        self, attn: Attention, hidden: Tensor, context: Tensor | None, inputs: AttentionInputs | None = None
    ) -> Tensor:
        """Attend over (frames, tokens, channels)."""
        assert context is not None  # noqa: S101 - cross-attention always has a context  # nosec B101
        query = attn.to_q(hidden)
        out = _attend(attn, query, attn.to_k(context), attn.to_v(context))
        if inputs is not None and inputs.expression is not None:
            out = out + inputs.strength * _attend(
                attn, query, self.to_k_expression(inputs.expression), self.to_v_expression(inputs.expression)
            )
        return attn.to_out[0](out)


def self_attentions(unet: nn.Module) -> dict[str, Attention]:
    """Return the self-attentions of a U-Net by name."""
    return {name: attention for name, attention in _attentions(unet).items() if name.endswith("attn1")}


def install_writers(unet: nn.Module) -> None:
    """Install the attention processors of a reference network."""
    for name, attention in _attentions(unet).items():
        attention.processor = WriteReference(name)


def install_readers(unet: nn.Module, context_dim: int) -> None:
    """Install the attention processors of a denoiser; the reference network must have the same attentions."""
    for name, attention in _attentions(unet).items():
        if name.endswith("attn1"):
            attention.processor = ReadReference(name)
        else:
            attention.processor = DecoupledCrossAttention(attention.to_q.out_features, context_dim)


def _attentions(unet: nn.Module) -> dict[str, Attention]:
    return {name: module for name, module in unet.named_modules() if isinstance(module, Attention)}
