"""Reduce any spec to toy size, so that tests can run every method in milliseconds."""

from __future__ import annotations

from dataclasses import replace

from detectors.spec import DetectorSpec

_SIZE = 64
_FAMILIES = (("vit", "test_vit"), ("convnext", "test_convnext"), ("efficientnet", "test_efficientnet"))
_OTHERWISE = "test_resnet"


def toy_of(spec: DetectorSpec) -> DetectorSpec:
    """Return a toy spec of the same method: timm's test backbone of that family, 64 pixels, four frames per clip."""
    backbone = next((toy for family, toy in _FAMILIES if family in spec.backbone), _OTHERWISE)
    return replace(
        spec,
        name=f"toy_{spec.name}",
        backbone=backbone,
        options=(("img_size", _SIZE),) if backbone == "test_vit" else (),
        input_size=_SIZE,
        licence="Apache-2.0 (random weights)",
        summary=f"toy size of {spec.name}, for tests",
        frames=min(spec.frames, 4),
    )
