"""Define the small networks that read pictures of puppets: one for face parameters, one for identity."""

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
"""The outputs of the parameter network, with the number of values of each."""

VALUES = sum(PARTS.values())

PLACES = 70
"""Number of places that the parameter network finds: the 68 iBUG landmarks and the middle of each iris."""

EMBEDDING = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A square crop around a head; it depends on the camera only, so it reveals neither pose nor expression.

    Attributes:
        span: Side in head units.
        rise: Height of its middle above the head's middle, in head units.
        side: Side of the crop in pixels.
    """

    span: float
    rise: float
    side: int = 96

    def cut(self, pictures: Pictures, cameras: Floats) -> Pictures:
        """Cut crops (N, side, side, 3) of pictures (N, S, S, 3) at cameras (N, 3): scale, x, y in picture sides."""
        return np.stack([self.cut_one(picture, camera) for picture, camera in zip(pictures, cameras, strict=True)])

    def cut_one(self, picture: NDArray[np.uint8], camera: Floats, lean: float = 0.0, mirror: bool = False) -> Pictures:
        """Cut a picture (S, S, 3) at its camera (3,), mirrored at the head's middle and then turned about it.

        Args:
            picture: The picture.
            camera: Scale, x and y in picture sides.
            lean: Angle in radians by which the crown is turned to the picture's left.
            mirror: Whether left and right are exchanged.
        """
        size, (scale, x, y) = len(picture), camera
        # from a pixel of the crop to head units, back through turn and mirror, and to a pixel of the picture
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
"""The window from forehead to chin, for the parameters."""

HEAD_WINDOW = Window(span=2.6, rise=0.05)
"""The window of the head with hair and ears, for the identity."""


class FaceNet(nn.Sequential):
    """A network of eight convolutions, four of them halving the size, and one linear layer.

    Args:
        outputs: Number of output values.
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
    """A network that finds places of the face in a crop.

    Each place is the mean of a map over the window, softmax over positions (Sun et al. 2018, Integral Human Pose
    Regression, equation 3), so it is precise to fractions of a pixel.

    Args:
        window: The window that its input shows.
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
        """Find places in crops (N, 3, 96, 96) in [-1, 1].

        Returns:
            (N, 70, 2): x to the right and y downwards from the head's middle, in head units.
        """
        fine = self.fine(cuts)
        middle = self.middle(fine)
        merged = self.merge[2](self.coarse(middle))
        for layer, features in ((self.merge[1], middle), (self.merge[0], fine)):
            merged = functional.interpolate(merged, scale_factor=2.0) + layer(features)
        answer: Tensor = self.maps(functional.relu(merged)).flatten(2).softmax(2) @ self.grid
        return answer


class ValueNet(nn.Module):
    """A network that reads the parameters of a face from its places.

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
        """Return values (N, 36) in the order of `PARTS` for places (N, 70, 2) in head units."""
        answer: Tensor = self.layers(2 * places.flatten(1)) * self.spread + self.middle
        return answer


def as_input(cuts: Pictures) -> Tensor:
    """Return crops (N, side, side, 3) as input of the networks: (N, 3, side, side) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(cuts)).permute(0, 3, 1, 2).float() / 127.5 - 1


def _convolution(before: int, channels: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
    ]  # fmt: skip
