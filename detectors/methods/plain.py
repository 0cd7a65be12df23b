"""Build the plain detectors: a whole backbone trained with one logit, the baseline of most published tables."""

from __future__ import annotations

from detectors.augmentation.augment import AugmentConfig
from detectors.recipe import Recipe, TrainingSource
from detectors.spec import HALF, IMAGENET_MEAN, IMAGENET_STD, DetectorSpec

from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork

_FIELD = AugmentConfig(jpeg=0.5, jpeg_quality=(40, 100), blur=0.3, blur_sigma=(0.1, 1.5), colour=0.5)
_CONVOLUTIONAL = Recipe(
    optimizer="adam", learning_rate=2e-4, weight_decay=5e-4, batch_size=32, epochs=10, augment=_FIELD
)
_BLUR_AND_JPEG = AugmentConfig(
    flip=0.5, blur=0.5, blur_sigma=(0.0, 3.0), jpeg=0.5, jpeg_quality=(30, 100), resize=0.0, colour=0.0, noise=0.0
)
UNVARIED = AugmentConfig(flip=0.0, jpeg=0.0, resize=0.0, blur=0.0, colour=0.0, noise=0.0)
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

CNN_AUG = DetectorSpec(
    name="cnn_aug",
    method="plain",
    backbone="resnet50.a1_in1k",
    input_size=224,
    mean=IMAGENET_MEAN,
    std=IMAGENET_STD,
    crop_margin=0.15,
    licence="Apache-2.0",
    paper="Wang et al. 2020 (CNNDetection)",
    summary="ResNet-50 trained under blur and JPEG, so that it learns what survives both",
    recipe=Recipe(optimizer="adam", learning_rate=1e-4, weight_decay=0.0, batch_size=64, augment=_BLUR_AND_JPEG),
)
"""The blur-and-JPEG baseline (Wang et al., CVPR 2020, "CNN-generated images are surprisingly easy to spot").

It differs from the other detectors by its training. Every crop is mirrored with probability 0.5, blurred with σ drawn
from 0–3 with probability 0.5, and then compressed as JPEG at quality 30–100 with probability 0.5.
"""

SBI = DetectorSpec(
    name="sbi",
    method="plain",
    backbone="tf_efficientnet_b4.ap_in1k",
    input_size=380,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    crop_margin=0.125,
    licence="Apache-2.0",
    paper="Shiohara & Yamasaki 2022 (SBI)",
    summary="EfficientNet-B4 fed self-blends of genuine faces; finds blending seams, not whole generated faces",
    recipe=Recipe(
        optimizer="sgd",
        learning_rate=1e-3,
        weight_decay=0.0,
        batch_size=32,
        epochs=100,
        sam_radius=0.05,
        training_source=TrainingSource.SELF_BLENDED,
        augment=UNVARIED,
    ),
)
"""The detector of self-blended images (Shiohara & Yamasaki, CVPR 2022), on crops that are only scaled to 0–1.

It is trained on genuine pictures and blends of them with themselves (`SelfBlends`), which are drawn anew in every
epoch. Mirroring, colour and compression are the same for both pictures of a pair, so no further augmentation is
applied. Any other detector can be trained on them in the same way.
"""

PHOTO = DetectorSpec(
    name="photo",
    method="plain",
    backbone="tf_efficientnet_lite0.in1k",
    input_size=224,
    mean=HALF,
    std=HALF,
    crop_margin=0.15,
    licence="Apache-2.0",
    paper="Tan & Le 2019 (backbone); Shiohara & Yamasaki 2022 (self-blends)",
    summary="a small network for photographs of people; ships with weights",
    smallest_face=96,
    recipe=Recipe(learning_rate=5e-4, weight_decay=1e-2, batch_size=20, epochs=10, ema_decay=0.99, augment=_FIELD),
)
"""The shipped detector for photographs; `benchmarks/photo/train_photo.py` trained it on portraits."""


def build_plain(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a backbone with a linear classifier; every parameter is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    return DetectorNetwork(backbone, width)
