"""Use Stable Diffusion's autoencoder as a codec: continuous latents, 8 pixels per cell."""

from __future__ import annotations

from diffusers import AutoencoderKL
from torch import Tensor, nn

from .config import ModelConfig

SCALING = 0.18215
"""Inverse standard deviation of the latents over Stable Diffusion's training pictures; latents are multiplied by it."""


class KLCodec(nn.Module):
    """Encode and decode with `sd-vae-ft-mse` or similar; latents are posterior means, so encoding is deterministic."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        levels = len(config.vae_widths)
        self.vae = AutoencoderKL(
            block_out_channels=config.vae_widths, latent_channels=config.latent_channels, layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * levels, up_block_types=("UpDecoderBlock2D",) * levels,
            sample_size=config.image_size, scaling_factor=SCALING,
        )  # fmt: skip

    def encode(self, pictures: Tensor) -> Tensor:
        """Return latents (N, 4, H/8, W/8) of pictures (N, 3, H, W) in [-1, 1]."""
        mean: Tensor = self.vae.encode(pictures).latent_dist.mode()
        return mean * SCALING

    def decode(self, latents: Tensor) -> Tensor:
        """Return pictures (N, 3, H, W), about in [-1, 1], of latents."""
        pictures: Tensor = self.vae.decode(latents / SCALING).sample
        return pictures
