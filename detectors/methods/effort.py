"""Build detectors that train the last singular direction of every attention matrix (Yan et al. 2025, "Effort").

The leading singular directions of a pretrained transformer contain its knowledge of image content. Effort freezes them
and trains the rest, so that the network learns forgery without forgetting content. timm fuses the query, key and value
matrices; they are separated first, because decomposing the fused matrix would be another method.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from detectors.augmentation.augment import AugmentConfig
from detectors.recipe import Recipe
from detectors.spec import CLIP_LARGE, CLIP_MEAN, CLIP_STD, DetectorSpec

from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork, freeze

SPEC = DetectorSpec(
    name="effort",
    method="effort",
    backbone=CLIP_LARGE,
    input_size=224,
    mean=CLIP_MEAN,
    std=CLIP_STD,
    crop_margin=0.15,
    licence="MIT (OpenAI CLIP weights)",
    paper="Yan et al. 2025 (Effort)",
    summary="CLIP ViT-L/14 with the last singular direction of q, k, v and out trained",
    recipe=Recipe(
        optimizer="adam",
        learning_rate=2e-4,
        weight_decay=5e-4,
        batch_size=32,
        epochs=10,
        augment=AugmentConfig(jpeg=0.5, jpeg_quality=(40, 100), blur=0.3, blur_sigma=(0.1, 1.5), colour=0.5),
    ),
)


class SingularResidual(nn.Module):
    """Apply a linear map of which only the last singular triplets are trained.

    The weight is a stack of square blocks (three for a fused query-key-value matrix, one for the output), each split
    into a frozen leading part and a trained remainder U·diag(s)·Vᵀ.
    """

    main: Tensor

    def __init__(self, linear: nn.Linear, *, blocks: int, rank: int = 1) -> None:
        """Decompose the weight of a linear layer, block by block along its outputs.

        Args:
            linear: The layer to decompose; its bias is frozen.
            blocks: Number of matrices that are fused in its weight.
            rank: Number of trailing singular directions of each that are trained.
        """
        super().__init__()
        weight = linear.weight.detach().reshape(blocks, -1, linear.in_features)
        left, values, right = torch.linalg.svd(weight, full_matrices=False)
        self.left = nn.Parameter(left[:, :, -rank:].clone())
        self.values = nn.Parameter(values[:, -rank:].clone())
        self.right = nn.Parameter(right[:, -rank:].clone())
        self.register_buffer("main", weight - self._remainder().detach())
        self.bias = linear.bias
        if self.bias is not None:
            self.bias.requires_grad_(False)

    def _remainder(self) -> Tensor:
        return (self.left * self.values[:, None]) @ self.right

    def weight(self) -> Tensor:
        """Return the whole weight (out, in): the frozen part plus the trained remainder."""
        return (self.main + self._remainder()).flatten(0, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (…, in) to (…, out)."""
        return nn.functional.linear(tokens, self.weight(), self.bias)

    def folded(self) -> nn.Linear:
        """Return an ordinary linear layer that computes the same map, for inference without extra cost."""
        weight = self.weight()
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias=self.bias is not None)
        with torch.no_grad():
            linear.weight.copy_(weight)
            if self.bias is not None:
                linear.bias.copy_(self.bias)
        return linear


def build_effort(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a transformer of which only the singular remainders and the classifier are trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    freeze(backbone)
    for module in list(backbone.modules()):
        if isinstance(getattr(module, "qkv", None), nn.Linear):
            module.qkv = SingularResidual(cast(nn.Linear, module.qkv), blocks=3)
            module.proj = SingularResidual(cast(nn.Linear, module.proj), blocks=1)
    return DetectorNetwork(backbone, width)


def fold(model: nn.Module) -> None:
    """Replace every singular residual of a network, in place, by the ordinary layer it computes, for inference."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SingularResidual):
                setattr(module, name, child.folded())
