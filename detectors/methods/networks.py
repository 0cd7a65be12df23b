"""Wrap a timm backbone as a detector network: pooled features and one logit."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .batch import Batch


class DetectorNetwork(nn.Module):
    """Map a batch of crops to pooled features and one logit each.

    Subclasses define how the crop enters the backbone, what is trained and how the features are classified.
    """

    def __init__(self, backbone: nn.Module, width: int) -> None:
        """Build a new linear classifier for a backbone with `width` pooled features."""
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Linear(width, 1)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def features(self, crops: Tensor) -> Tensor:
        """Return the pooled features (N, D) of normalised crops (N, 3, S, S)."""
        return cast(Tensor, self.backbone(crops))

    def logits(self, features: Tensor) -> Tensor:
        """Return one logit per row of features (N, D), (N,); positive means manipulated."""
        logits: Tensor = self.classifier(features)
        return logits[:, 0]

    def forward(self, crops: Tensor) -> Tensor:
        """Return one logit per crop, (N,); positive means manipulated."""
        return self.logits(self.features(crops))

    def loss(self, batch: Batch) -> Tensor:
        """Return the scalar training loss of one step: binary cross-entropy, unless a method overrides it."""
        return cross_entropy(self(batch.crops), batch.labels)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of logits (N,) and labels (N,) in 0–1."""
    return nn.functional.binary_cross_entropy_with_logits(logits.float(), labels)


def freeze(backbone: nn.Module) -> nn.Module:
    """Freeze every parameter of a backbone, and return the backbone."""
    for parameter in backbone.parameters():
        parameter.requires_grad_(False)
    return backbone


def count_trained(model: nn.Module) -> int:
    """Count the parameters of a network that are trained."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def pooled_width(backbone: nn.Module, channels: int, size: int) -> int:
    """Measure how many pooled features a backbone returns for crops of `size` pixels."""
    with torch.no_grad():
        blank = torch.zeros(1, channels, size, size)
        width = int(backbone.eval()(blank).shape[-1])
    backbone.train()
    return width
