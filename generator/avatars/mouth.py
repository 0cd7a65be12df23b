"""Model teeth and gums along the asset's dental arches, bound to the jaws by an affine fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .subdivision import quads_to_triangles

_WIDTHS = np.array([0.086, 0.066, 0.076, 0.07, 0.07, 0.09])
"""Widths of the teeth from the middle backwards, in decimetres of the upper jaw."""

_LOWER = 0.82
"""Width of a lower tooth beside the upper one."""


@dataclass(frozen=True, slots=True)
class DentalArch:
    """The teeth and the gum of one jaw.

    Attributes:
        binding: (T, H) share of the asset's H tooth vertices in each vertex; rows sum to 1.
        triangles: (F, 3) counter-clockwise seen from outside the mouth.
        gum: (T,) 1 on the gum, 0 on teeth.
        rest: (T, 3) on the reference head.
    """

    binding: Floats
    triangles: Ints
    gum: Floats
    rest: Floats


@dataclass(frozen=True, slots=True)
class _Curve:
    """The arch seen from above: half width, front, back and length along it, in decimetres."""

    half_width: float
    front: float
    back: float
    length: float

    def at(self, along: Floats) -> tuple[Floats, Floats]:
        """Return x and z at a signed distance from the middle."""
        share = np.clip(np.abs(along) / self.length, 0, 1)
        x = np.sign(along) * self.half_width * np.sin(1.45 * share) ** 0.95
        return x, self.front - (self.front - self.back) * (1 - np.cos(1.40 * share)) ** 1.02


def _grid(rows: int, columns: int) -> Ints:
    """Return the quads of a grid of points."""
    row, column = (grid.ravel() for grid in np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij"))
    first = row * columns + column
    return np.stack([first, first + 1, first + columns + 1, first + columns], 1)


def _tooth(curve: _Curve, index: int, side: int, edge: float, upper: bool) -> Floats:
    """Return the outer face of one tooth as 7 x 7 points, from the gum to the biting edge."""
    scale = 1.0 if upper else _LOWER
    starts = np.concatenate([[0.0], np.cumsum(_WIDTHS * scale)])
    middle, half = side * (starts[index] + starts[index + 1]) / 2, _WIDTHS[index] * scale / 2
    across, down = np.meshgrid(np.linspace(-1, 1, 7), np.linspace(0, 1, 7))
    x, z = curve.at(middle + across * half * (1 - 0.10 * (1 - down) ** 2))
    (x0, z0), (x1, z1) = curve.at(np.array(middle - 1e-3)), curve.at(np.array(middle + 1e-3))
    normal = np.array([-(z1 - z0), x1 - x0]) / np.hypot(x1 - x0, z1 - z0)
    bulge = 0.022 * np.clip(1 - np.abs(across) ** 4, 0, 1) * np.clip(1 - down**6, 0, 1)
    height = (0.135 if index in (0, 2) else 0.12) * (1.0 if upper else 0.85) - 0.006 * index
    up = 1 if upper else -1
    y = edge + up * (height * (1 - down) + 0.010 * np.abs(across) ** 4 * down**3)
    return np.stack([x + normal[0] * bulge, y, z + normal[1] * bulge], -1).reshape(-1, 3)


def _gum(curve: _Curve, edge: float, upper: bool) -> Floats:
    """Return the gum as 6 x 41 points, from the teeth to the jaw."""
    along, away = np.meshgrid(np.linspace(-curve.length, curve.length, 41), np.linspace(0, 1, 6))
    x, z = curve.at(along)
    swell = 0.985 + 0.03 * np.sin(0.8 * np.pi * away)
    scallop = 0.011 * np.cos(along / 0.076 * np.pi) * (away < 0.3)
    up = 1 if upper else -1
    y = edge + up * ((0.118 if upper else 0.10) + 0.10 * away + scallop)
    depth = (z - curve.back) * (swell + 1) / 2 + curve.back - 0.012
    return np.stack([x * swell, y, depth], -1).reshape(-1, 3)


def build_arch(helper: Floats, upper: bool) -> DentalArch:
    """Build the teeth of one jaw along the asset's tooth vertices (H, 3) of the reference head."""
    edge = float(helper[:, 1].min() if upper else helper[:, 1].max())
    curve = _Curve(
        half_width=float(helper[:, 0].max()) * 0.93,
        front=float(helper[:, 2].max()) - 0.005,
        back=float(helper[:, 2].min()),
        length=float(_WIDTHS.sum()) * (1.0 if upper else _LOWER),
    )
    pieces = [_tooth(curve, index, side, edge, upper) for side in (-1, 1) for index in range(len(_WIDTHS))]
    grids = [_grid(7, 7)] * len(pieces) + [_grid(6, 41)]
    pieces.append(_gum(curve, edge, upper))
    offsets = np.cumsum([0] + [len(piece) for piece in pieces[:-1]])
    rest = np.concatenate(pieces)
    quads = np.concatenate([grid + offset for grid, offset in zip(grids, offsets, strict=True)])
    gum = np.repeat([0.0] * (len(pieces) - 1) + [1.0], [len(piece) for piece in pieces])

    first, second, third = (rest[quads[:, corner]] for corner in (0, 1, 2))
    normal = np.cross(second - first, third - first)
    outwards = rest[quads].mean(1) - (0, 0, curve.back)
    inside_out = (normal[:, [0, 2]] * outwards[:, [0, 2]]).sum(1) < 0
    quads[inside_out] = quads[inside_out, ::-1]
    ones = np.ones((len(helper), 1))
    binding = np.concatenate([rest, np.ones((len(rest), 1))], 1) @ np.linalg.pinv(np.concatenate([helper, ones], 1))
    return DentalArch(
        binding.astype(np.float32), quads_to_triangles(quads), gum.astype(np.float32), rest.astype(np.float32)
    )
