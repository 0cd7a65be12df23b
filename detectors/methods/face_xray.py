"""Build detectors that also predict the seam between two blended pictures (Li et al., CVPR 2020, "Face X-ray").

The boundary of a mask m is B = 4m(1−m): 1 half-way through the seam, 0 in each of the two pictures. A genuine crop has
no boundary. The head reads all strides of the backbone at a quarter of the crop's size, as HRNet's own segmentation
head does. Where a forgery's mask is not known, its boundary is not trained on.

In the paper the classification uses the pooled boundary alone. Here it also uses the backbone's pooled features, so
that a forgery without a seam can still be detected.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from detectors.recipe import Recipe, TrainingSource
from detectors.spec import IMAGENET_MEAN, IMAGENET_STD, DetectorSpec

from .backbones import Pretrained, create_backbone
from .batch import Batch
from .networks import DetectorNetwork, cross_entropy
from .plain import UNVARIED

_STRIDES = (1, 2, 3, 4)
_WIDTH = 64
_BOUNDARY_WEIGHT = 100.0

SPEC = DetectorSpec(
    name="face_xray",
    method="face_xray",
    backbone="hrnet_w18.ms_aug_in1k",
    input_size=256,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    crop_margin=0.125,
    licence="MIT",
    paper="Li et al. 2020 (Face X-ray)",
    summary="HRNet that draws the blending boundary; shows where, finds seams only",
    recipe=Recipe(
        optimizer="adam",
        learning_rate=2e-4,
        weight_decay=0.0,
        batch_size=32,
        epochs=20,
        training_source=TrainingSource.SELF_BLENDED,
        augment=UNVARIED,
    ),
)


class FaceXrayNetwork(DetectorNetwork):
    """Predict the boundary at a quarter of the crop's size, and classify pooled features and the pooled boundary."""

    def __init__(self, backbone: nn.Module, channels: list[int]) -> None:
        """Build the boundary head and the classifier for a backbone whose feature maps have these channels."""
        super().__init__(backbone, channels[-1] + 2)
        self.head = nn.Sequential(
            nn.Conv2d(sum(channels), _WIDTH, 1, bias=False), nn.BatchNorm2d(_WIDTH), nn.ReLU(), nn.Conv2d(_WIDTH, 1, 1)
        )

    def features(self, crops: Tensor) -> Tensor:
        """Return the pooled deepest map, and mean and maximum of the boundary, (N, C + 2)."""
        return self._read(crops)[0]

    def boundary(self, crops: Tensor) -> Tensor:
        """Return the boundary (N, S/4, S/4) of normalised crops (N, 3, S, S), in 0–1."""
        return torch.sigmoid(self._read(crops)[1])

    def loss(self, batch: Batch) -> Tensor:
        """Return cross-entropy + 100 × the boundary's mean cross-entropy, where masks are known (eq. 5–7)."""
        features, drawn = self._read(batch.crops)
        loss = cross_entropy(self.logits(features), batch.labels)
        if batch.masks is None:
            return loss
        target = torch.zeros_like(drawn, dtype=torch.float32)
        target[1::2] = boundary_of(batch.masks, drawn.shape[-1])
        return loss + _BOUNDARY_WEIGHT * nn.functional.binary_cross_entropy_with_logits(drawn.float(), target)

    def _read(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        maps: list[Tensor] = self.backbone(crops)
        size = maps[0].shape[-2:]
        grown = [maps[0]] + [
            nn.functional.interpolate(each, size=size, mode="bilinear", align_corners=False) for each in maps[1:]
        ]
        drawn: Tensor = self.head(torch.cat(grown, dim=1))[:, 0]
        shown = torch.sigmoid(drawn).flatten(1)
        pooled = maps[-1].mean(dim=(2, 3))
        return torch.cat((pooled, shown.mean(1, keepdim=True), shown.amax(1, keepdim=True)), dim=1), drawn


def boundary_of(masks: Tensor, size: int) -> Tensor:
    """Return B = 4m(1−m) of blending masks (N, S, S) in 0–1, averaged down to (N, size, size)."""
    boundary = 4 * masks * (1 - masks)
    return nn.functional.adaptive_avg_pool2d(boundary[:, None], size)[:, 0]


def build_face_xray(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a backbone with a boundary head and a classifier; every parameter is trained."""
    backbone = create_backbone(spec, pretrained=pretrained, features_only=True, out_indices=_STRIDES)
    channels: list[int] = cast("nn.Module", backbone.feature_info).channels()  # type: ignore[operator]
    return FaceXrayNetwork(backbone, channels)
