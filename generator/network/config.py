"""Define the sizes of the model as one frozen dataclass, which is saved beside the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Configure the sizes and choices of AniFaceDiff; the defaults are the preset `mini`.

    Attributes:
        preset: Name of the preset.
        image_size: Height and width of the generated picture, pixels.
        codec: "patch" for the linear patch codec, "kl" for Stable Diffusion's autoencoder.
        patch: Side in pixels of the patch of one latent cell; the latent grid is image_size / patch.
        latent_channels: Channels of the latent.
        vae_widths: Channels of the autoencoder's levels ("kl").
        widths: Channels of the U-Net's levels.
        layers: Residual blocks per level.
        attention: Whether a level has attention.
        heads: Attention heads.
        context: Origin of the context token: the source's "latent", or a "clip" image encoder.
        clip_width, clip_layers, clip_heads: Sizes of that encoder.
        context_dim: Width of the cross-attention tokens.
        tokens: Expression tokens per frame.
        expression_inputs: Expression coefficients and gaze that the Expression Adapter reads.
        face_model: Face model of the parameters, "arkit" or "flame".
        maps: Names of the spatial maps.
        spatial: "concatenate" joins the encoded maps with the latent, the source's latent and the moved layers'
            latent; "add" adds one encoder's output per map after the first convolution.
        spatial_layers: Width and stride of the spatial encoder's convolutions.
        spatial_channels: Output channels of the spatial encoder.
        compositor_channels: Width of the compositor's first level; 0 for no compositor.
        motion: Temporal modules in AnimateDiff's layout: "v2" with one in the middle block, "v3" without.
        prediction: Target that the denoiser predicts: the clean latent ("sample") or the velocity ("v_prediction").
    """

    preset: str = "mini"
    image_size: int = 256
    codec: Literal["patch", "kl"] = "patch"
    patch: int = 16
    latent_channels: int = 96
    vae_widths: tuple[int, ...] = ()
    widths: tuple[int, ...] = (64, 128)
    layers: int = 1
    attention: tuple[bool, ...] = (True, True)
    heads: int = 4
    context: Literal["latent", "clip"] = "latent"
    clip_width: int = 0
    clip_layers: int = 0
    clip_heads: int = 0
    context_dim: int = 128
    tokens: int = 4
    expression_inputs: int = 54
    face_model: str = "arkit"
    maps: tuple[str, ...] = ("turned", "guides", "moved")
    spatial: Literal["concatenate", "add"] = "concatenate"
    spatial_layers: tuple[tuple[int, int], ...] = ((24, 1), (48, 2), (96, 2), (96, 2), (96, 1))
    spatial_channels: int = 64
    compositor_channels: int = 24
    motion: Literal["v2", "v3"] | None = None
    prediction: Literal["sample", "v_prediction"] = "sample"

    @property
    def grid(self) -> int:
        """Return height and width of the latent."""
        return self.image_size // self.patch

    @property
    def layered(self) -> bool:
        """Return whether the network improves moved layers, instead of drawing whole pictures."""
        return "moved" in self.maps


MINI = ModelConfig()
TOY = ModelConfig(
    image_size=128, latent_channels=16, widths=(32, 32), heads=2, context_dim=32, tokens=2, spatial_channels=8,
    compositor_channels=8,
)  # fmt: skip
"""Preset `mini` at its smallest size, for tests."""

SD15 = ModelConfig(
    preset="sd15", image_size=512, codec="kl", patch=8, latent_channels=4, vae_widths=(128, 256, 512, 512),
    widths=(320, 640, 1280, 1280), layers=2, attention=(True, True, True, False), heads=8,
    context="clip", clip_width=1024, clip_layers=24, clip_heads=16, context_dim=768,
    tokens=4, expression_inputs=57, face_model="flame", maps=("normals", "depth", "shaded"), spatial="add",
    spatial_layers=((16, 1), (16, 1), (32, 2), (32, 1), (96, 2), (96, 1), (256, 2)), spatial_channels=320,
    compositor_channels=0, motion="v3", prediction="v_prediction",
)  # fmt: skip
"""Preset of the paper's size: Stable Diffusion 1.5 with `sd-vae-ft-mse` and the `sd-image-variations` image encoder.

The map encoder's layers are Moore-AnimateAnyone's pose guider's; see docs/generation.md for the other choices.
"""
TOY_SD15 = ModelConfig(
    preset="sd15", image_size=128, codec="kl", patch=8, latent_channels=4, vae_widths=(32, 32, 32, 32),
    widths=(32, 32, 64, 64), layers=2, attention=(True, True, True, False), heads=2,
    context="clip", clip_width=32, clip_layers=2, clip_heads=2, context_dim=32,
    tokens=2, expression_inputs=54, face_model="arkit", maps=("normals", "depth", "shaded"), spatial="add",
    spatial_layers=((8, 1), (8, 1), (8, 2), (8, 1), (8, 2), (8, 1), (8, 2)), spatial_channels=32,
    compositor_channels=0, motion="v3", prediction="v_prediction",
)  # fmt: skip
"""Preset `sd15` at its smallest size, driven by the avatar head, for tests."""
