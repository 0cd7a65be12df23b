"""Reduce pictures to palettes of 256 colours, for GIF."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from .frames import Frames

COLOURS = 256


def with_palette(picture: Frames) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return a picture with the 256 colours that suit it best; the error of each pixel is spread over its neighbours.

    Spreading the error keeps the mean of small areas, and with it a mark whose single steps are finer than the palette.

    Args:
        picture: uint8 RGB, `(H, W, 3)`.

    Returns:
        Numbers of colours `(H, W)`, and the colours as ARGB `(256, 4)`.
    """
    image = Image.fromarray(picture)
    chosen = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)
    spread = image.quantize(palette=chosen, dither=Image.Dither.FLOYDSTEINBERG)
    colours = np.array(spread.getpalette() or (), np.uint8).reshape(-1, 3)
    palette = np.zeros((COLOURS, 4), np.uint8)
    palette[:, 0] = 255
    palette[: len(colours), 1:] = colours
    return np.asarray(spread, np.uint8), palette
