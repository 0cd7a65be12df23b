"""Estimate, without a key, how a picture was rotated, stretched and scaled since it was marked.

A repeated tile is visible in the spectrum of the whole picture as a comb: power at every multiple of the inverse of the
tile's side. A linear change of the picture moves the comb's teeth (Deguillaume, Voloshynovskiy & Pun, "Method for the
estimation and recovering from general affine transforms in digital watermarking applications", SPIE 4675, 2002). The
teeth inside the tile's ring are evaluated for thousands of changes at once, and the best changes are refined step by
step.

No key is used, so the result does not depend on whose mark it is, and it cannot favour a key's template.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .correlation import resize
from .fourier import half_spectrum
from .tile import (
    TILE,
    Floats,
    Floats64,
    Greys,
    Spectrum,
    band_indices,
    fold,
    frequencies,
    spectrum_of,
    whiten,
)

_SIDE = 512
_GRID = 1024
_NEIGHBOURHOOD = (31, 31)
_TALLEST = 6.0
# The picture content hides the inner teeth, and coders erase the outer ones, so half of the candidates come from each
# ring.
_RINGS = ((18.0, 28.0), (8.0, 20.0))
_SCALES = np.geomspace(0.42, 1.16, 140)
_ROTATION_STEP = 0.42
_ROTATION, _WIDE_ROTATION = 12.6, 45.36
"""Largest rotations that are searched, in degrees; a tile looks the same to the comb after a quarter turn."""

_STRETCHES = np.geomspace(1 / 1.13, 1.13, 35)
_SHEARS = np.arange(-0.084, 0.085, 0.007)
_KEPT_OF_RING = 12
_NOTHING = 1e-6
_FINE_STEPS = (0.0045, 0.0022, 0.0011)


@dataclass(frozen=True, slots=True, eq=False)
class Residual:
    """A picture, resized and whitened, ready to be folded onto the tile under many changes."""

    picture: Floats

    @classmethod
    def of(cls, luma: Floats | Greys) -> Residual:
        """Whiten luminance at about canonical scale."""
        return cls(whiten(resize(luma, _SIDE / min(luma.shape))))

    def folded(self, change: Floats64) -> Spectrum:
        """Return the folded spectrum after a linear change, `(2, 2)`, of rows and columns into canonical pixels."""
        height, width = self.picture.shape
        rows, columns = np.ceil(np.abs(change) @ (height, width)).astype(int).tolist()
        back = np.linalg.inv(change)[::-1, ::-1]  # columns first, as images are addressed
        middle = np.array([width - 1, height - 1]) / 2 - back @ (np.array([columns - 1, rows - 1]) / 2)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(self.picture, np.column_stack([back, middle]), (columns, rows), flags=flags)
        return spectrum_of(fold(np.asarray(laid, dtype=np.float32)))


def likely_changes(residual: Residual, count: int, *, wide: bool = False) -> list[Floats64]:
    """Return the linear changes under which the picture looks most like a repeated tile, best first.

    The result is empty for a blank picture.

    The search covers scaling to 0.42 … 1.16 of the usual scale, combined with either rotation up to 12.6° or a change
    of the aspect ratio by up to 13 %.

    Args:
        residual: The picture.
        count: Maximum number of changes.
        wide: Search also rotations up to 45°, which with the quarter turns are all there are, and shears up to 8 %.
            This takes four times as long.
    """
    comb = _comb(residual.picture)
    upright = _changes(_SCALES, np.zeros(1), _STRETCHES)
    most = _WIDE_ROTATION if wide else _ROTATION
    turned = _changes(_SCALES, np.radians(np.arange(-most, most + 0.1, _ROTATION_STEP)), np.ones(1))
    parameters = np.concatenate([upright, turned, _sheared()] if wide else [upright, turned])
    found: list[tuple[float, Floats64]] = []
    for ring in _RINGS:
        coarse = _scores(comb, parameters, ring)
        if coarse.std() < _NOTHING:
            return []
        starts = parameters[np.argsort(-coarse)[:_KEPT_OF_RING]]
        for score, parameter in zip(*_climb(comb, starts, ring, shears=wide), strict=True):
            found.append(((score - coarse.mean()) / coarse.std(), parameter))
    distinct: list[Floats64] = []
    for _, parameter in sorted(found, key=lambda pair: -pair[0]):
        if all(np.abs(parameter - other).max() > _FINE_STEPS[0] for other in distinct):
            distinct.append(parameter)
    return [_matrices(parameter[None])[0] for parameter in distinct[:count]]


def _climb(comb: Floats, parameters: Floats64, ring: tuple[float, float], *, shears: bool) -> tuple[Floats64, Floats64]:
    """Move each set of parameters to its best neighbour, with ever smaller steps; return scores and positions."""
    steps = np.stack(np.meshgrid(*3 * [[-1, 0, 1]], [-1, 0, 1] if shears else [0], indexing="ij"), axis=-1)
    steps = steps.reshape(-1, 4)
    reached = np.empty(len(parameters))
    for size in _FINE_STEPS:
        near = parameters[:, None] + steps * size
        scores = _scores(comb, near.reshape(-1, 4), ring).reshape(len(parameters), -1)
        parameters, reached = near[np.arange(len(parameters)), scores.argmax(1)], scores.max(1)
    return reached, parameters


def _changes(scales: Floats64, rotations: Floats64, stretches: Floats64) -> Floats64:
    """Return parameters `(N, 4)`: log scale, rotation in radians, log of width over height, and no shear."""
    grid = np.meshgrid(np.log(scales), rotations, np.log(stretches), [0.0], indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 4)


def _sheared() -> Floats64:
    """Return the parameters of shears along rows, and along columns, which are nearly shears along rows and a turn."""
    scales, shears, turns = np.meshgrid(np.log(_SCALES), _SHEARS, [-1.0, 0.0, 1.0], indexing="ij")
    grid = np.stack([scales, shears * turns, np.zeros_like(scales), shears], axis=-1).reshape(-1, 4)
    return np.asarray(grid, dtype=np.float64)


def _matrices(parameters: Floats64) -> Floats64:
    """Return the linear changes of parameters, `(N, 2, 2)`: first shear, then stretch, then rotation."""
    scale, turn, stretch = np.exp(parameters[:, 0]), parameters[:, 1], parameters[:, 2] / 2
    shear = parameters[:, 3]
    cos, sin, tall, wide = np.cos(turn), np.sin(turn), np.exp(-stretch), np.exp(stretch)
    first = np.stack([cos * tall + shear * sin * wide, sin * wide], -1)
    second = np.stack([-sin * tall + shear * cos * wide, cos * wide], -1)
    rows = np.stack([first, second], axis=1)
    return np.asarray(scale[:, None, None] * rows, dtype=np.float64)


def _comb(picture: Floats) -> Floats:
    """Return the power relative to its neighbourhood in frequency, `(1024, 1024)`, negative frequencies at the end."""
    height, width = (min(side, _GRID) for side in picture.shape)
    laid = np.zeros((_GRID, _GRID), dtype=np.float32)
    laid[:height, :width] = picture[:height, :width]
    power = np.abs(half_spectrum(laid)) ** 2
    around = cv2.blur(power, _NEIGHBOURHOOD, borderType=cv2.BORDER_REFLECT)
    half = np.asarray(np.minimum(power / (around + 1e-9), _TALLEST), dtype=np.float32)
    return np.concatenate([half, half[-np.arange(_GRID), _GRID // 2 - 1 : 0 : -1]], axis=1)


def _scores(comb: Floats, parameters: Floats64, ring: tuple[float, float]) -> Floats64:
    """Return the mean height of the teeth inside a ring for each change."""
    vertical, horizontal = (axis[band_indices()] for axis in frequencies())
    radius = np.hypot(vertical, horizontal)
    inside = (radius >= ring[0]) & (radius <= ring[1])
    teeth = np.stack([vertical[inside], horizontal[inside]]).astype(np.float32) * np.float32(_GRID / TILE)
    scores, flat = np.empty(len(parameters)), comb.ravel()
    for start in range(0, len(parameters), 256):
        changes = _matrices(parameters[start : start + 256]).astype(np.float32).transpose(2, 0, 1)
        rows, columns = (changes.reshape(-1, 2) @ teeth).reshape(2, changes.shape[1], -1)
        places = np.rint(rows, out=rows).astype(np.int32)
        places &= _GRID - 1  # frequencies repeat after the grid, whose side is a power of two
        places *= _GRID
        places += np.rint(columns, out=columns).astype(np.int32) & (_GRID - 1)
        scores[start : start + 256] = flat.take(places).mean(1)
    return scores
