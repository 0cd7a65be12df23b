"""Build linear probes: a frozen backbone under one trained linear layer (Ojha et al. 2023)."""

from __future__ import annotations

from .networks import DetectorNetwork, build_backbone
from .spec import DetectorSpec


def build_probe(spec: DetectorSpec, *, pretrained: bool = False) -> DetectorNetwork:
    """Build a backbone of which nothing but the classifier is trained."""
    backbone, width = build_backbone(spec, pretrained=pretrained)
    backbone.requires_grad_(False)
    return DetectorNetwork(backbone, width)
