"""Sizes of the model: one frozen dataclass, saved beside the weights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes of AniFaceDiff; the defaults are the preset `mini`.

    Attributes:
        image_size: Height and width of the generated picture, pixels.
        patch: Side of the codec's patches; the latent grid is image_size / patch.
        latent_channels: Principal components kept per patch.
        widths: Channels of the U-Net's levels. heads: Attention heads.
        context_dim: Width of the cross-attention tokens. tokens: Expression tokens per frame.
        spatial_channels: Output channels of the spatial encoder. compositor_channels: Width of the compositor.
    """

    image_size: int = 256
    patch: int = 16
    latent_channels: int = 96
    widths: tuple[int, ...] = (64, 128)
    heads: int = 4
    context_dim: int = 128
    tokens: int = 4
    spatial_channels: int = 64
    compositor_channels: int = 24

    @property
    def grid(self) -> int:
        """Height and width of the latent."""
        return self.image_size // self.patch

    @property
    def snapshot_size(self) -> int:
        """Height and width of the snapshot."""
        return self.image_size // 2


MINI = ModelConfig()
TOY = ModelConfig(
    image_size=128, patch=16, latent_channels=16, widths=(32, 32), heads=2, context_dim=32, tokens=2,
    spatial_channels=8, compositor_channels=8,
)  # fmt: skip
"""For tests: every part at its smallest."""
EXPRESSION_INPUT = 14
"""Expression coefficients (12) and gaze (2)."""
