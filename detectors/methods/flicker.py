"""Build small detectors of flicker: changes from one frame to the next that are reversed in the frame after.

A generator that renders frames independently, or blends them in windows, leaves temporal noise that the smooth motion
of a camera does not leave. The temporal second difference x_t − (x_{t−1} + x_{t+1})/2 removes even motion. A narrow
ResNet reads the rest, and mean and maximum over time are classified. The method cannot score a still picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from detectors.augmentation.augment import AugmentConfig
from detectors.recipe import Recipe
from detectors.spec import HALF, DetectorSpec

from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork

_GAIN = 4.0  # scales the differences of ordinary clips to the spread of a normalised crop
_LIMIT = 2.0

SPEC = DetectorSpec(
    name="flicker",
    method="flicker",
    backbone="resnet10t",
    options=(("channels", (16, 32, 64, 128)), ("stem_width", 16)),
    input_size=128,
    mean=HALF,
    std=HALF,
    crop_margin=0.15,
    licence="Apache-2.0 (trained from nothing)",
    paper="none (temporal second differences)",
    summary="narrow ResNet on what changes between frames and changes back; light, for clips only",
    recipe=Recipe(batch_size=16, augment=AugmentConfig(noise=0.0)),
    frames=8,
)


class FlickerNetwork(DetectorNetwork):
    """Classify mean and maximum over time of the features of temporal second differences."""

    def __init__(self, backbone: nn.Module, width: int) -> None:
        """Build a classifier for a backbone of `width` pooled features."""
        super().__init__(backbone, 2 * width)

    def features(self, crops: Tensor) -> Tensor:
        """Return the pooled features (N, 2D) of normalised clips (N, T, 3, S, S)."""
        changes = second_differences(crops)
        seen = self.backbone(changes.flatten(0, 1)).unflatten(0, changes.shape[:2])
        return torch.cat((seen.mean(dim=1), seen.amax(dim=1)), dim=1)


def second_differences(clips: Tensor) -> Tensor:
    """Return x_t − (x_{t−1} + x_{t+1})/2 of clips (N, T, 3, S, S), scaled and clipped to ±2, (N, T−2, 3, S, S)."""
    changes = clips[:, 1:-1] - (clips[:, :-2] + clips[:, 2:]) / 2
    return (_GAIN * changes).clamp(-_LIMIT, _LIMIT)


def build_flicker(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a backbone on temporal differences; every parameter is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    return FlickerNetwork(backbone, width)
