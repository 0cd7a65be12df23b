"""Paste generated squares back into the source picture that they were cut from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .framing import Framing, Picture

_FEATHER = 0.14
"""Width of the soft edge, in sides of the square."""


class PasteBack:
    """Paste generated squares into one source picture.

    Inside the square the mask is 1 and falls to 0 towards its edges; an edge on or beyond the picture's own border
    stays hard, because there are no pixels beside it. Where the mask is 0 the source's pixels do not change by a bit.

    Args:
        picture: (H, W, 3) uint8 RGB, the source.
        framing: Position of the square.
    """

    def __init__(self, picture: Picture, framing: Framing) -> None:
        self._picture, self._framing = picture, framing
        rows, columns = (
            _span(float(corner), framing.side, limit)
            for corner, limit in zip(framing.corner[::-1], picture.shape[:2], strict=True)
        )
        self._window = rows, columns
        down, across = (
            _rise(span, float(corner), framing.side, limit)
            for span, corner, limit in zip(self._window, framing.corner[::-1], picture.shape[:2], strict=True)
        )
        self.mask = np.zeros(picture.shape[:2], np.float32)
        self.mask[self._window] = down[:, None] * across

    def __call__(self, squares: Picture) -> Picture:
        """Return pictures (N, H, W, 3) with the squares (N, S, S, 3) pasted in."""
        out = np.repeat(self._picture[None], len(squares), 0)
        mask = self.mask[self._window][..., None]
        still = self._picture[self._window].astype(np.float32)
        for picture, square in zip(out, squares, strict=True):
            drawn = self._in_place(square).astype(np.float32)
            picture[self._window] = np.rint(still + mask * (drawn - still)).astype(np.uint8)
        return out

    def _in_place(self, square: Picture) -> Picture:
        """Return the square at the source's resolution, clipped to the picture."""
        rows, columns = self._window
        zoom = self._framing.zoom
        if zoom > 1:
            square = np.asarray(cv2.GaussianBlur(square, (0, 0), 0.35 * zoom), np.uint8)
        matrix = self._framing.matrix()
        matrix[:, 2] += zoom * np.array([columns.start, rows.start])
        size = (columns.stop - columns.start, rows.stop - rows.start)
        flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_LINEAR if zoom > 1 else cv2.INTER_CUBIC)
        drawn = cv2.warpAffine(square, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(drawn, np.uint8)


def _span(corner: float, side: float, limit: int) -> slice:
    """Return the pixels of an axis that the square covers."""
    return slice(max(0, int(np.floor(corner))), min(limit, int(np.ceil(corner + side))))


def _rise(span: slice, corner: float, side: float, limit: int) -> NDArray[np.float32]:
    """Return the mask along one axis: a smooth rise from 0 at the square's edges to 1."""
    places = (np.arange(span.start, span.stop) + 0.5 - corner) / side
    ahead = places / _FEATHER if corner > 0 else np.ones_like(places)
    behind = (1 - places) / _FEATHER if corner + side < limit else np.ones_like(places)
    near = np.clip(np.minimum(ahead, behind), 0, 1)
    return np.asarray(near * near * (3 - 2 * near), np.float32)
