"""Build detectors that receive the crop and its high-pass residuals.

A generator's decoder and a codec leave traces in what remains after the picture's content is subtracted. Three fixed
filters from the spatial rich model (Fridrich & Kodovsky 2012, "Rich Models for Steganalysis of Digital Images", the
first- to third-order residuals that Zhou et al. 2018 used for image manipulation) provide these residuals from the
first training step, so that little training data is enough.

Colour and residual channels enter one backbone together. Luo et al. (2021) use a second stream for the residuals, with
attention between the two; that is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from detectors.recipe import Recipe
from detectors.spec import HALF, DetectorSpec

from .backbones import Pretrained, build_backbone
from .networks import DetectorNetwork

_KERNELS = (
    (
        (0.0, 0.0, 0.0, 0.0, 0.0),
        (0.0, -1.0, 2.0, -1.0, 0.0),
        (0.0, 2.0, -4.0, 2.0, 0.0),
        (0.0, -1.0, 2.0, -1.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.0),
    ),
    (
        (-1.0, 2.0, -2.0, 2.0, -1.0),
        (2.0, -6.0, 8.0, -6.0, 2.0),
        (-2.0, 8.0, -12.0, 8.0, -2.0),
        (2.0, -6.0, 8.0, -6.0, 2.0),
        (-1.0, 2.0, -2.0, 2.0, -1.0),
    ),
    (
        (0.0, 0.0, 0.0, 0.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.0),
        (0.0, 1.0, -2.0, 1.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.0),
    ),
)
_DIVISORS = (4.0, 12.0, 2.0)
_GAIN = 12.0  # scales residuals of ordinary pictures to the spread of a normalised crop
_LIMIT = 2.0  # a strong edge carries no information about the decoder, so it is clipped

SPEC = DetectorSpec(
    name="srm",
    method="srm",
    backbone="legacy_xception.tf_in1k",
    input_size=299,
    mean=HALF,
    std=HALF,
    crop_margin=0.15,
    licence="Apache-2.0",
    paper="Luo et al. 2021 (high-frequency features); Fridrich & Kodovsky 2012 (filters)",
    summary="Xception on the crop and its high-pass residuals",
    recipe=Recipe(optimizer="adam", learning_rate=2e-4, weight_decay=5e-4, batch_size=32, epochs=10),
)


class ResidualStem(nn.Module):
    """Append three clipped high-pass residuals of the luma to a crop, (N, 3, S, S) to (N, 6, S, S)."""

    kernels: Tensor
    luma: Tensor

    def __init__(self) -> None:
        """Store the filters and the luma weights of BT.601 as constants outside the checkpoint."""
        super().__init__()
        scaled = torch.tensor(_KERNELS) / torch.tensor(_DIVISORS)[:, None, None]
        self.register_buffer("kernels", scaled[:, None], persistent=False)
        self.register_buffer("luma", torch.tensor((0.299, 0.587, 0.114))[None, :, None, None], persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        """Return the crop's planes followed by its residual planes."""
        luma = (crops * self.luma).sum(dim=1, keepdim=True)
        padded = nn.functional.pad(luma, (2, 2, 2, 2), mode="replicate")
        residuals = (nn.functional.conv2d(padded, self.kernels) * _GAIN).clamp(-_LIMIT, _LIMIT)
        return torch.cat((crops, residuals), dim=1)


def build_srm(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build a backbone on six channels, three of colour and three of residual; every parameter is trained."""
    backbone, width = build_backbone(spec, channels=6, pretrained=pretrained)
    return DetectorNetwork(nn.Sequential(ResidualStem(), backbone), width)
