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
import scipy.fft

from .correlation import resize
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
_ROTATIONS = np.radians(np.arange(-12.6, 12.7, 0.42))
_STRETCHES = np.geomspace(1 / 1.13, 1.13, 35)
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


def likely_changes(residual: Residual, count: int) -> list[Floats64]:
    """Return the linear changes under which the picture looks most like a repeated tile, best first.

    The result is empty for a blank picture.

    The search covers scaling to 0.42 … 1.16 of the usual scale, combined with either rotation up to 12.6° or a change
    of the aspect ratio by up to 13 %.
    """
    comb = _comb(residual.picture)
    upright = _changes(_SCALES, np.zeros(1), _STRETCHES)
    turned = _changes(_SCALES, _ROTATIONS, np.ones(1))
    parameters = np.concatenate([upright, turned])
    found: list[tuple[float, Floats64]] = []
    for ring in _RINGS:
        coarse = _scores(comb, parameters, ring)
        if coarse.std() < _NOTHING:
            return []
        starts = parameters[np.argsort(-coarse)[:_KEPT_OF_RING]]
        for score, parameter in zip(*_climb(comb, starts, ring), strict=True):
            found.append(((score - coarse.mean()) / coarse.std(), parameter))
    distinct: list[Floats64] = []
    for _, parameter in sorted(found, key=lambda pair: -pair[0]):
        if all(np.abs(parameter - other).max() > _FINE_STEPS[0] for other in distinct):
            distinct.append(parameter)
    return [_matrices(parameter[None])[0] for parameter in distinct[:count]]


def _climb(comb: Floats, parameters: Floats64, ring: tuple[float, float]) -> tuple[Floats64, Floats64]:
    """Move each set of parameters to its best neighbour, with ever smaller steps; return scores and positions."""
    steps = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], [-1, 0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    reached = np.empty(len(parameters))
    for size in _FINE_STEPS:
        near = parameters[:, None] + steps * size
        scores = _scores(comb, near.reshape(-1, 3), ring).reshape(len(parameters), -1)
        parameters, reached = near[np.arange(len(parameters)), scores.argmax(1)], scores.max(1)
    return reached, parameters


def _changes(scales: Floats64, rotations: Floats64, stretches: Floats64) -> Floats64:
    """Return parameters `(N, 3)`: log scale, rotation in radians, log of width over height."""
    grid = np.meshgrid(np.log(scales), rotations, np.log(stretches), indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 3)


def _matrices(parameters: Floats64) -> Floats64:
    """Return the linear changes of parameters, `(N, 2, 2)`: first stretch, then rotation."""
    scale, turn, stretch = np.exp(parameters[:, 0]), parameters[:, 1], parameters[:, 2] / 2
    cos, sin, tall, wide = np.cos(turn), np.sin(turn), np.exp(-stretch), np.exp(stretch)
    rows = np.stack([np.stack([cos * tall, sin * wide], -1), np.stack([-sin * tall, cos * wide], -1)], axis=1)
    return np.asarray(scale[:, None, None] * rows, dtype=np.float64)


def _comb(picture: Floats) -> Floats:
    """Return the power relative to its neighbourhood in frequency, `(1024, 1024)`, negative frequencies at the end."""
    height, width = (min(side, _GRID) for side in picture.shape)
    power = np.abs(scipy.fft.rfft2(picture[:height, :width], s=(_GRID, _GRID))) ** 2
    around = cv2.blur(power, _NEIGHBOURHOOD, borderType=cv2.BORDER_REFLECT)
    half = np.asarray(np.minimum(power / (around + 1e-9), _TALLEST), dtype=np.float32)
    return np.concatenate([half, half[-np.arange(_GRID), _GRID // 2 - 1 : 0 : -1]], axis=1)


def _scores(comb: Floats, parameters: Floats64, ring: tuple[float, float]) -> Floats64:
    """Return the mean height of the teeth inside a ring for each change."""
    vertical, horizontal = (axis[band_indices()] for axis in frequencies())
    radius = np.hypot(vertical, horizontal)
    inside = (radius >= ring[0]) & (radius <= ring[1])
    teeth = np.stack([vertical[inside], horizontal[inside]]) * (_GRID / TILE)
    scores, flat = np.empty(len(parameters)), comb.ravel()
    for start in range(0, len(parameters), 256):
        changes = _matrices(parameters[start : start + 256])
        places = np.rint(changes.transpose(0, 2, 1) @ teeth).astype(np.int32)
        places &= _GRID - 1  # frequencies repeat after the grid, whose side is a power of two
        places[:, 0] *= _GRID
        scores[start : start + 256] = flat.take(places[:, 0] + places[:, 1]).mean(1)
    return scores
