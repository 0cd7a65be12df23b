"""AniFaceDiff as one module: codec, reference network, conditions, denoiser, compositor."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional

from .attention import ReferenceBank, install_readers, install_writers
from .compositor import Compositor
from .conditions import ExpressionAdapter, SpatialEncoder
from .config import ModelConfig
from .patch_codec import PatchCodec


@dataclass(frozen=True, slots=True)
class Conditions:
    """What one frame is drawn from.

    Attributes:
        moved: (N, 3, S, S) source on the target's geometry, [-1, 1]. guides: (N, 3, S, S) in [0, 1].
        snapshot: (N, 6, s, s) in [0, 1]. expression: (N, 14) expression and gaze.
    """

    moved: Tensor
    guides: Tensor
    snapshot: Tensor
    expression: Tensor

    def __getitem__(self, index: slice) -> Conditions:
        return Conditions(self.moved[index], self.guides[index], self.snapshot[index], self.expression[index])


@dataclass(frozen=True, slots=True)
class EncodedSource:
    """A source after the reference network, computed once per clip.

    Attributes:
        picture: (M, 3, S, S). latent: (M, C, g, g). bank: features of the reference network. context: (M, 1, D).
    """

    picture: Tensor
    latent: Tensor
    bank: ReferenceBank
    context: Tensor


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything but the noise that the denoiser sees of N frames.

    Attributes:
        spatial: (N, K, g, g) inputs beside the noisy latent. context: (N, 1, D). expression: (N, tokens, D).
        bank: Features of the reference network.
    """

    spatial: Tensor
    context: Tensor
    expression: Tensor
    bank: ReferenceBank


def noise_schedule() -> DDIMScheduler:
    """Return the one schedule of training and inference: zero terminal SNR, trailing steps, clean latents predicted."""
    return DDIMScheduler(
        num_train_timesteps=1000, beta_start=8.5e-4, beta_end=1.2e-2, beta_schedule="scaled_linear",
        rescale_betas_zero_snr=True, timestep_spacing="trailing", prediction_type="sample", clip_sample=False,
    )  # fmt: skip


def _unet(config: ModelConfig, channels: int) -> UNet2DConditionModel:
    levels = len(config.widths)
    return UNet2DConditionModel(
        sample_size=config.grid, in_channels=channels, out_channels=config.latent_channels, layers_per_block=1,
        block_out_channels=config.widths, down_block_types=("CrossAttnDownBlock2D",) * levels,
        up_block_types=("CrossAttnUpBlock2D",) * levels, cross_attention_dim=config.context_dim,
        attention_head_dim=config.heads,
    )  # fmt: skip


class AniFaceDiff(nn.Module):
    """The whole network (arXiv 2406.13272), at any size.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        latent = config.latent_channels
        self.codec = PatchCodec(config)
        self.reference_net = _unet(config, latent)
        self.denoiser = _unet(config, 3 * latent + config.spatial_channels)
        install_writers(self.reference_net)
        install_readers(self.denoiser, config.context_dim)
        self.spatial_encoder = SpatialEncoder(config)
        self.expression_adapter = ExpressionAdapter(config)
        self.context = nn.Linear(latent, config.context_dim)
        self.compositor = Compositor(config)

    def encode_source(self, picture: Tensor) -> EncodedSource:
        """Run the reference network on sources (M, 3, S, S) in [-1, 1], at noise level 0."""
        latent = self.codec.encode(picture)
        context = self.context(latent.mean((2, 3)))[:, None]
        bank: ReferenceBank = {}
        time = torch.zeros(len(latent), dtype=torch.long, device=latent.device)
        self.reference_net(latent, time, context, cross_attention_kwargs={"bank": bank})
        return EncodedSource(picture, latent, bank, context)

    def prepare(self, source: EncodedSource, given: Conditions) -> Prepared:
        """Compute what stays the same over the denoising steps of N frames.

        Args:
            source: M sources; N must be a multiple of M, and consecutive frames share a source.
            given: Conditions of the N frames.
        """
        repeat = len(given.snapshot) // len(source.latent)
        size = given.snapshot.shape[-1]
        maps = torch.cat([given.snapshot, functional.interpolate(given.guides, size=(size, size), mode="area")], 1)
        still = source.latent.repeat_interleave(repeat, 0)
        return Prepared(
            spatial=torch.cat([self.codec.encode(given.moved), still, self.spatial_encoder(maps)], 1),
            context=source.context.repeat_interleave(repeat, 0),
            expression=self.expression_adapter(given.expression),
            bank=source.bank,
        )

    def denoise(self, noisy: Tensor, time: Tensor, prepared: Prepared) -> Tensor:
        """Return the predicted clean latents (N, C, g, g) of noisy ones at time (N,) in [0, 1000)."""
        predicted: Tensor = self.denoiser(
            torch.cat([noisy, prepared.spatial], 1),
            time,
            prepared.context,
            cross_attention_kwargs={"bank": prepared.bank, "expression": prepared.expression},
        ).sample
        return predicted

    def compose(
        self, latent: Tensor, source: EncodedSource, given: Conditions, window: tuple[slice, slice] | None = None
    ) -> Tensor:
        """Return pictures (N, 3, S, S) in [-1, 1], or a part of them.

        Args:
            latent: (N, C, g, g) clean latents.
            source: Their sources.
            given: Their conditions.
            window: Rows and columns of the latent grid that are wanted; None for all.
        """
        rows, columns = window or (slice(0, self.config.grid), slice(0, self.config.grid))

        def cut(picture: Tensor, cell: int) -> Tensor:
            return picture[..., rows.start * cell : rows.stop * cell, columns.start * cell : columns.stop * cell]

        patch = self.config.patch
        repeat = len(latent) // len(source.picture)
        drawn = self.codec.decode(latent[..., rows, columns])
        snapshot = functional.interpolate(cut(given.snapshot, patch // 2), scale_factor=2, mode="nearest")
        still = cut(source.picture, patch).repeat_interleave(repeat, 0)
        maps = torch.cat([cut(given.guides, patch), snapshot], 1)
        out: Tensor = self.compositor(drawn, cut(given.moved, patch), still, maps)
        return out
