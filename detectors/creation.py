"""Create an untrained detector from its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch

from .effort import build_effort
from .networks import DetectorNetwork
from .norm_tuned import build_norm_tuned
from .plain import build_plain
from .probe import build_probe
from .registry import find_spec
from .residual import build_residual
from .scoring import Detector
from .spec import Method

_BUILDERS: Mapping[Method, Callable[..., DetectorNetwork]] = MappingProxyType(
    {
        "plain": build_plain,
        "residual": build_residual,
        "norm_tuned": build_norm_tuned,
        "effort": build_effort,
        "probe": build_probe,
    }
)


def create_detector(name: str, *, seed: int = 0, pretrained: bool = False) -> Detector:
    """Create an untrained detector; the same seed gives the same weights and leaves torch's global generator alone.

    Args:
        name: A name from `list_detectors`.
        seed: Decides the random initial weights.
        pretrained: Whether the backbone starts from timm's published weights, which are fetched on first use.

    Raises:
        UnknownDetectorError: If the name is not in the registry.
        DetectorError: If the backbone cannot be built or its weights cannot be fetched.
    """
    spec = find_spec(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _BUILDERS[spec.method](spec, pretrained=pretrained)
    # crops arrive with their colours innermost; convolutions that keep them so train about 1.5 times as fast on a CPU
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # absent from torch's annotations
    return Detector(spec, model.eval())
