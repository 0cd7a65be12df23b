"""Build teeth, gums and tongue of the head, and move them with the jaw.

Twelve crowns stand on each arch that the head's dental parts describe; an affine map of these parts moves the arch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .rig import Rig

_WIDTHS = np.array([0.086, 0.066, 0.076, 0.07, 0.07, 0.09])
"""Widths of the six crowns from the middle to the side, decimetres."""
_CROWN, _GUM_COLUMNS, _GUM_ROWS = 7, 41, 6

TOOTH, GUM, TONGUE = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Mouthful:
    """Teeth, gums and tongue of one moment.

    Attributes:
        points: (N, 3) in head space. faces: (F, 3).
        material: (N,) `TOOTH`, `GUM` or `TONGUE`. shade: (N,) factor of its colour.
        part: (N,) 0 the upper arch, 1 the lower arch, 2 the tongue.
    """

    points: Floats
    faces: Ints
    material: Floats
    shade: Floats
    part: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Arch:
    fit: Floats
    corners: Floats
    faces: Ints
    material: Floats
    shade: Floats


class Teeth:
    """The mouth's inside of one head model."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._arches = tuple(_build_arch(rig, upper) for upper in (True, False))
        quads = rig.tongue_quads
        tongue = rig.rest[rig.parts["tongue"]]
        self._smooth, fine = _subdivide(len(tongue), quads)
        self._tongue_faces = np.concatenate([fine[:, :3], fine[:, [0, 2, 3]]]).astype(np.int32)

    def of(self, coarse: Floats) -> Mouthful:
        """Return the mouth's inside of a head (N, 3)."""
        points, faces, materials, shades, parts = [], [], [], [], []
        start = 0
        for part, (arch, name) in enumerate(zip(self._arches, ("upper_teeth", "lower_teeth"), strict=True)):
            affine = arch.fit @ coarse[self._rig.parts[name]]
            points.append(arch.corners @ affine)
            faces.append(arch.faces + start)
            materials.append(arch.material)
            shades.append(arch.shade)
            parts.append(np.full(len(arch.corners), part))
            start += len(arch.corners)
        tongue = self._smooth @ coarse[self._rig.parts["tongue"]]
        points.append(tongue)
        faces.append(self._tongue_faces + start)
        materials.append(np.full(len(tongue), TONGUE))
        shades.append(np.ones(len(tongue)))
        parts.append(np.full(len(tongue), 2))
        return Mouthful(
            np.concatenate(points).astype(np.float32),
            np.ascontiguousarray(np.concatenate(faces), np.int32),
            np.concatenate(materials).astype(np.float32),
            np.concatenate(shades).astype(np.float32),
            np.concatenate(parts).astype(np.int32),
        )


def _build_arch(rig: Rig, upper: bool) -> _Arch:
    """Return an arch: twelve crowns and a gum."""
    helper = rig.rest[rig.parts["upper_teeth" if upper else "lower_teeth"]].astype(np.float64) / rig.unit
    tip = helper[:, 1].min() if upper else helper[:, 1].max()
    widths = _WIDTHS * (1 if upper else 0.82)
    reach = np.concatenate([[0], np.cumsum(widths)])
    middle = helper[:, 0].mean()
    curve = _Curve((helper[:, 0].max() - middle) * 0.93, helper[:, 2].max() - 0.005, helper[:, 2].min(), reach[-1])
    points, faces, material, shade = [], [], [], []
    start = 0
    for side in (-1, 1):
        for index in range(len(widths)):
            centre = side * (reach[index] + reach[index + 1]) / 2
            crown, crown_shade = _crown(curve, centre, widths[index], index, tip, upper)
            points.append(crown)
            faces.append(_grid_faces(_CROWN, _CROWN) + start)
            material.append(np.full(len(crown), TOOTH))
            shade.append(crown_shade)
            start += len(crown)
    gum = _gum(curve, tip, upper)
    points.append(gum)
    faces.append(_grid_faces(_GUM_ROWS, _GUM_COLUMNS) + start)
    material.append(np.full(len(gum), GUM))
    shade.append(np.ones(len(gum)))
    placed = (np.concatenate(points) + [middle, 0, 0]) * rig.unit
    known = np.concatenate([helper * rig.unit, np.ones((len(helper), 1))], 1)
    return _Arch(
        fit=np.linalg.pinv(known),
        corners=np.concatenate([placed, np.ones((len(placed), 1))], 1),
        faces=np.concatenate(faces).astype(np.int32),
        material=np.concatenate(material),
        shade=np.concatenate(shade),
    )


