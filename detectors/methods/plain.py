"""Build the plain detectors: a whole backbone trained under one logit. Every table of the field starts with them."""

from __future__ import annotations

from .augmentation import AugmentConfig
from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork
from .recipe import Recipe
from .spec import HALF, IMAGENET_MEAN, IMAGENET_STD, DetectorSpec

_FIELD = AugmentConfig(jpeg=0.5, jpeg_quality=(40, 100), blur=0.3, blur_sigma=(0.1, 1.5), colour=0.5)
_CONVOLUTIONAL = Recipe(
    optimizer="adam", learning_rate=2e-4, weight_decay=5e-4, batch_size=32, epochs=10, augment=_FIELD
)
_COMMUNITY = Recipe(
    learning_rate=2e-5, weight_decay=1e-2, batch_size=32, epochs=20, ema_decay=0.999, augment=_FIELD
)  # as Park & Owens 2025 fine-tune small transformers

SPECS: tuple[DetectorSpec, ...] = (
    DetectorSpec(
        name="xception",
        method="plain",
        backbone="legacy_xception.tf_in1k",
        input_size=299,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0",
        paper="Rössler et al. 2019 (FaceForensics++)",
        summary="the classic baseline of FaceForensics++",
        recipe=_CONVOLUTIONAL,
    ),
    DetectorSpec(
        name="efficientnet_b4",
        method="plain",
        backbone="tf_efficientnet_b4.aa_in1k",
        input_size=380,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        crop_margin=0.15,
        licence="Apache-2.0",
        paper="Tan & Le 2019",
        summary="the stronger convolutional baseline of DeepfakeBench and the DFDC winners' family",
        recipe=_CONVOLUTIONAL,
    ),
    DetectorSpec(
        name="efficientnet_b0",
        method="plain",
        backbone="efficientnet_b0.ra_in1k",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        crop_margin=0.15,
        licence="Apache-2.0",
        paper="Tan & Le 2019",
        summary="small and accurate; the usual choice for a laptop with pretrained weights",
        recipe=_CONVOLUTIONAL,
    ),
    DetectorSpec(
        name="resnet18",
        method="plain",
        backbone="resnet18.a1_in1k",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        crop_margin=0.15,
        licence="Apache-2.0",
        paper="He et al. 2016",
        summary="the smallest residual baseline",
        recipe=_CONVOLUTIONAL,
    ),
    DetectorSpec(
        name="resnet50",
        method="plain",
        backbone="resnet50.a1_in1k",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        crop_margin=0.15,
        licence="Apache-2.0",
        paper="He et al. 2016",
        summary="the residual baseline",
        recipe=_CONVOLUTIONAL,
    ),
    DetectorSpec(
        name="convnext_tiny",
        method="plain",
        backbone="convnext_tiny.fb_in1k",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        crop_margin=0.15,
        licence="Apache-2.0",
        paper="Liu et al. 2022",
        summary="a modern convolutional baseline, within a few points of special-purpose detectors",
        recipe=Recipe(learning_rate=1e-4, weight_decay=0.05, batch_size=32, epochs=10, augment=_FIELD),
    ),
    DetectorSpec(
        name="vit_small",
        method="plain",
        backbone="vit_small_patch16_224.augreg_in21k_ft_in1k",
        input_size=224,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0",
        paper="Dosovitskiy et al. 2021; trained as Park & Owens 2025 (Community Forensics)",
        summary="the transformer baseline, small enough for a CPU",
        recipe=_COMMUNITY,
    ),
)


def build_plain(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a backbone with a linear classifier; every parameter is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    return DetectorNetwork(backbone, width)
