"""Define square, rotated regions of a picture: cut them out and map points back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Region:
    """A square of a picture: centre and side in pixels, angle in radians, positive clockwise on screen."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    @classmethod
    def around(cls, points: Points, start: Points, end: Points, scale: float) -> Region:
        """Return the region that encloses points, rotated so that the line from `start` to `end` is level in it.

        Args:
            points: ``(N, 2)`` pixels to enclose.
            start: ``(2,)`` pixel, e.g. the eye on the left of the picture.
            end: ``(2,)`` pixel, e.g. the eye on the right.
            scale: Side of the region divided by the longer side of the points' upright box.
        """
        low, high = points.min(0), points.max(0)
        x, y = (low + high) / 2
        across, down = end - start
        return cls(float(x), float(y), float((high - low).max()) * scale, float(np.arctan2(down, across)))

    def cut(self, image: Image, size: int, *, outside: int = cv2.BORDER_CONSTANT) -> NDArray[np.float32]:
        """Cut the region out.

        Args:
            image: ``(H, W, 3)`` RGB.
            size: Side of the result in pixels.
            outside: What lies outside of the picture, as a border type of OpenCV; black by default.

        Returns:
            ``(size, size, 3)`` RGB in [0, 1].
        """
        factor = int(self.side / size / 1.5)
        image, corner = self._window(image, max(factor, 1))
        smaller, factor = _shrunk(image, factor)
        matrix = self._to_picture(size)
        matrix[:, 2] += 0.5 * (matrix[:, 0] + matrix[:, 1])
        matrix[:, 2] -= corner
        matrix = matrix / factor
        matrix[:, 2] -= 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cut = cv2.warpAffine(smaller, matrix, (size, size), flags=flags, borderMode=outside)
        return np.asarray(cut, np.float32) / np.float32(255)

    def to_picture(self, points: Points, size: int) -> Points:
        """Map points of a cut to the picture; a third column, the depth, is only scaled.

        Args:
            points: ``(N, 2)`` or ``(N, 3)`` pixels of a cut of side `size`.
            size: Side of the cut in pixels.
        """
        matrix = self._to_picture(size)
        moved = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        return np.concatenate([moved, points[:, 2:] * (self.side / size)], 1)

    def _to_picture(self, size: int) -> Points:
        cos, sin = np.cos(self.angle) * self.side / size, np.sin(self.angle) * self.side / size
        half = size / 2
        return np.array(
            [[cos, -sin, self.x - half * (cos - sin)], [sin, cos, self.y - half * (sin + cos)]],
            np.float64,
        )

    def _window(self, image: Image, block: int) -> tuple[Image, tuple[int, int]]:
        """Return the part of a picture that the region can read, and its corner x, y, a multiple of `block` pixels.

        Without it a small region of a large picture would cost as much as the whole picture.
        """
        height, width = image.shape[:2]
        half = self.side / 2 * (abs(np.cos(self.angle)) + abs(np.sin(self.angle)))
        ends = []
        for centre, length in ((self.x, width), (self.y, height)):
            low = max(0, int((centre - half) // block) - 2) * block
            high = min(length, (int((centre + half) // block) + 3) * block)
            if low + block > high:  # the region lies beside the picture
                return image, (0, 0)
            ends.append((low, high))
        (left, right), (top, bottom) = ends
        return image[top:bottom, left:right], (left, top)


def _shrunk(image: Image, factor: int) -> tuple[Image, int]:
    """Average whole blocks first, since a bilinear warp reads only four pixels however much it shrinks."""
    if factor < 2:
        return image, 1
    height, width = image.shape[0] // factor, image.shape[1] // factor
    if min(height, width) < 1:
        return image, 1
    whole = image[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8), factor
