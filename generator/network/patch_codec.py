"""Define a linear latent codec: principal components of picture patches.

It needs no training run, its decoding costs almost nothing, and it is exactly invertible on its span. The compositor,
not the codec, provides sharpness.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig


class PatchCodec(nn.Module):
    """Project patches of a picture onto their principal components.

    Latents are scaled per component by the square root of its standard deviation, so that more important components
    stay larger under noise.
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.patch = config.patch
        values = 3 * config.patch**2
        self.register_buffer("mean", torch.zeros(values))
        self.register_buffer("basis", torch.zeros(values, config.latent_channels))
        self.register_buffer("scale", torch.ones(config.latent_channels))

    def fit(self, pictures: Tensor) -> None:
        """Fit the components to pictures (N, 3, H, W) in [-1, 1]."""
        patches = functional.pixel_unshuffle(pictures, self.patch).permute(0, 2, 3, 1).reshape(-1, len(self.mean))
        self.mean.copy_(patches.mean(0))
        variance, basis = torch.linalg.eigh(torch.cov((patches - self.mean).T))
        kept = self.basis.shape[1]
        self.basis.copy_(basis.flip(1)[:, :kept])
        self.scale.copy_(variance.flip(0)[:kept].clamp(min=1e-8).sqrt().sqrt() * 1.2)

    def encode(self, pictures: Tensor) -> Tensor:
        """Return latents (N, C, H/p, W/p) of pictures (N, 3, H, W) in [-1, 1]."""
        patches = functional.pixel_unshuffle(pictures, self.patch).permute(0, 2, 3, 1)
        return (((patches - self.mean) @ self.basis) / self.scale).permute(0, 3, 1, 2)

    def decode(self, latents: Tensor) -> Tensor:
        """Return pictures (N, 3, H, W), about in [-1, 1], of latents."""
        patches = (latents.permute(0, 2, 3, 1) * self.scale) @ self.basis.T + self.mean
        return functional.pixel_shuffle(patches.permute(0, 3, 1, 2), self.patch)
