"""List the detectors this room can build, and find one by name."""

from __future__ import annotations

import difflib
import fnmatch

from .errors import UnknownDetectorError
from .spec import CLIP_MEAN, CLIP_STD, HALF, IMAGENET_MEAN, IMAGENET_STD, DetectorSpec

_TIMM = "weights from timm, licence on the timm model card"

SPECS: tuple[DetectorSpec, ...] = (
    DetectorSpec(
        name="cpu",
        method="residual",
        backbone="resnet10t",
        options=(("channels", (16, 32, 64, 128)), ("stem_width", 16)),
        input_size=128,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0 (trained from scratch on puppets)",
        paper="He et al. 2016 (backbone); Fridrich & Kodovsky 2012 (residual filters)",
        summary="narrow ResNet with a fixed high-pass branch; trains from scratch on a laptop",
    ),
    DetectorSpec(
        name="resnet18",
        method="plain",
        backbone="resnet18",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        crop_margin=0.15,
        licence=_TIMM,
        paper="He et al. 2016",
        summary="the plain baseline every table starts with",
    ),
    DetectorSpec(
        name="efficientnet_b0",
        method="plain",
        backbone="efficientnet_b0",
        input_size=224,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        crop_margin=0.15,
        licence=_TIMM,
        paper="Tan & Le 2019",
        summary="small and accurate; the usual choice for a laptop with pretrained weights",
    ),
    DetectorSpec(
        name="efficientnet_b4_sbi",
        method="plain",
        backbone="tf_efficientnet_b4",
        input_size=380,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        crop_margin=0.125,
        licence=_TIMM,
        paper="Shiohara & Yamasaki 2022",
        summary="the network and crop of self-blended images; train it on pairs from self_blend",
    ),
    DetectorSpec(
        name="xception",
        method="plain",
        backbone="legacy_xception",
        input_size=299,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence=_TIMM,
        paper="Rössler et al. 2019",
        summary="the classic baseline of FaceForensics++",
    ),
    DetectorSpec(
        name="clip_norm_tuned",
        method="norm_tuned",
        backbone="vit_large_patch14_clip_quickgelu_224.openai",
        input_size=224,
        mean=CLIP_MEAN,
        std=CLIP_STD,
        crop_margin=0.15,
        licence="MIT (OpenAI CLIP weights)",
        paper="Yermakov et al. 2025 (GenD)",
        summary="CLIP ViT-L/14 with only its LayerNorms trained; the quality tier, wants a GPU",
    ),
    DetectorSpec(
        name="clip_effort",
        method="effort",
        backbone="vit_large_patch14_clip_quickgelu_224.openai",
        input_size=224,
        mean=CLIP_MEAN,
        std=CLIP_STD,
        crop_margin=0.15,
        licence="MIT (OpenAI CLIP weights)",
        paper="Yan et al. 2025 (Effort)",
        summary="CLIP ViT-L/14 with the last singular direction of q, k, v and out trained",
    ),
    DetectorSpec(
        name="clip_probe",
        method="probe",
        backbone="vit_large_patch14_clip_quickgelu_224.openai",
        input_size=224,
        mean=CLIP_MEAN,
        std=CLIP_STD,
        crop_margin=0.15,
        licence="MIT (OpenAI CLIP weights)",
        paper="Ojha et al. 2023 (UniversalFakeDetect)",
        summary="frozen CLIP ViT-L/14 under a linear classifier",
    ),
    DetectorSpec(
        name="toy_plain",
        method="plain",
        backbone="test_resnet",
        input_size=64,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0 (random weights)",
        paper="none",
        summary="toy size, for tests",
    ),
    DetectorSpec(
        name="toy_residual",
        method="residual",
        backbone="test_efficientnet",
        input_size=64,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0 (random weights)",
        paper="none",
        summary="toy size, for tests",
    ),
    DetectorSpec(
        name="toy_norm_tuned",
        method="norm_tuned",
        backbone="test_vit",
        options=(("img_size", 64),),
        input_size=64,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0 (random weights)",
        paper="none",
        summary="toy size, for tests",
    ),
    DetectorSpec(
        name="toy_effort",
        method="effort",
        backbone="test_vit",
        options=(("img_size", 64),),
        input_size=64,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0 (random weights)",
        paper="none",
        summary="toy size, for tests",
    ),
    DetectorSpec(
        name="toy_probe",
        method="probe",
        backbone="test_vit",
        options=(("img_size", 64),),
        input_size=64,
        mean=HALF,
        std=HALF,
        crop_margin=0.15,
        licence="Apache-2.0 (random weights)",
        paper="none",
        summary="toy size, for tests",
    ),
)


def list_detectors(pattern: str = "*") -> tuple[DetectorSpec, ...]:
    """List the specs whose name matches a shell pattern, in the registry's order."""
    return tuple(spec for spec in SPECS if fnmatch.fnmatchcase(spec.name, pattern))


def find_spec(name: str) -> DetectorSpec:
    """Find a spec by its exact name.

    Raises:
        UnknownDetectorError: If no spec carries the name; the message offers the nearest ones.
    """
    for spec in SPECS:
        if spec.name == name:
            return spec
    names = [spec.name for spec in SPECS]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    raise UnknownDetectorError(f"no detector is named {name!r}; nearest: {', '.join(near)}")
