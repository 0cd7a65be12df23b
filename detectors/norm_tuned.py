"""Build detectors that train only the LayerNorms of a vision transformer (Yermakov et al. 2025, "GenD")."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .networks import DetectorNetwork, build_backbone
from .spec import DetectorSpec

_UNIFORMITY = 0.5
_ALIGNMENT = 0.1
_FLOOR = 1e-6


class NormTunedNetwork(DetectorNetwork):
    """Classify L2-normalised features, with losses that spread all features and gather those of one label."""

    def features(self, crops: Tensor) -> Tensor:
        """Give unit-length pooled features (N, D)."""
        return nn.functional.normalize(super().features(crops), dim=1)

    def objective(self, features: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        """Give cross-entropy + 0.5 uniformity + 0.1 alignment (Wang & Isola 2020, as weighted by GenD)."""
        loss = super().objective(features, logits, labels)
        distances = (features[:, None] - features[None]).square().sum(dim=2)  # (N, N)
        upper = torch.triu(torch.ones_like(distances, dtype=torch.bool), diagonal=1)
        if not bool(upper.any()):
            return loss
        same = upper & (labels[:, None] == labels[None])
        uniformity = torch.exp(-2 * distances[upper]).mean().clamp(min=_FLOOR).log()
        alignment = distances[same].mean() if bool(same.any()) else loss.new_zeros(())
        return loss + _UNIFORMITY * uniformity + _ALIGNMENT * alignment


def build_norm_tuned(spec: DetectorSpec, *, pretrained: bool = False) -> DetectorNetwork:
    """Build a transformer whose LayerNorms and classifier are trained and whose other parameters are frozen."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    backbone.requires_grad_(False)
    for module in backbone.modules():
        if isinstance(module, nn.LayerNorm):
            module.requires_grad_(True)
    return NormTunedNetwork(backbone, width)
