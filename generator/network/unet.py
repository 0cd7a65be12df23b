"""The two U-Nets: diffusers' blocks and key names, with a forward pass of our own.

diffusers' forward has no place for features added after the first convolution, nor for temporal modules inside the
blocks; this one has both, takes everything as arguments, and runs whole under `torch.compile`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .attention import AttentionInputs, Features, ReferenceBank, install_readers, install_writers, self_attentions
from .config import ModelConfig
from .temporal import MotionModules


def _sizes(config: ModelConfig, channels: int) -> dict[str, Any]:
    down = ["CrossAttnDownBlock2D" if attention else "DownBlock2D" for attention in config.attention]
    up = ["CrossAttnUpBlock2D" if attention else "UpBlock2D" for attention in reversed(config.attention)]
    return {
        "sample_size": config.grid,
        "in_channels": channels,
        "out_channels": config.latent_channels,
        "layers_per_block": config.layers,
        "block_out_channels": config.widths,
        "down_block_types": tuple(down),
        "up_block_types": tuple(up),
        "cross_attention_dim": config.context_dim,
        "attention_head_dim": config.heads,
    }


class _UNet(UNet2DConditionModel):  # type: ignore[misc]
    recompute = False
    """Recompute each block's activations in the backward pass instead of keeping them."""

    def _embed(self, time: Tensor, like: Tensor) -> Tensor:
        embedded: Tensor = self.time_embedding(self.time_proj(time).to(like.dtype))
        return embedded

    def _cell(
        self, sample: Tensor, embedding: Tensor, context: Tensor, given: Mapping[str, object],
        parts: tuple[nn.Module | None, nn.Module | None, nn.Module | None], frames: int,
    ) -> Tensor:  # fmt: skip
        """Apply a residual block, its attention and its temporal module, as far as they exist."""

        def run(sample: Tensor, embedding: Tensor, context: Tensor) -> Tensor:
            resnet, attention, motion = parts
            if resnet is not None:
                sample = resnet(sample, embedding)
            if attention is not None:
                (sample,) = attention(
                    sample, encoder_hidden_states=context, cross_attention_kwargs=given, return_dict=False
                )
            if motion is not None:
                sample = motion(sample, frames)
            return sample

        if self.recompute and torch.is_grad_enabled():
            out: Tensor = checkpoint(run, sample, embedding, context, use_reentrant=False)
            return out
        return run(sample, embedding, context)

    def _walk(
        self, sample: Tensor, embedding: Tensor, context: Tensor, given: Mapping[str, object],
        motion: MotionModules | None = None, frames: int = 1,
    ) -> Tensor:  # fmt: skip
        """Go down, through the middle and up again, from the first convolution to before the last."""
        skips = [sample]
        for level, block in enumerate(self.down_blocks):
            attentions = getattr(block, "attentions", None)
            for index, resnet in enumerate(block.resnets):
                parts = (resnet, attentions[index] if attentions else None, motion and motion.down(level, index))
                sample = self._cell(sample, embedding, context, given, parts, frames)
                skips.append(sample)
            if block.downsamplers is not None:
                sample = block.downsamplers[0](sample)
                skips.append(sample)
        first, second = self.mid_block.resnets
        sample = self._cell(sample, embedding, context, given, (first, self.mid_block.attentions[0], None), frames)
        middle = motion and motion.middle()
        sample = sample if middle is None else middle(sample, frames)
        sample = second(sample, embedding)
        for level, block in enumerate(self.up_blocks):
            attentions = getattr(block, "attentions", None)
            for index, resnet in enumerate(block.resnets):
                sample = torch.cat([sample, skips.pop()], 1)
                parts = (resnet, attentions[index] if attentions else None, motion and motion.up(level, index))
                sample = self._cell(sample, embedding, context, given, parts, frames)
            if block.upsamplers is not None:
                sample = block.upsamplers[0](sample, skips[-1].shape[-2:])
        return sample


class ReferenceNet(_UNet):
    """Reads the source once per clip; its last convolution is there for the published files and not used."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(**_sizes(config, config.latent_channels))
        install_writers(self)

    def forward(self, latent: Tensor, context: Tensor) -> Features:
        """Return the inputs of all self-attentions for sources (M, C, g, g) with context (M, T, D), at time 0."""
        features: Features = {}
        time = torch.zeros(len(latent), dtype=torch.long, device=latent.device)
        self._walk(self.conv_in(latent), self._embed(time, latent), context, {"features": features})
        return features


class Denoiser(_UNet):
    """Predicts from the noisy latent, under all conditions."""

    def __init__(self, config: ModelConfig, channels: int) -> None:
        super().__init__(**_sizes(config, channels))
        install_readers(self, config.context_dim)

    def reference_bank(self, features: Features) -> ReferenceBank:
        """Return the keys and values that this network's self-attentions make of a source's features."""
        return {
            name: (attention.to_k(features[name]), attention.to_v(features[name]))
            for name, attention in self_attentions(self).items()
        }

    def forward(
        self, noisy: Tensor, time: Tensor, context: Tensor, inputs: AttentionInputs, *, added: Tensor | None = None,
        motion: MotionModules | None = None, frames: int = 1,
    ) -> Tensor:  # fmt: skip
        """Return the prediction (N, C, g, g).

        Args:
            noisy: (N, K, g, g) noisy latents, with what is concatenated to them.
            time: (N,) in [0, 1000).
            context: (N, T, D) cross-attention tokens.
            inputs: What the attentions read beside.
            added: (N, widths[0], g, g) added after the first convolution.
            motion: Temporal modules.
            frames: Consecutive samples that belong to one window; N is a multiple of it.
        """
        sample = self.conv_in(noisy)
        if added is not None:
            sample = sample + added
        sample = self._walk(sample, self._embed(time, noisy), context, {"inputs": inputs}, motion, frames)
        out: Tensor = self.conv_out(self.conv_act(self.conv_norm_out(sample)))
        return out


def trainable_reference_parameters(net: ReferenceNet) -> Sequence[nn.Parameter]:
    """Return the parameters that the features depend on: everything up to the last self-attention's input."""
    last = net.up_blocks[-1].attentions[-1].transformer_blocks[0]
    unused = {id(p) for part in (net.conv_norm_out, net.conv_out, net.up_blocks[-1].attentions[-1].proj_out)
              for p in part.parameters()}  # fmt: skip
    unused |= {id(p) for name, p in last.named_parameters() if not name.startswith("norm1")}
    return [p for p in net.parameters() if id(p) not in unused]
