"""Compare pictures by the features of a network that was trained on ImageNet."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from generator.errors import TrainingError

_BACKBONE = "tf_efficientnet_lite0"
_STAGES = (0, 1, 2)
"""Features at a half, a quarter and an eighth of the side."""


class FeatureDistance(nn.Module):
    """Compute the distance of two pictures in features that are normalised at every place, as LPIPS does.

    LPIPS (Zhang et al., arXiv 1801.03924, equation 1) learns a weight per channel; here all weights are 1.

    Args:
        weights: EfficientNet-Lite0's ImageNet weights, as `facetrail models get imagenet-lite0` writes them.

    Raises:
        TrainingError: The file is missing or no such weights.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        import timm

        self.network = timm.create_model(_BACKBONE, features_only=True, out_indices=_STAGES)
        try:
            found = load_file(weights)
            unknown = self.network.load_state_dict(found, strict=False)
        except (OSError, RuntimeError, ValueError, SafetensorError) as error:
            said = " ".join(str(error).split())
            raise TrainingError(
                f"{weights}: no ImageNet weights of {_BACKBONE} ({said}); run `facetrail models get imagenet-lite0`"
            ) from error
        if unknown.missing_keys:
            raise TrainingError(
                f"{weights}: lacks {unknown.missing_keys[0]} of {_BACKBONE}; run `facetrail models get imagenet-lite0`"
            )
        self.network.eval().requires_grad_(False)

    def forward(self, ours: Tensor, true: Tensor, weight: Tensor) -> Tensor:
        """Return the weighted mean squared distance of pictures (N, 3, H, W) in [-1, 1].

        Args:
            ours: The pictures.
            true: What they should be.
            weight: (N, 1, H, W) weight of each place, at least 0.
        """
        with torch.no_grad():
            wanted = self.network(true)
        total = torch.zeros((), device=ours.device)
        for mine, theirs in zip(self.network(ours), wanted, strict=True):
            share = torch.nn.functional.interpolate(weight, size=mine.shape[-2:], mode="area")
            apart = (_normalised(mine) - _normalised(theirs)).square().sum(1, keepdim=True)
            total = total + (share * apart).sum() / share.sum().clamp(min=1e-6)
        return total / len(wanted)


def _normalised(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + 1e-6)
