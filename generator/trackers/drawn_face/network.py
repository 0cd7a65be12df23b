"""Find the places of a face in a small picture: one heat map for each place, and whether there is a face at all."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT = 128
"""Side of the network's picture in pixels."""

CELLS = 16
"""Side of a heat map."""

PLACES = (
    *(10, 297, 284, 389, 454, 361, 397, 379, 400, 152, 176, 150, 172, 132, 234, 162, 54, 67),  # outline
    *(33, 163, 145, 154, 133, 157, 159, 161, 263, 390, 374, 381, 362, 384, 386, 388),  # eyes
    *(468, 473),  # irises
    *(70, 63, 105, 66, 107, 300, 293, 334, 296, 336),  # brows
    *(6, 4, 1, 2, 98, 327, 129, 358),  # nose
    *(61, 91, 84, 17, 314, 321, 291, 269, 0, 39),  # outer lips
    *(78, 88, 14, 318, 308, 310, 13, 80),  # inner lips
)
"""Numbers, among the 478 points of the face mesh, of the places with a heat map."""

MIRRORED = (
    *((18 - index) % 18 for index in range(18)),
    *range(26, 34), *range(18, 26),
    35, 34,
    *range(41, 46), *range(36, 41),
    46, 47, 48, 49, 51, 50, 53, 52,
    *(54 + (6 - index) % 10 for index in range(10)),
    *(64 + (4 - index) % 8 for index in range(8)),
)  # fmt: skip
"""For each of `PLACES`, the position in it of the place on the other side of a face."""

_BETWEEN = 0.5


class DrawnFaceNetwork(nn.Module):
    """Read the places of a face.

    Pictures are (N, 3, INPUT, INPUT) RGB in [0, 1]. Maps are soft: a place is the mean of its map, with a margin of
    half a picture on every side, so that it may lie a little outside.
    """

    ticks: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_layer(3, 16, 2), *_layer(16, 32, 2), _Light(32))
        self.fine = nn.Sequential(*_layer(32, 64, 2), _Residual(64))
        self.middle = nn.Sequential(*_layer(64, 96, 2), _Residual(96))
        self.coarse = nn.Sequential(*_layer(96, 128, 2), _Residual(128))
        self.context = nn.Linear(128, 128)
        self.face = nn.Linear(128, 1)
        self.down = nn.Conv2d(128, 96, 1)
        self.merge_middle = nn.Sequential(*_layer(96, 64, 1))
        self.merge_fine = nn.Sequential(*_layer(64, 64, 1))
        self.maps = nn.Conv2d(64, len(PLACES), 1)
        ticks = (torch.arange(CELLS) + 0.5) / CELLS
        self.register_buffer("ticks", (ticks - _BETWEEN) * 1.25 + _BETWEEN, persistent=False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return places (N, K, 2) in [0, 1], log maps (N, K, CELLS * CELLS), and log odds of a face (N,)."""
        fine = self.fine(self.stem(pictures * 2 - 1))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        whole = functional.relu(self.context(coarse.mean((2, 3))))
        face = self.face(whole)[:, 0]
        coarse = self.down(coarse + whole[:, :, None, None])
        middle = self.merge_middle(middle + functional.interpolate(coarse, scale_factor=2.0, mode="nearest"))
        fine = self.merge_fine(fine + functional.interpolate(middle, scale_factor=2.0, mode="bilinear"))
        logs = functional.log_softmax(self.maps(fine).flatten(2).float(), -1)
        maps = logs.exp().reshape(*logs.shape[:2], CELLS, CELLS)
        x, y = (maps.sum(2) * self.ticks).sum(-1), (maps.sum(3) * self.ticks).sum(-1)
        return torch.stack([x, y], -1), logs, face


class _Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_layer(channels, channels, 1), nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        )
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, values: Tensor) -> Tensor:
        changed: Tensor = functional.relu(values + self.norm(self.body(values)))
        return changed


class _Light(nn.Module):
    """A convolution of each channel and one across channels, beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, values: Tensor) -> Tensor:
        changed: Tensor = functional.relu(values + self.body(values))
        return changed


def _layer(before: int, after: int, stride: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
