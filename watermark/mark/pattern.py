"""Draw a mark's pattern: its tile, repeated over a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from .resizing import STRIP_UNIT, Rows, centres
from .tile import TILE, Floats

_MARGIN = 2  # canonical pixels beside the picture, for the cubic kernel


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A tile of unit power, repeated over a picture.

    Attributes:
        rows: The pattern's rows; their number and length are rounded up to whole blocks.
        size: Height and width of the picture.
        weight: Factor of the whole pattern, at most 1.
        plane: The whole pattern, for many frames without cosines; otherwise each strip is drawn when it is wanted.
    """

    rows: Rows
    size: tuple[int, int]
    weight: float = 1.0
    plane: Floats | None = None

    @classmethod
    def of(cls, tile: Floats, shift: tuple[int, int], scale: float, height: int, width: int) -> Pattern:
        """Repeat a tile over a picture.

        Args:
            tile: The tile, `(128, 128)`.
            shift: Row and column at which the first tile begins, canonical pixels.
            scale: Canonical pixels per picture pixel.
            height: Rows of the picture.
            width: Its columns.
        """
        whole = _whole_blocks(width)
        count = -(-(int(whole * scale) + 2 * _MARGIN) // TILE)
        wide = np.tile(np.roll(tile, shift[1] + _MARGIN, axis=1), (1, count))
        if scale == 1:
            line = np.ascontiguousarray(wide[:, _MARGIN : _MARGIN + whole])
        else:
            zoom = np.array([[scale, 0, (scale - 1) / 2 + _MARGIN], [0, 1, 0]])  # centres of pixels lie half a pixel in
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            line = np.asarray(cv2.warpAffine(wide, zoom, (whole, TILE), flags=flags, borderMode=cv2.BORDER_REPLICATE))
        places = centres(_whole_blocks(height), scale) - shift[0]
        return cls(Rows.cubic(line.astype(np.float32, copy=False), places), (height, width))

    def weighted(self, weight: float) -> Pattern:
        """Return the pattern with another weight."""
        return replace(self, weight=weight)

    def kept(self) -> Pattern:
        """Return the pattern with its whole plane drawn."""
        return replace(self, plane=self.drawn(slice(0, self.size[0])))

    def drawn(self, rows: slice) -> Floats:
        """Return some rows of the pattern, unweighted; height and width are rounded up to whole blocks.

        Args:
            rows: Rows of the picture, from where a block begins.
        """
        blocks = slice(rows.start, rows.start + _whole_blocks(rows.stop - rows.start))
        return self.rows[blocks] if self.plane is None else self.plane[blocks]


def _whole_blocks(length: int) -> int:
    return -(-length // STRIP_UNIT) * STRIP_UNIT
