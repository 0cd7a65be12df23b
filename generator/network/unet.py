"""Define the two U-Nets: Stable Diffusion's blocks and key names, with AniFaceDiff's additional inputs.

Features are added after the first convolution, and temporal modules are applied inside the blocks. Every input is an
argument, so that `torch.compile` can compile the whole forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from .attention import AttentionInputs, Features, ReferenceBank, install_readers, install_writers, self_attentions
from .blocks import Down, Middle, TimeEmbedding, Transformer, Up
from .config import ModelConfig
from .temporal import MotionModules


class _UNet(nn.Module):
    recompute = False
    """Whether each block's activations are recomputed in the backward pass instead of stored."""

    def __init__(self, config: ModelConfig, channels: int) -> None:
        super().__init__()
        widths, time = config.widths, 4 * config.widths[0]
        heads = [config.heads if attention else None for attention in config.attention]
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.time_embedding = TimeEmbedding(widths[0])
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        last = len(widths) - 1
        for level, width in enumerate(widths):
            incoming = [widths[max(level - 1, 0)], *[width] * (config.layers - 1)]
            sizes = (incoming, width, time, heads[level], config.context_dim)
            self.down_blocks.append(Down(*sizes, last=level == last))
        self.mid_block = Middle(widths[-1], time, config.heads, config.context_dim)
        for level in range(last, -1, -1):
            width, below = widths[level], widths[min(level + 1, last)]
            skips = [*[width] * config.layers, widths[max(level - 1, 0)]]
            incoming = [skip + before for skip, before in zip(skips, [below, *[width] * config.layers], strict=True)]
            sizes = (incoming, width, time, heads[level], config.context_dim)
            self.up_blocks.append(Up(*sizes, last=level == 0))
        self.conv_norm_out = nn.GroupNorm(32, widths[0])
        self.conv_out = nn.Conv2d(widths[0], config.latent_channels, 3, padding=1)

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
                sample = attention(sample, context, given)
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
        """Apply all levels from after the first convolution to before the last one."""
        skips = [sample]
        for level, block in enumerate(cast(Sequence[Down], self.down_blocks)):
            for index, cell in enumerate(block.cells()):
                parts = (*cell, motion and motion.down(level, index))
                sample = self._cell(sample, embedding, context, given, parts, frames)
                skips.append(sample)
            if block.resample is not None:
                sample = block.resample(sample)
                skips.append(sample)
        first, second = self.mid_block.resnets
        sample = self._cell(sample, embedding, context, given, (first, self.mid_block.attentions[0], None), frames)
        middle = motion and motion.middle()
        sample = sample if middle is None else middle(sample, frames)
        sample = second(sample, embedding)
        for level, upper in enumerate(cast(Sequence[Up], self.up_blocks)):
            for index, cell in enumerate(upper.cells()):
                sample = torch.cat([sample, skips.pop()], 1)
                parts = (*cell, motion and motion.up(level, index))
                sample = self._cell(sample, embedding, context, given, parts, frames)
            if upper.resample is not None:
                sample = upper.resample(sample, skips[-1].shape[-2:])
        return sample


class ReferenceNet(_UNet):
    """Read the source once per clip; the last convolution exists for the published files and is not used."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, config.latent_channels)
        install_writers(self)

    def forward(self, latent: Tensor, context: Tensor) -> Features:
        """Return the inputs of all self-attentions for sources (M, C, g, g) with context (M, T, D), at time 0."""
        features: Features = {}
        time = torch.zeros(len(latent), dtype=torch.long, device=latent.device)
        self._walk(self.conv_in(latent), self.time_embedding(time, latent), context, {"features": features})
        return features


class Denoiser(_UNet):
    """Predict from the noisy latent, under all conditions."""

    def __init__(self, config: ModelConfig, channels: int) -> None:
        super().__init__(config, channels)
        install_readers(self, config.context_dim)

    def reference_bank(self, features: Features) -> ReferenceBank:
        """Return the keys and values of this network's self-attentions for a source's features."""
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
            noisy: (N, K, g, g) noisy latents and the channels concatenated to them.
            time: (N,) in [0, 1000).
            context: (N, T, D) cross-attention tokens.
            inputs: Additional inputs of the attentions.
            added: (N, widths[0], g, g) added after the first convolution.
            motion: Temporal modules.
            frames: Consecutive samples that belong to one window; N is a multiple of it.
        """
        sample = self.conv_in(noisy)
        if added is not None:
            sample = sample + added
        sample = self._walk(sample, self.time_embedding(time, noisy), context, {"inputs": inputs}, motion, frames)
        out: Tensor = self.conv_out(functional.silu(self.conv_norm_out(sample)))
        return out


def trainable_reference_parameters(net: ReferenceNet) -> Sequence[nn.Parameter]:
    """Return the parameters that the features depend on: all up to the last self-attention's input."""
    transformer = cast(Transformer, cast(Up, net.up_blocks[-1]).attentions[-1])
    last = transformer.transformer_blocks[0]
    unused = {id(p) for part in (net.conv_norm_out, net.conv_out, transformer.proj_out)
              for p in part.parameters()}  # fmt: skip
    unused |= {id(p) for name, p in last.named_parameters() if not name.startswith("norm1")}
    return [p for p in net.parameters() if id(p) not in unused]
