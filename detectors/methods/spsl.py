"""Build detectors that receive the phase spectrum beside the crop (Liu et al., CVPR 2021, "SPSL").

Up-sampling in a generator repeats spectra, which is more visible in the phase than in the amplitude. The phase-only
reconstruction of the luma is the fourth input channel. The network is shallow: the middle flow of Xception is left out,
so that the receptive field is limited to local texture.

The Fourier transform is computed as two products with fixed matrices, which every runtime and export format supports.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from detectors.recipe import Recipe
from detectors.spec import HALF, DetectorSpec

from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork

_MIDDLE_FLOW = tuple(f"block{number}" for number in range(4, 12))
_SMALLEST_AMPLITUDE = 1e-3  # below this amplitude the phase is rounding noise

SPEC = DetectorSpec(
    name="spsl",
    method="spsl",
    backbone="legacy_xception.tf_in1k",
    input_size=299,
    mean=HALF,
    std=HALF,
    crop_margin=0.15,
    licence="Apache-2.0",
    paper="Liu et al. 2021 (SPSL)",
    summary="shallow Xception on the crop and its phase spectrum",
    recipe=Recipe(optimizer="adam", learning_rate=2e-4, weight_decay=5e-4, batch_size=32, epochs=10),
)

CPU = DetectorSpec(
    name="cpu",
    method="spsl",
    backbone="resnet10t",
    options=(("channels", (16, 32, 64, 128)), ("stem_width", 16)),
    input_size=128,
    mean=HALF,
    std=HALF,
    crop_margin=0.15,
    licence="Apache-2.0 (trained from scratch)",
    paper="He et al. 2016 (backbone); Liu et al. 2021 (phase)",
    summary="narrow ResNet beside the phase spectrum; trains from scratch on a laptop",
)
"""The default detector with shipped weights: a narrow ResNet on the crop and its phase spectrum, trained from scratch.
"""


class PhaseStem(nn.Module):
    """Append the phase-only reconstruction of the luma to a crop, (N, 3, S, S) to (N, 4, S, S)."""

    cosine: Tensor
    sine: Tensor
    luma: Tensor

    def __init__(self, size: int) -> None:
        """Store the unitary Fourier matrix of crops of `size` pixels, as its cosines and sines."""
        super().__init__()
        steps = torch.arange(size)
        turn = 2 * math.pi * ((steps[:, None] * steps) % size) / size
        self.register_buffer("cosine", torch.cos(turn) / math.sqrt(size), persistent=False)
        self.register_buffer("sine", torch.sin(turn) / math.sqrt(size), persistent=False)
        self.register_buffer("luma", torch.tensor((0.299, 0.587, 0.114))[None, :, None, None], persistent=False)

    def phase_only(self, planes: Tensor) -> Tensor:
        """Return x′ = F⁻¹(F(x) / |F(x)|) of real planes (…, S, S); its mean square is near 1."""
        c, s = self.cosine, self.sine
        real = c @ planes @ c - s @ planes @ s
        imaginary = -(s @ planes @ c + c @ planes @ s)
        amplitude = torch.sqrt(real.square() + imaginary.square()) + _SMALLEST_AMPLITUDE
        real, imaginary = real / amplitude, imaginary / amplitude
        return c @ real @ c - s @ real @ s - s @ imaginary @ c - c @ imaginary @ s

    def forward(self, crops: Tensor) -> Tensor:
        """Return the crop's planes followed by its phase plane."""
        luma = (crops * self.luma).sum(dim=1, keepdim=True)
        return torch.cat((crops, self.phase_only(luma)), dim=1)


def build_spsl(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a shallow backbone on four channels; every parameter is trained."""
    backbone, width = build_backbone(spec, channels=4, pretrained=pretrained)
    for name in _MIDDLE_FLOW:
        if hasattr(backbone, name) and "xception" in spec.backbone:
            setattr(backbone, name, nn.Identity())
    return DetectorNetwork(nn.Sequential(PhaseStem(spec.input_size), backbone), width)
