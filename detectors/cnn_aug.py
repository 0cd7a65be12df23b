"""Describe the blur-and-JPEG baseline (Wang et al., CVPR 2020, "CNN-generated images are surprisingly easy to spot").

A plain ResNet-50; what sets it apart is its training. Every crop is mirrored with probability 0.5, blurred with
σ drawn from 0–3 with probability 0.5, and then compressed as JPEG at quality 30–100 with probability 0.5.
"""

from __future__ import annotations

from .augmentation import AugmentConfig
from .recipe import Recipe
from .spec import IMAGENET_MEAN, IMAGENET_STD, DetectorSpec

BLUR_AND_JPEG = AugmentConfig(
    flip=0.5, blur=0.5, blur_sigma=(0.0, 3.0), jpeg=0.5, jpeg_quality=(30, 100), resize=0.0, colour=0.0, noise=0.0
)

SPEC = DetectorSpec(
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
    recipe=Recipe(optimizer="adam", learning_rate=1e-4, weight_decay=0.0, batch_size=64, augment=BLUR_AND_JPEG),
)
