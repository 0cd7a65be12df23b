"""Attention processors: reference attention and the Expression Adapter's decoupled cross-attention.

The reference bank and the expression tokens come in as arguments of every call (`cross_attention_kwargs` of a
diffusers U-Net). Nothing is patched and nothing is remembered between calls, so two pipelines can share a process.
"""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn
from torch.nn import functional

ReferenceBank = dict[str, Tensor]
"""Features (sources, tokens, channels) of the reference network by the name of the self-attention that reads them."""


def _attend(attn: Attention, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    def heads(x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], attn.heads, -1).transpose(1, 2)

    out = functional.scaled_dot_product_attention(heads(query), heads(key), heads(value))
    return out.transpose(1, 2).flatten(2)


class WriteReference:
    """Self-attention of the reference network: puts its input into the bank, then attends as usual."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, bank: ReferenceBank | None = None, expression: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Attend over (N, tokens, channels)."""
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        if encoder_hidden_states is None and bank is not None:
            bank[self._name] = hidden_states
        out = _attend(attn, attn.to_q(hidden_states), attn.to_k(context), attn.to_v(context))
        return attn.to_out[0](out)


class ReadReference:
    """Self-attention of the denoiser: keys and values of the source stand beside the frame's own.

    Moore-AnimateAnyone's reference attention: softmax(Q [K; K_ref]^T / sqrt d) [V; V_ref].
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, bank: ReferenceBank | None = None, expression: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Attend over (frames, tokens, channels); a bank of fewer sources is repeated for consecutive frames."""
        key, value = attn.to_k(hidden_states), attn.to_v(hidden_states)
        if bank is not None:
            source = bank[self._name]
            repeat = len(hidden_states) // len(source)
            key = torch.cat([key, attn.to_k(source).repeat_interleave(repeat, 0)], 1)
            value = torch.cat([value, attn.to_v(source).repeat_interleave(repeat, 0)], 1)
        out = _attend(attn, attn.to_q(hidden_states), key, value)
        return attn.to_out[0](out)


class DecoupledCrossAttention(nn.Module):
    """Cross-attention with a second pair of keys and values for the expression tokens.

    IP-Adapter's decoupled form: Z = softmax(Q K^T / sqrt d) V + lambda softmax(Q K'^T / sqrt d) V'; V' starts at zero,
    so an untrained adapter changes nothing.

    Args:
        channels: Width of the attention. context_dim: Width of the tokens. strength: lambda.
    """

    def __init__(self, channels: int, context_dim: int, strength: float = 1.0) -> None:
        super().__init__()
        self.to_k_expression = nn.Linear(context_dim, channels, bias=False)
        self.to_v_expression = nn.Linear(context_dim, channels, bias=False)
        nn.init.zeros_(self.to_v_expression.weight)
        self.strength = strength

    def __call__(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None, bank: ReferenceBank | None = None, expression: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Attend over (frames, tokens, channels) with expression tokens (frames, M, context_dim)."""
        assert encoder_hidden_states is not None  # noqa: S101 - cross-attention always has a context
        query = attn.to_q(hidden_states)
        out = _attend(attn, query, attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states))
        if expression is not None and self.strength:
            out = out + self.strength * _attend(
                attn, query, self.to_k_expression(expression), self.to_v_expression(expression)
            )
        return attn.to_out[0](out)


def install_writers(unet: UNet2DConditionModel) -> None:
    """Give a reference network its processors."""
    unet.set_attn_processor({name: WriteReference(name) for name in unet.attn_processors})


def install_readers(unet: UNet2DConditionModel, context_dim: int) -> None:
    """Give a denoiser its processors; the reference network must have the same architecture."""
    modules = dict(unet.named_modules())
    processors: dict[str, object] = {}
    for name in unet.attn_processors:
        if name.endswith("attn1.processor"):
            processors[name] = ReadReference(name)
        else:
            channels = modules[name.removesuffix(".processor")].to_q.out_features
            processors[name] = DecoupledCrossAttention(int(channels), context_dim)
    unet.set_attn_processor(processors)
