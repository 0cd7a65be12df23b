"""Build detectors with two frequency branches (Qian et al., ECCV 2020, "Thinking in Frequency", F3-Net).

*Frequency-aware decomposition* splits the crop into three bands of its cosine spectrum and converts each band back to a
picture. *Local frequency statistics* measure, window by window, the energy in each of six bands. Both kinds of band
have a correction that is learned. The pooled features of the two branches are joined; the paper's cross-attention
between them (MixBlock) is left out.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from detectors.recipe import Recipe
from detectors.spec import HALF, DetectorSpec

from .backbones import Pretrained, create_backbone
from .networks import DetectorNetwork, pooled_width

_WINDOW = 10
_STRIDE = 2
_LOCAL_BANDS = 6
_EDGES = (0.0, 1 / 16, 1 / 8, 1.0)
_FLOOR = 1e-3

SPEC = DetectorSpec(
    name="f3net",
    method="f3net",
    backbone="legacy_xception.tf_in1k",
    input_size=299,
    mean=HALF,
    std=HALF,
    crop_margin=0.15,
    licence="Apache-2.0",
    paper="Qian et al. 2020 (F3-Net)",
    summary="two Xceptions, on frequency bands of the crop and on local frequency statistics",
    recipe=Recipe(optimizer="adam", learning_rate=2e-4, weight_decay=5e-4, batch_size=32, epochs=10),
)


def cosine_matrix(size: int) -> Tensor:
    """Return the orthonormal cosine transform (DCT-II) as a matrix (size, size); its transpose is the inverse."""
    frequency, place = torch.arange(size)[:, None], torch.arange(size)[None]
    matrix = torch.cos(math.pi * (place + 0.5) * frequency / size) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix


class BandSplit(nn.Module):
    """Split a crop into low, middle and high band pictures, (N, 3, S, S) to (N, 9, S, S)."""

    matrix: Tensor
    bands: Tensor

    def __init__(self, size: int) -> None:
        """Initialise bands of 1/16, 1/16 and 7/8 of the spectrum's diagonals, with a learned correction of 0."""
        super().__init__()
        self.register_buffer("matrix", cosine_matrix(size), persistent=False)
        diagonal = (torch.arange(size)[:, None] + torch.arange(size)) / (2 * size)
        bands = torch.stack([((diagonal >= low) & (diagonal < high)).float() for low, high in pairwise(_EDGES)])
        self.register_buffer("bands", bands, persistent=False)
        self.correction = nn.Parameter(torch.zeros_like(bands))

    def forward(self, crops: Tensor) -> Tensor:
        """Return x_b = Dᵀ [ (D x Dᵀ) ⊙ (f_b + σ(w_b)) ] D per band b, σ(w) = tanh(w/2) within ±1 (eq. 1–2)."""
        spectrum = self.matrix @ crops @ self.matrix.T
        filters = self.bands + torch.tanh(self.correction / 2)
        pictures = [self.matrix.T @ (spectrum * band) @ self.matrix for band in filters]
        return torch.cat(pictures, dim=1)


class LocalStatistics(nn.Module):
    """Measure log band energies of the luma in sliding windows, (N, 3, S, S) to (N, 6, (S−10)/2+1, …)."""

    basis: Tensor
    bands: Tensor
    luma: Tensor

    def __init__(self) -> None:
        """Store the cosine basis of a window as filters, and its six diagonal bands with a correction of 0."""
        super().__init__()
        matrix = cosine_matrix(_WINDOW)
        basis = torch.einsum("ux,vy->uvxy", matrix, matrix).reshape(_WINDOW**2, 1, _WINDOW, _WINDOW)
        self.register_buffer("basis", basis, persistent=False)
        diagonal = (torch.arange(_WINDOW)[:, None] + torch.arange(_WINDOW)).flatten() / (2 * _WINDOW - 1)
        member = (diagonal * _LOCAL_BANDS).long().clamp(max=_LOCAL_BANDS - 1)
        bands = nn.functional.one_hot(member, _LOCAL_BANDS).T.float()
        self.register_buffer("bands", (bands / bands.sum(1, keepdim=True))[..., None, None], persistent=False)
        self.correction = nn.Parameter(torch.zeros_like(self.bands))
        self.register_buffer("luma", torch.tensor((0.299, 0.587, 0.114))[None, :, None, None], persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        """Return q_b = log₁₀ Σ |D(x) ⊙ (h_b + σ(w_b))| per window and band b (eq. 3)."""
        luma = (crops * self.luma).sum(dim=1, keepdim=True)
        energy = nn.functional.conv2d(luma, self.basis, stride=_STRIDE).abs()
        weights = (self.bands + torch.tanh(self.correction / 2)).abs()
        return torch.log10(nn.functional.conv2d(energy, weights) + _FLOOR)


class TwoBranches(nn.Module):
    """Concatenate the pooled features of a branch on band pictures and one on local statistics, (N, D₁ + D₂)."""

    def __init__(self, decomposition: nn.Module, statistics: nn.Module) -> None:
        """Store two networks, each of which maps the crop to its pooled features."""
        super().__init__()
        self.decomposition = decomposition
        self.statistics = statistics

    def forward(self, crops: Tensor) -> Tensor:
        """Return the concatenated features of crops (N, 3, S, S)."""
        return torch.cat((self.decomposition(crops), self.statistics(crops)), dim=1)


def build_f3net(spec: DetectorSpec, *, pretrained: Pretrained = False) -> DetectorNetwork:
    """Build two backbones, one on nine channels and one on six; every parameter is trained."""
    fine = create_backbone(spec, pretrained=pretrained, num_classes=0, in_chans=9)
    coarse = create_backbone(spec, pretrained=pretrained, num_classes=0, in_chans=_LOCAL_BANDS)
    joined = TwoBranches(nn.Sequential(BandSplit(spec.input_size), fine), nn.Sequential(LocalStatistics(), coarse))
    return DetectorNetwork(joined, pooled_width(joined, 3, spec.input_size))
