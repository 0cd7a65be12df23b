"""Describe the shipped default: a narrow ResNet on the crop and its phase spectrum, trained from nothing."""

from __future__ import annotations

from .spec import HALF, DetectorSpec

SPEC = DetectorSpec(
    name="cpu",
    method="spsl",
    backbone="resnet10t",
    options=(("channels", (16, 32, 64, 128)), ("stem_width", 16)),
    input_size=128,
    mean=HALF,
    std=HALF,
    crop_margin=0.15,
    licence="Apache-2.0 (trained from scratch on puppets)",
    paper="He et al. 2016 (backbone); Liu et al. 2021 (phase)",
    summary="narrow ResNet beside the phase spectrum; trains from scratch on a laptop",
)