@dataclass(frozen=True, slots=True)
class _Curve:
    """The dental arch seen from above, decimetres."""

    side: float
    front: float
    back: float
    length: float

    def at(self, along: Floats) -> Floats:
        """Return x and z (..., 2) at lengths along the arch from its middle."""
        share = np.clip(np.abs(along) / self.length, 0, 1)
        x = np.sign(along) * self.side * np.sin(share * 1.45) ** 0.95
        z = self.front - (self.front - self.back) * (1 - np.cos(share * 1.40)) ** 1.02
        return np.stack([x, z], -1)

    def outward(self, along: float) -> Floats:
        """Return the unit normal (2,) of the arch, away from the tongue."""
        step = 1e-3
        tangent = self.at(np.array(along + step)) - self.at(np.array(along - step))
        normal = np.array([-tangent[1], tangent[0]]) / np.linalg.norm(tangent)
        turned = normal[1] if abs(along) < 0.3 else normal[0] * along
        return -normal if turned < 0 else normal


def _crown(curve: _Curve, centre: float, width: float, index: int, tip: float, upper: bool) -> tuple[Floats, Floats]:
    """Return a crown's points (49, 3) and shades (49,); `index` counts from the middle incisor."""
    across, down = np.meshgrid(np.linspace(-1, 1, _CROWN), np.linspace(0, 1, _CROWN))
    height = (0.135 if index in (0, 2) else 0.12) * (1 if upper else 0.85) - 0.006 * index
    place = curve.at(centre + across * width / 2 * 1.05 * (1 - 0.10 * (1 - down) ** 2))
    bulge = 0.022 * np.clip(1 - np.abs(across) ** 4, 0, 1) * np.clip(1 - down**6, 0, 1)
    normal, sign = curve.outward(centre), 1 if upper else -1
    y = tip + sign * (height * (1 - down) + 0.010 * np.abs(across) ** 4 * down**3)
    points = np.stack([place[..., 0] + normal[0] * bulge, y, place[..., 1] + normal[1] * bulge], -1).reshape(-1, 3)
    shade = (1 - 0.20 * np.abs(across) ** 8 - 0.04 * (1 - down)) * (1 if upper else 0.86)
    return points, (shade * (1 - 0.07 * index)).ravel()


def _gum(curve: _Curve, tip: float, upper: bool) -> Floats:
    """Return the points of the gum above the upper or below the lower crowns."""
    along, down = np.meshgrid(np.linspace(-curve.length, curve.length, _GUM_COLUMNS), np.linspace(0, 1, _GUM_ROWS))
    place = curve.at(along)
    swell = 0.985 + 0.03 * np.sin(down * np.pi * 0.8)
    start = tip + 0.118 if upper else tip - 0.10
    wave = down * 0.10 + 0.011 * np.cos(along / 0.076 * np.pi) * (down < 0.3)
    y = start + (1 if upper else -1) * wave
    z = (place[..., 1] - curve.back) * (swell * 0.5 + 0.5) + curve.back - 0.012
    return np.stack([place[..., 0] * swell, y, z], -1).reshape(-1, 3)


def _grid_faces(rows: int, columns: int) -> Ints:
    """Return the triangles of a grid of points."""
    i, j = (index.ravel() for index in np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij"))
    a, b, c, d = i * columns + j, i * columns + j + 1, (i + 1) * columns + j + 1, (i + 1) * columns + j
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def _subdivide(count: int, quads: Ints) -> tuple[Floats, Ints]:
    """Split every quadrilateral in four; return the matrix from old to new points, and the new quadrilaterals."""
    edges = np.sort(np.stack([quads, np.roll(quads, -1, 1)], -1).reshape(-1, 2), 1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    matrix = np.zeros((count + len(unique) + len(quads), count), np.float32)
    matrix[:count] = np.eye(count)
    for index, (a, b) in enumerate(unique):
        matrix[count + index, [a, b]] = 0.5
    for index, quad in enumerate(quads):
        matrix[count + len(unique) + index, quad] = 0.25
    on_edge = inverse.ravel().reshape(len(quads), 4) + count
    centre = np.arange(len(quads)) + count + len(unique)
    fine = [np.stack([quads[:, k], on_edge[:, k], centre, on_edge[:, (k - 1) % 4]], 1) for k in range(4)]
    return matrix, np.concatenate(fine).astype(np.int32)
