"""Model eyeballs as spheres, and lashes as thin triangles on the lids.

Lids are part of the head's surface; they slide over eyeballs of our own, whose centre and radius are fitted to the
asset's eyeballs on every head, so that both stay together on every head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import ARKIT_EXPRESSION, Floats
from generator.face.raster import Flags, Ints

GAZE_RADIANS = (np.radians(35.0), np.radians(30.0))
"""Rotation of an eyeball for a gaze of 1: across and up."""

_RINGS, _SECTORS, _REAR = 22, 32, 1.9
_E = {name: index for index, name in enumerate(ARKIT_EXPRESSION)}


@dataclass(frozen=True, slots=True)
class Eyeball:
    """An eyeball in head space: `centre` (3,) and half axes `radius` (3,), equal unless proportions stretch them."""

    centre: Floats
    radius: Floats


def fit_sphere(points: Floats) -> Eyeball:
    """Fit a sphere to points (N, 3) by linear least squares."""
    double = np.asarray(points, np.float64)
    system = np.concatenate([2 * double, np.ones((len(double), 1))], 1)
    solution = np.linalg.lstsq(system, (double**2).sum(1), rcond=None)[0]
    centre = solution[:3]
    radius = np.sqrt(solution[3] + centre @ centre)
    return Eyeball(centre.astype(np.float32), np.full(3, radius, np.float32))


def eye_grid() -> tuple[Floats, Ints]:
    """Return directions (E, 3) on the unit sphere and triangles (T, 3); the first direction is the pupil, at +z.

    The grid covers the front of the eye up to about 109 degrees from the pupil; its triangles are counter-clockwise
    seen from outside.
    """
    polar = np.concatenate([[0.0], np.linspace(0.05, _REAR, _RINGS)])
    around = np.arange(_SECTORS) * 2 * np.pi / _SECTORS
    angle, turn = (grid.ravel() for grid in np.meshgrid(polar, around, indexing="ij"))
    points = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)], 1)
    ring, sector = (grid.ravel() for grid in np.meshgrid(np.arange(_RINGS), np.arange(_SECTORS), indexing="ij"))
    here, beside = ring * _SECTORS + sector, ring * _SECTORS + (sector + 1) % _SECTORS
    quads = np.stack([here, here + _SECTORS, beside + _SECTORS, beside], 1)
    return points.astype(np.float32), quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3).astype(np.int32)


def gaze_rotation(gaze: Floats) -> Floats:
    """Return the (3, 3) rotation of an eyeball for a gaze (2,) in [-1, 1]."""
    across, up = float(gaze[0]) * GAZE_RADIANS[0], float(gaze[1]) * GAZE_RADIANS[1]
    ca, sa, cu, su = np.cos(across), np.sin(across), np.cos(up), np.sin(up)
    turned = np.array([[ca, 0, sa], [0, 1, 0], [-sa, 0, ca]])
    raised = np.array([[1, 0, 0], [0, cu, su], [0, -su, cu]])
    return (turned @ raised).astype(np.float32)


def lids_follow_gaze(expression: Floats, gaze: Floats) -> Floats:
    """Return the expression (52,) with at least as much of the eyeLook coefficients as the gaze (2,) asks for.

    Lids follow the eyeball also where a drive gives a gaze only. A shut lid is not moved further.
    """
    x, y = float(gaze[0]), float(gaze[1])
    asked = {
        "eyeLookOutLeft": x, "eyeLookInRight": x, "eyeLookInLeft": -x, "eyeLookOutRight": -x,
        "eyeLookUpLeft": y, "eyeLookUpRight": y, "eyeLookDownLeft": -y, "eyeLookDownRight": -y,
    }  # fmt: skip
    out = np.array(expression, np.float32)
    for name, value in asked.items():
        blink = out[_E["eyeBlinkLeft" if name.endswith("Left") else "eyeBlinkRight"]]
        out[_E[name]] = max(out[_E[name]], min(max(value, 0.0), 1.0)) * (1 - np.clip(blink, 0, 1))
    return out


@dataclass(frozen=True, slots=True)
class Lashes:
    """Lashes as triangles between the inner and the outer edge of the asset's lash quads.

    Attributes:
        corners: (K, 4) lash vertices: two roots, then the two tips.
        weights: (3, 4) per triangle as (K, 3, 4): share of the four corners in each of the triangle's points.
        upper: (K,) True for lashes of the upper lids.
        near: (K,) True for the row of quads nearest to the lid.
    """

    corners: Ints
    weights: Floats
    upper: Flags
    near: Flags

    def points(self, lash_vertices: Floats, length: float) -> Floats:
        """Return the triangles (K, 3, 3) of lashes of a length in [0, 1].

        Args:
            lash_vertices: (250, 3) the asset's lash vertices on the posed head.
            length: 1 shows lashes whole; below 0.5 only the row that is nearest to the lid is left.
        """
        quad = lash_vertices[self.corners]
        shown = np.where(self.near, min(1.0, 2 * length), max(0.0, 2 * length - 1))[:, None, None]
        tips = quad[:, :2] + shown * (quad[:, 2:] - quad[:, :2])
        return (self.weights @ np.concatenate([quad[:, :2], tips], 1)).astype(np.float32)


def build_lashes(lash_vertices: Floats, quads: Ints) -> Lashes:
    """Build the lashes from the reference head's lash vertices (250, 3) and quads (184, 4)."""
    side = np.where(lash_vertices[:, :1] > 0, 1.0, -1.0)
    eyes = np.concatenate([0.30777 * side, np.zeros((len(lash_vertices), 2))], 1)
    distance = np.linalg.norm(lash_vertices - eyes, axis=1)
    edges = distance[quads] + distance[np.roll(quads, -1, 1)]
    first = edges.argmin(1)[:, None]
    root_a, root_b, tip_b, tip_a = np.take_along_axis(quads, (first + np.arange(4)) % 4, 1).T
    corners = np.stack([root_a, root_b, tip_a, tip_b], 1)
    upper = lash_vertices[quads][..., 1].mean(1) > -0.01
    distance_of = edges.min(1)
    near = distance_of < np.where(upper, np.median(distance_of[upper]), np.median(distance_of[~upper]))
    whole = np.array([[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]])
    thin = np.array([
        [[1 - t + 0.07, t - 0.07, 0, 0], [1 - t - 0.07, t + 0.07, 0, 0], [0, 0, 1 - t - lean, t + lean]]
        for t, lean in ((0.2, 0.15), (0.5, -0.2), (0.8, 0.05))
    ])  # fmt: skip
    over, under = np.flatnonzero(upper), np.flatnonzero(~upper & near)
    order = np.concatenate([np.repeat(over, len(whole)), np.repeat(under, len(thin))])
    weights = np.concatenate([np.tile(whole, (len(over), 1, 1)), np.tile(thin, (len(under), 1, 1))])
    return Lashes(corners[order].astype(np.int32), weights.astype(np.float32), upper[order], near[order])
