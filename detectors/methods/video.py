"""Build detectors that attend over the frames of a clip.

One backbone computes features of every frame. One transformer block attends over the frames, and the mean of its output
is classified. Güera & Delp (2018) introduced frame features over time; attention replaces their recurrent layer here.
"""

from __future__ import annotations

from typing import cast

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from detectors.augmentation.augment import AugmentConfig
from detectors.recipe import Recipe
from detectors.spec import IMAGENET_MEAN, IMAGENET_STD, DetectorSpec

from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork

_HEAD_WIDTH = 64

SPEC = DetectorSpec(
    name="video",
    method="video",
    backbone="efficientnet_b0.ra_in1k",
    input_size=224,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    crop_margin=0.15,
    licence="Apache-2.0",
    paper="Güera & Delp 2018 (frame features over time); Vaswani et al. 2017 (attention)",
    summary="EfficientNet-B0 on eight frames under temporal attention",
    recipe=Recipe(
        learning_rate=1e-4,
        weight_decay=0.02,
        batch_size=8,
        epochs=10,
        augment=AugmentConfig(jpeg=0.5, jpeg_quality=(40, 100), blur=0.3, blur_sigma=(0.1, 1.5)),
    ),
    frames=8,
)


class ClipNetwork(DetectorNetwork):
    """Classify the mean of frame features after attention over the frames."""

    def __init__(self, backbone: nn.Module, width: int, frames: int) -> None:
        """Build attention over `frames` frames and a classifier for a backbone of `width` pooled features."""
        super().__init__(backbone, width)
        heads = max(1, width // _HEAD_WIDTH)
        self.place = nn.Parameter(torch.zeros(1, frames, width))
        nn.init.normal_(self.place, std=0.02)
        self.attention = cast(nn.Module, Block(width, heads if width % heads == 0 else 1, mlp_ratio=2.0))
        self.norm = nn.LayerNorm(width)

    def features(self, crops: Tensor) -> Tensor:
        """Return the pooled features (N, D) of normalised clips (N, T, 3, S, S)."""
        frames = self.backbone(crops.flatten(0, 1)).reshape(-1, *self.place.shape[1:])
        seen = self.attention(frames + self.place)
        return cast(Tensor, self.norm(seen).mean(dim=1))


def build_video(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a frame backbone with temporal attention; every parameter is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    return ClipNetwork(backbone, width, spec.frames)
