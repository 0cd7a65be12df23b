"""The small networks that read pictures of puppets: one for face parameters, one for identity."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from generator import EXPRESSION, SHAPE

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]

PARTS = {"shape": len(SHAPE), "expression": len(EXPRESSION), "pose": 3, "gaze": 2, "lids": 2, "mouth": 1}
"""What the parameter network answers, and how many numbers each has."""

EMBEDDING = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A square cut around a head; it follows the camera and neither pose nor expression, so it tells nothing of them.

    Attributes:
        span: Side in head units.
        rise: Its middle above the head's middle, head units.
        side: Pixels after cutting.
    """

    span: float
    rise: float
    side: int = 96

    def cut(self, pictures: Pictures, cameras: Floats) -> Pictures:
        """Cut pictures (N, S, S, 3) at their cameras (N, 3): scale, x, y in picture sides; gives (N, side, side, 3)."""
        size = pictures.shape[1]
        cuts = np.empty((len(pictures), self.side, self.side, 3), np.uint8)
        for picture, (scale, x, y), cut in zip(pictures, cameras, cuts, strict=True):
            step = self.span * scale * size / self.side
            corner = (x * size - self.side / 2 * step, (y - self.rise * scale) * size - self.side / 2 * step)
            matrix = np.array([[step, 0, corner[0] + step / 2 - 0.5], [0, step, corner[1] + step / 2 - 0.5]])
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            cv2.warpAffine(picture, matrix, cut.shape[:2], cut, flags, borderMode=cv2.BORDER_REPLICATE)
        return cuts


FACE_WINDOW = Window(span=1.7, rise=-0.35)
"""Brows to chin, for the parameters."""

HEAD_WINDOW = Window(span=2.6, rise=0.05)
"""The head with hair and ears, for the identity."""


class FaceNet(nn.Sequential):
    """Eight convolutions, four of them halving, and one linear layer.

    Args:
        outputs: How many numbers to answer.
        width: Channels of the first layer.
    """

    def __init__(self, outputs: int, width: int = 16) -> None:
        layers: list[nn.Module] = []
        before = 3
        for channels, stride in ((1, 2), (2, 2), (2, 1), (4, 2), (4, 1), (6, 2), (6, 1)):
            layers += [nn.Conv2d(before, channels * width, 3, stride, 1, bias=False), nn.BatchNorm2d(channels * width)]
            layers += [nn.ReLU(inplace=True)]
            before = channels * width
        layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(before * 9, outputs)]
        super().__init__(*layers)


def as_input(cuts: Pictures) -> Tensor:
    """Turn cuts (N, side, side, 3) into what the networks read: (N, 3, side, side) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(cuts)).permute(0, 3, 1, 2).float() / 127.5 - 1
