"""Wrap a timm backbone as a detector network: pooled features and one logit."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import timm
import torch
from torch import Tensor, nn

from .errors import DetectorError
from .spec import DetectorSpec


class DetectorNetwork(nn.Module):
    """Turn a batch of crops into pooled features and one logit each.

    Subclasses decide how the crop enters the backbone, what is trained and how features meet the classifier.
    """

    def __init__(self, backbone: nn.Module, width: int) -> None:
        """Put a fresh linear classifier on a backbone that gives `width` pooled features."""
        super().__init__()
        self.backbone = backbone
        self.classifier = nn.Linear(width, 1)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def features(self, crops: Tensor) -> Tensor:
        """Give the pooled features (N, D) of normalised crops (N, 3, S, S)."""
        return cast(Tensor, self.backbone(crops))

    def forward(self, crops: Tensor) -> Tensor:
        """Give one logit per crop, (N,); positive means manipulated."""
        logits: Tensor = self.classifier(self.features(crops))
        return logits[:, 0]

    def objective(self, features: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the scalar training loss from features (N, D), logits (N,) and labels (N,) in 0–1."""
        del features
        return nn.functional.binary_cross_entropy_with_logits(logits, labels)


def build_backbone(spec: DetectorSpec, *, channels: int = 3, pretrained: bool = False) -> tuple[nn.Module, int]:
    """Build the timm backbone of a spec without its classifier, and say how wide its pooled features are.

    Args:
        spec: Whose backbone to build.
        channels: Planes of the input.
        pretrained: Whether to fetch timm's published weights.

    Raises:
        DetectorError: If timm cannot build the backbone or fetch its weights.
    """
    create = cast(Callable[..., nn.Module], timm.create_model)
    try:
        backbone = create(spec.backbone, pretrained=pretrained, num_classes=0, in_chans=channels, **dict(spec.options))
    except (RuntimeError, OSError, ValueError, TypeError) as error:
        hint = "; without a network connection use pretrained=False" if pretrained else ""
        raise DetectorError(
            f"backbone {spec.backbone!r} of detector {spec.name!r} cannot be built: {error}{hint}"
        ) from error
    with torch.no_grad():
        probe = torch.zeros(1, channels, spec.input_size, spec.input_size)
        width = int(backbone.eval()(probe).shape[-1])
    return backbone.train(), width
