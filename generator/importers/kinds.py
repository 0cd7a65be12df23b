"""Identify the content of a weights file from the names and shapes of its tensors."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

CHECKPOINT = "a Stable Diffusion 1.x checkpoint"
UNET = "a Stable Diffusion 1.x U-Net"
VAE = "an autoencoder (VAE)"
IMAGE_ENCODER = "a CLIP image encoder"
SPATIAL = "a spatial encoder"
MOTION = "temporal modules"
UNKNOWN = "weights of a layout that is not known here"

_FOREIGN = (
    ("model.diffusion_model.label_emb.0.0.weight", "an SDXL checkpoint"),
    ("conditioner.embedders.", "an SDXL checkpoint"),
    ("add_embedding.linear_1.weight", "an SDXL U-Net"),
    ("cond_stage_model.model.", "a Stable Diffusion 2 checkpoint"),
    ("joint_blocks.0.", "a Stable Diffusion 3 transformer"),
    ("double_blocks.0.", "a Flux transformer"),
    ("temporal_transformer_blocks.0.", "a Stable Video Diffusion U-Net"),
    ("controlnet_", "a ControlNet"),
    ("control_model.", "a ControlNet"),
    (".lora_", "a LoRA"),
    ("lora_unet_", "a LoRA"),
)
_CROSS = "attn2.to_k.weight"
_WIDTHS = {1024: "a Stable Diffusion 2 U-Net", 2048: "an SDXL U-Net"}


def kind_of(tensors: Mapping[str, Tensor]) -> str:
    """Return the content of a file in words: one of this module's constants, or a description of an unknown network."""
    for mark, stranger in _FOREIGN:
        if any(mark in name for name in tensors):
            return stranger
    for name, value in tensors.items():
        if name.endswith(_CROSS) and value.ndim == 2 and value.shape[1] in _WIDTHS:
            return _WIDTHS[value.shape[1]]
    return _own_kind(tensors)


def _own_kind(tensors: Mapping[str, Tensor]) -> str:
    def any_starts(*starts: str) -> bool:
        return any(name.startswith(starts) for name in tensors)

    if any_starts("model.diffusion_model."):
        return CHECKPOINT
    if any_starts("time_embedding.") and any_starts("conv_in.", "down_blocks."):
        return UNET
    if any_starts("encoder.down", "first_stage_model.") and any_starts("decoder.", "first_stage_model."):
        return VAE
    if any_starts("vision_model."):
        return IMAGE_ENCODER
    if any(".motion_modules." in name for name in tensors):
        return MOTION
    if any_starts("conv_in.") and any_starts("blocks."):
        return SPATIAL
    return UNKNOWN
