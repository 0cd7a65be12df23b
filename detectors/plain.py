"""Build the plain detectors: a whole backbone trained under one logit."""

from __future__ import annotations

from .networks import DetectorNetwork, build_backbone
from .spec import DetectorSpec


def build_plain(spec: DetectorSpec, *, pretrained: bool = False) -> DetectorNetwork:
    """Build a backbone with a linear classifier; every parameter is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    return DetectorNetwork(backbone, width)
