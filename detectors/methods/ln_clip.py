"""Build detectors that train only the LayerNorms of a vision transformer (Yermakov et al. 2025, "GenD")."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from detectors.augmentation.augment import AugmentConfig
from detectors.recipe import Recipe
from detectors.spec import CLIP_LARGE, CLIP_MEAN, CLIP_STD, DetectorSpec

from .backbones import Pretrained, build_backbone
from .batch import Batch
from .networks import DetectorNetwork, cross_entropy, freeze

_UNIFORMITY = 0.5
_ALIGNMENT = 0.1
_FLOOR = 1e-6

SPEC = DetectorSpec(
    name="ln_clip",
    method="ln_clip",
    backbone=CLIP_LARGE,
    input_size=224,
    mean=CLIP_MEAN,
    std=CLIP_STD,
    crop_margin=0.15,
    licence="MIT (OpenAI CLIP weights)",
    paper="Yermakov et al. 2025 (GenD)",
    summary="CLIP ViT-L/14 with only its LayerNorms trained; the quality tier, wants a GPU",
    recipe=Recipe(
        learning_rate=3e-4,
        weight_decay=0.0,
        batch_size=128,
        epochs=10,
        augment=AugmentConfig(
            jpeg=1.0, jpeg_quality=(40, 100), blur=0.1, blur_sigma=(0.1, 2.0), colour=0.5, colour_strength=0.1
        ),
    ),
)


class LayerNormTunedNetwork(DetectorNetwork):
    """Classify L2-normalised features, with losses that spread all features and align those of one label."""

    def features(self, crops: Tensor) -> Tensor:
        """Return unit-length pooled features (N, D)."""
        return nn.functional.normalize(super().features(crops), dim=1)

    def loss(self, batch: Batch) -> Tensor:
        """Return cross-entropy + 0.5 · uniformity + 0.1 · alignment, the weights of GenD."""
        features = self.features(batch.crops)
        loss = cross_entropy(self.logits(features), batch.labels)
        return loss + _UNIFORMITY * uniformity(features) + _ALIGNMENT * alignment(features, batch.labels)


def uniformity(features: Tensor) -> Tensor:
    """Return log mean exp(−2‖zᵢ−zⱼ‖²) over all pairs of features (N, D) (Wang & Isola 2020, eq. 5 with t = 2)."""
    distances = torch.nn.functional.pdist(features.float()).square()
    if not len(distances):
        return features.new_zeros(())
    return torch.exp(-2 * distances).mean().clamp(min=_FLOOR).log()


def alignment(features: Tensor, labels: Tensor) -> Tensor:
    """Return mean ‖zᵢ−zⱼ‖² over pairs of one label in features (N, D) (Wang & Isola 2020, eq. 4 with α = 2)."""
    distances = torch.nn.functional.pdist(features.float()).square()
    rows, columns = torch.triu_indices(len(labels), len(labels), offset=1, device=labels.device)
    same = distances[labels[rows] == labels[columns]]
    return same.mean() if len(same) else features.new_zeros(())


def build_ln_clip(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a transformer whose LayerNorms and classifier are trained and whose other parameters are frozen."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    freeze(backbone)
    for module in backbone.modules():
        if isinstance(module, nn.LayerNorm):
            module.requires_grad_(True)
    return LayerNormTunedNetwork(backbone, width)
