"""Build linear probes: a frozen backbone and one trained linear layer (Ojha et al. 2023, "UniversalFakeDetect")."""

from __future__ import annotations

from detectors.augmentation.augment import AugmentConfig
from detectors.recipe import Recipe
from detectors.spec import CLIP_LARGE, CLIP_MEAN, CLIP_STD, DetectorSpec

from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork, freeze

SPEC = DetectorSpec(
    name="linear_probe",
    method="linear_probe",
    backbone=CLIP_LARGE,
    input_size=224,
    mean=CLIP_MEAN,
    std=CLIP_STD,
    crop_margin=0.15,
    licence="MIT (OpenAI CLIP weights)",
    paper="Ojha et al. 2023 (UniversalFakeDetect)",
    summary="frozen CLIP ViT-L/14 under a linear classifier",
    recipe=Recipe(
        learning_rate=1e-4,
        weight_decay=0.0,
        batch_size=256,
        epochs=20,
        augment=AugmentConfig(
            blur=0.5, blur_sigma=(0.0, 3.0), jpeg=0.5, jpeg_quality=(30, 100), resize=0.0, colour=0.0, noise=0.0
        ),
    ),
)


class FrozenNetwork(DetectorNetwork):
    """Keep the backbone in evaluation mode and without gradient, also while the classifier is trained."""

    def train(self, mode: bool = True) -> FrozenNetwork:
        """Switch the classifier between training and evaluation; the backbone stays in evaluation."""
        super().train(mode)
        self.backbone.eval()
        return self


def build_linear_probe(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a backbone of which only the classifier is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    return FrozenNetwork(freeze(backbone), width)
