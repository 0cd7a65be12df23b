"""Compute the cross-attention token of a source."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import ModelConfig

_CLIP_SIZE = 224
_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class LatentContext(nn.Linear):
    """Project the mean of the source's latent to one token."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config.latent_channels, config.context_dim)

    def forward(self, picture: Tensor, latent: Tensor) -> Tensor:  # type: ignore[override]
        """Return tokens (M, 1, D) of sources: pictures (M, 3, S, S) in [-1, 1] and their latents (M, C, g, g)."""
        return super().forward(latent.mean((2, 3)))[:, None]


class ClipContext(nn.Module):
    """Project the image embedding of CLIP (ViT-L/14, as in `sd-image-variations`) to one token."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection  # takes a second to import

        self.encoder = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=config.clip_width, intermediate_size=4 * config.clip_width,
                num_hidden_layers=config.clip_layers, num_attention_heads=config.clip_heads, image_size=_CLIP_SIZE,
                patch_size=14, projection_dim=config.context_dim, hidden_act="quick_gelu",
            )
        )  # fmt: skip
        self.register_buffer("mean", torch.tensor(_CLIP_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_CLIP_STD)[:, None, None], persistent=False)

    def forward(self, picture: Tensor, latent: Tensor) -> Tensor:
        """Return tokens (M, 1, D) of sources: pictures (M, 3, S, S) in [-1, 1]; the latents are not used."""
        size = (_CLIP_SIZE, _CLIP_SIZE)
        small = functional.interpolate(picture.float(), size=size, mode="bicubic", antialias=True, align_corners=False)
        pixels = (((small.clamp(-1, 1) + 1) / 2 - self.mean) / self.std).to(picture.dtype)
        embeds: Tensor = self.encoder(pixel_values=pixels).image_embeds
        return embeds[:, None]
