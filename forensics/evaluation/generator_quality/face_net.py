"""The small networks that read pictures of puppets: one for face parameters, one for identity."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from generator import EXPRESSION, SHAPE

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]

PARTS = {"shape": len(SHAPE), "expression": len(EXPRESSION), "pose": 3, "gaze": 2, "lids": 2, "mouth": 1}
"""What the parameter network answers, and how many numbers each has."""

VALUES = sum(PARTS.values())

PLACES = 70
"""Places that the parameter network follows: the 68 iBUG landmarks and the middle of each iris."""

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
        return np.stack([self.cut_one(picture, camera) for picture, camera in zip(pictures, cameras, strict=True)])

    def cut_one(self, picture: NDArray[np.uint8], camera: Floats, lean: float = 0.0, mirror: bool = False) -> Pictures:
        """Cut a picture (S, S, 3) at its camera (3,), mirrored at the head's middle and then turned about it.

        Args:
            picture: What is cut.
            camera: Scale, x and y in picture sides.
            lean: Radians by which the crown is turned to the picture's left.
            mirror: Whether left and right change places.
        """
        size, (scale, x, y) = len(picture), camera
        # From a pixel of the cut to head units, back through turn and mirror, and on to a pixel of the picture.
        step, first = self.span / self.side, (1 / self.side - 1) * self.span / 2
        head = np.array([[step, 0, first], [0, step, first - self.rise], [0, 0, 1]])
        cos, sin = np.cos(lean), np.sin(lean)
        back = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        back[0] *= -1 if mirror else 1
        there = np.array([[scale * size, 0, x * size - 0.5], [0, scale * size, y * size - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(
                picture, there @ back @ head, (self.side, self.side), flags=flags, borderMode=cv2.BORDER_REPLICATE
            ),
            np.uint8,
        )


FACE_WINDOW = Window(span=1.9, rise=-0.2)
"""Forehead to chin, for the parameters."""

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
            layers += _convolution(before, channels * width, stride)
            before = channels * width
        layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(before * 9, outputs)]
        super().__init__(*layers)


class PlaceNet(nn.Module):
    """Finds places of the face in a cut.

    Each place is the mean of a map over the window, softmax over positions (Sun et al. 2018, Integral Human Pose
    Regression, equation 3), so it is known to fractions of a pixel.

    Args:
        window: What its input shows.
        width: Channels of the first layer.
    """

    def __init__(self, window: Window = FACE_WINDOW, width: int = 16) -> None:
        super().__init__()
        fine, middle, coarse = 2 * width, 4 * width, 6 * width
        self.fine = nn.Sequential(
            *_convolution(3, width, 2), *_convolution(width, fine, 2), *_convolution(fine, fine, 1)
        )
        self.middle = nn.Sequential(*_convolution(fine, middle, 2), *_convolution(middle, middle, 1))
        self.coarse = nn.Sequential(*_convolution(middle, coarse, 2), *_convolution(coarse, 8 * width, 1))
        self.merge = nn.ModuleList(nn.Conv2d(channels, middle, 1) for channels in (fine, middle, 8 * width))
        self.maps = nn.Conv2d(middle, PLACES, 1)
        cells = window.side // 4
        along = ((torch.arange(cells) + 0.5) / cells - 0.5) * window.span
        down, across = torch.meshgrid(along - window.rise, along, indexing="ij")
        self.grid: Tensor
        self.register_buffer("grid", torch.stack([across.flatten(), down.flatten()], 1), persistent=False)

    def forward(self, cuts: Tensor) -> Tensor:
        """Find places in cuts (N, 3, 96, 96) in [-1, 1].

        Returns:
            (N, 70, 2): x right and y down of the head's middle, in head units.
        """
        fine = self.fine(cuts)
        middle = self.middle(fine)
        merged = self.merge[2](self.coarse(middle))
        for layer, features in ((self.merge[1], middle), (self.merge[0], fine)):
            merged = functional.interpolate(merged, scale_factor=2.0) + layer(features)
        answer: Tensor = self.maps(functional.relu(merged)).flatten(2).softmax(2) @ self.grid
        return answer


class ValueNet(nn.Module):
    """Reads the parameters of a face from where its places are.

    Args:
        middle: (36,) mean of the values.
        spread: (36,) their standard deviation.
    """

    def __init__(self, middle: Floats | None = None, spread: Floats | None = None) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * PLACES, 256), nn.ReLU(inplace=True), nn.Linear(256, 256), nn.ReLU(inplace=True),
            nn.Linear(256, VALUES),
        )  # fmt: skip
        self.middle: Tensor
        self.spread: Tensor
        for name, values in (("middle", middle), ("spread", spread)):
            self.register_buffer(name, torch.zeros(VALUES) if values is None else torch.from_numpy(values))

    def forward(self, places: Tensor) -> Tensor:
        """Give values (N, 36) in the order of `PARTS` for places (N, 70, 2) in head units."""
        answer: Tensor = self.layers(2 * places.flatten(1)) * self.spread + self.middle
        return answer


def as_input(cuts: Pictures) -> Tensor:
    """Turn cuts (N, side, side, 3) into what the networks read: (N, 3, side, side) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(cuts)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _convolution(before: int, channels: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
    ]  # fmt: skip
