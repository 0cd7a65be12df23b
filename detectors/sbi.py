"""Describe the detector of self-blended images (Shiohara & Yamasaki, CVPR 2022).

A plain EfficientNet-B4 on crops that are only scaled to 0–1. What sets it apart is what it is fed: genuine pictures and
blends of them with themselves (`SelfBlends`), drawn afresh in every epoch. Any other detector can be fed the same way.
"""

from __future__ import annotations

from .augmentation import AugmentConfig
from .recipe import Recipe
from .spec import DetectorSpec

UNVARIED = AugmentConfig(flip=0.0, jpeg=0.0, resize=0.0, blur=0.0, colour=0.0, noise=0.0)
"""Self-blending draws its own mirroring, colour and compression, alike for both pictures of a pair."""

SPEC = DetectorSpec(
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
        diet="self_blended",
        augment=UNVARIED,
    ),
)
