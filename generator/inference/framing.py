"""Place the network's square in the source picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import FaceParams, Floats

Picture = NDArray[np.uint8]

_HEAD_SCALE = (0.27, 0.37)
"""Head scales, in picture sides, that the model was trained on; other sources are cropped to the middle scale."""
_MIDDLE_SCALE = 0.32


@dataclass(frozen=True, slots=True, eq=False)
class Framing:
    """A square in a picture, in the picture's pixels; its edges may lie outside the picture.

    Attributes:
        corner: (2,) x, y of its left upper corner; pixel (0, 0) covers [0, 1) x [0, 1).
        side: Side of the square.
        size: Side of the square in the network's input.
    """

    corner: Floats
    side: float
    size: int

    @property
    def zoom(self) -> float:
        """Return the number of the square's pixels per pixel of the picture."""
        return self.size / self.side

    def matrix(self) -> Floats:
        """Return the affine map (2, 3) from indices of the picture's pixels to those of the square's."""
        shift = (0.5 - self.corner) * self.zoom - 0.5
        return np.array([[self.zoom, 0, shift[0]], [0, self.zoom, shift[1]]])


_LEAST, _LARGEST, _LARGEST_PASTED = 256, 512, 1024
"""Sides of squares that keep the source's own resolution, pixels."""
_WHOLE = 0.22
"""Head scale, in picture sides, from which a square picture is taken whole."""
_HEAD = 2.5
"""Height of a head with its hair, in head scales."""


def frame_sharp(
    image: Picture, params: FaceParams, size: int | None, *, pasted: bool
) -> tuple[Picture, FaceParams, Framing]:
    """Cut a square around the head at the picture's own resolution; it stays inside the picture where it can.

    Args:
        image: (H, W, 3) uint8 RGB.
        params: The face; its camera is in sides of the square that encloses the picture centrally.
        size: Side of the result in pixels; None keeps the picture's pixels as they are, within limits.
        pasted: Whether the square is pasted back, which allows a larger one.

    Returns:
        The square picture, the parameters in it, and its position in the picture.
    """
    height, width = image.shape[:2]
    longest, shortest = max(height, width), min(height, width)
    scale = float(params.camera[0]) * longest
    centre = params.camera[1:] * longest - (longest - np.array([width, height])) / 2
    wanted = longest if height == width and scale >= _WHOLE * longest else scale / _MIDDLE_SCALE
    side = min(max(min(wanted, shortest), min(_HEAD * scale, longest)), longest)
    limit = _LARGEST_PASTED if pasted else _LARGEST
    if size is None:
        side = float(16 * max(1, int(side) // 16)) if side >= _LEAST else side
        size = int(np.clip(side, _LEAST, limit))
    room = np.array([width, height]) - side
    corner = np.where(
        room >= 0, np.clip(np.rint(centre - side / 2), 0, np.maximum(np.floor(room), 0)), np.rint(room / 2)
    )
    framing = Framing(corner, side, size)
    camera = np.array([scale / side, *((centre - corner) / side)], np.float32)
    return _cut(image, framing), replace(params, camera=camera), framing


def _cut(image: Picture, framing: Framing) -> Picture:
    """Return a square of a picture, resized to its size."""
    if framing.zoom < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.35 / framing.zoom), np.uint8)
    flags = cv2.INTER_CUBIC if framing.zoom > 1 else cv2.INTER_LINEAR
    size = (framing.size, framing.size)
    square = cv2.warpAffine(image, framing.matrix(), size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(square, np.uint8)


def frame_source(image: Picture, params: FaceParams, size: int) -> tuple[Picture, FaceParams, Framing]:
    """Cut a square around the head and resize it to `size`, so that the head has a scale the model knows.

    Args:
        image: (H, W, 3) uint8 RGB.
        params: The face; its camera is in sides of the square that encloses the picture centrally, as trackers return
            it.
        size: Side of the result, pixels.

    Returns:
        The square picture, the parameters in it, and its position in the picture.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = float(params.camera[0])
    centre = params.camera[1:] * longest - (longest - np.array([width, height])) / 2
    if height == width and _HEAD_SCALE[0] <= scale <= _HEAD_SCALE[1]:
        side, corner = float(longest), np.zeros(2)
    else:
        side = scale * longest / _MIDDLE_SCALE
        corner = centre - side / 2
    framing = Framing(corner, side, size)
    camera = np.array([scale * longest / side, *((centre - corner) / side)], np.float32)
    return _cut(image, framing), replace(params, camera=camera), framing
