"""Resize pictures a strip of rows at a time.

Large pictures are never held as floating-point numbers. A strip fits into a processor's cache, and each one is the
product of a small matrix of weights with the few rows that it is made of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from .tile import Floats, Floats64, Greys, Indices

STRIP_UNIT = 16
"""Every strip begins at a multiple of this many rows."""

_STRIP_PIXELS = 1 << 16
_SMALL_PICTURE = 1 << 20  # pixels; up to here OpenCV shrinks the whole picture faster
_BAND = 32  # rows that are summed in one product
_LARGEST_PRODUCT = 1 << 18  # multiplications; OpenBLAS uses one thread up to here
_SLOPE = -0.75  # of the cubic kernel one pixel away, as in OpenCV


def strips(height: int, width: int) -> Iterator[slice]:
    """Yield the rows of each strip of a picture, from top to bottom."""
    step = max(_STRIP_PIXELS // (width * STRIP_UNIT), 1) * STRIP_UNIT
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def shrunk(picture: Greys | Floats, height: int, width: int) -> Floats:
    """Return a picture averaged over the area of each new pixel, `(height, width)`; no side may become longer."""
    rows, columns = picture.shape
    if picture.size <= _SMALL_PICTURE or rows == height:
        low = np.asarray(picture, dtype=np.float32)
    else:
        low, ratio = np.empty((height, columns), dtype=np.float32), rows / height
        for part in strips(height, math.ceil(columns * ratio)):
            edges = np.arange(part.start, part.stop + 1) * ratio
            used = np.arange(int(edges[0]), min(math.ceil(edges[-1]), rows))
            shares = np.minimum(edges[1:, None], used + 1) - np.maximum(edges[:-1, None], used)
            weights = (np.maximum(shares, 0) / ratio).astype(np.float32)
            low[part] = product(weights, np.asarray(picture[used[0] : used[-1] + 1], dtype=np.float32))
    return np.asarray(cv2.resize(low, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)


def enlarged(picture: Floats, height: int, width: int) -> Floats | Rows:
    """Return the rows of a picture enlarged by linear interpolation, whole if that is small."""
    if height * width <= _SMALL_PICTURE:
        return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    wide = cv2.resize(picture, (width, picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    return Rows.linear(np.asarray(wide, dtype=np.float32), height)


def product(weights: Floats, source: Floats) -> Floats:
    """Return the product of a small matrix and a wide one, in pieces that no library shares out among threads.

    Threads that wait for each other cost far more here than they save, on a busy machine a hundred times.
    """
    result = np.empty((weights.shape[0], source.shape[1]), dtype=np.float32)
    step = max(_LARGEST_PRODUCT // weights.size, 1)
    for begin in range(0, source.shape[1], step):
        part = slice(begin, begin + step)
        np.matmul(weights, source[:, part], out=result[:, part])
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of an enlarged picture, each a weighted sum of neighbouring rows of the small one.

    Attributes:
        source: The small picture, `(H, W)`.
        first: The first row of the source in each sum, ascending, `(N,)`.
        weights: Weights of that row and of those below it, `(N, K)`.
        repeated: Whether the source repeats itself above and below; otherwise its rows at the edges are repeated.
    """

    source: Floats
    first: Indices
    weights: Floats
    repeated: bool

    @classmethod
    def linear(cls, source: Floats, count: int) -> Rows:
        """Enlarge a picture to a number of rows by linear interpolation."""
        first, after = _split(centres(count, len(source) / count))
        return cls(source, first, np.column_stack([1 - after, after]).astype(np.float32), repeated=False)

    @classmethod
    def cubic(cls, source: Floats, places: Floats64) -> Rows:
        """Return rows at some places, ascending, of a picture that repeats itself, by cubic interpolation."""
        first, after = _split(places)
        if not after.any():
            return cls(source, first, np.ones((places.size, 1), dtype=np.float32), repeated=True)
        weights = [_far(after + 1), _near(after), _near(1 - after), _far(2 - after)]
        return cls(source, first - 1, np.column_stack(weights).astype(np.float32), repeated=True)

    def __getitem__(self, rows: slice) -> Floats:
        """Return some rows, `(N, W)`."""
        first, weights = self.first[rows], self.weights[rows]
        if weights.shape[1] == 1:
            return self._lines(first)
        result = np.empty((first.size, self.source.shape[1]), dtype=np.float32)
        for start in range(0, first.size, _BAND):
            band = slice(start, start + _BAND)
            places, taps = first[band] - first[start], np.arange(weights.shape[1])
            full = np.zeros((places.size, int(places[-1]) + taps.size), dtype=np.float32)
            full[np.arange(places.size)[:, None], places[:, None] + taps] = weights[band]
            result[band] = product(full, self._lines(first[start] + np.arange(full.shape[1])))
        return result

    def _lines(self, used: Indices) -> Floats:
        """Return rows of the source, also from beyond its edges."""
        height = len(self.source)
        return self.source[used % height if self.repeated else np.clip(used, 0, height - 1)]


def centres(count: int, scale: float) -> Floats64:
    """Return where the centres of pixels lie among the pixels of a picture that has `scale` as many."""
    return np.asarray((np.arange(count) + 0.5) * scale - 0.5, dtype=np.float64)


def _split(places: Floats64) -> tuple[Indices, Floats64]:
    """Return the whole part and the rest of each place."""
    whole = np.floor(places)
    return whole.astype(np.intp), places - whole


def _near(distance: Floats64) -> Floats64:
    """Return the cubic kernel within one pixel."""
    return ((_SLOPE + 2) * distance - (_SLOPE + 3)) * distance**2 + 1


def _far(distance: Floats64) -> Floats64:
    """Return the cubic kernel between one pixel and two."""
    return _SLOPE * (((distance - 5) * distance + 8) * distance - 4)
