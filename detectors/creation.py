"""Create an untrained detector from its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch

from detectors.methods.backbones import Pretrained
from detectors.methods.effort import build_effort
from detectors.methods.f3net import build_f3net
from detectors.methods.face_xray import build_face_xray
from detectors.methods.flicker import build_flicker
from detectors.methods.linear_probe import build_linear_probe
from detectors.methods.ln_clip import build_ln_clip
from detectors.methods.networks import DetectorNetwork
from detectors.methods.plain import build_plain
from detectors.methods.spsl import build_spsl
from detectors.methods.srm import build_srm
from detectors.methods.twins import build_twins
from detectors.methods.video import build_video

from .registry import find_spec
from .scoring import Detector
from .spec import DetectorSpec, Method

_BUILDERS: Mapping[Method, Callable[..., DetectorNetwork]] = MappingProxyType(
    {
        "plain": build_plain,
        "srm": build_srm,
        "spsl": build_spsl,
        "f3net": build_f3net,
        "face_xray": build_face_xray,
        "linear_probe": build_linear_probe,
        "ln_clip": build_ln_clip,
        "effort": build_effort,
        "twins": build_twins,
        "video": build_video,
        "flicker": build_flicker,
    }
)


BUILDABLE: tuple[Method, ...] = tuple(_BUILDERS)
"""Methods whose networks can be built."""


def create_detector(name: str, *, seed: int = 0, pretrained: Pretrained = False) -> Detector:
    """Create an untrained detector from its name.

    The same seed gives the same weights; torch's global generator is not changed.

    Args:
        name: A name from `list_detectors`.
        seed: Seed of the random initial weights.
        pretrained: Source of the backbone's weights: a safetensors file of timm's weights of that backbone, True for
            the local Hugging Face cache, or False for random weights. Nothing is downloaded.

    Raises:
        UnknownDetectorError: The name is not in the registry.
        WeightsError: The backbone cannot be built, or its weights are absent or belong to another architecture.
    """
    return Detector(spec := find_spec(name), build_network(spec, seed=seed, pretrained=pretrained).eval())


def build_network(spec: DetectorSpec, *, seed: int = 0, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build the network of a spec.

    Raises:
        WeightsError: The backbone cannot be built, or its weights are absent or belong to another architecture.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _BUILDERS[spec.method](spec, pretrained=pretrained)
    # crops arrive channels-last; convolutions that keep this layout train about 1.5 times as fast on a CPU
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # absent from torch's annotations
    return model
