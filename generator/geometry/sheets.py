"""Lay grids with depth over the picture; they carry body, back and head of the source, and follow the mesh.

A grid's point keeps its place on the triangle of the face under it, or on the nearest one of the contour with a weight
that fades with the distance. Below the chin it follows the head less and less, so that the neck bends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .filling import Bytes, at_pixels, grow, shrink, smooth_step
from .kernels import Drawn, draw_mesh
from .relief import Relief
from .rig import Rig
from .sight import Sight
from .view import View

_CELLS, _MARGIN = 128, 6
"""Cells along the picture's side, and beyond each edge."""
_RIM = 16
"""How far a sheet reaches beyond what it carries, pixels of a picture of 512: hair that the matte has cut off."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A grid of N points.

    Attributes:
        points: (N, 3) in head space, in the source's moment.
        places: (N, 2) in the source picture, pixels.
        faces: (F, 3) the cells that carry something.
        stiff: (N,) how far each point follows the head, 0 to 1.
        bound: (N, 3) vertices of the mesh that move each point, with weights `pull` (N, 3); None where the sheet only
            follows the head as a whole.
        inner: Whether the farthest surface is drawn: the back of the head folds under its own edge when the head turns,
            and the empty cells beside it must not hide it.
    """

    points: Floats
    places: Floats
    faces: Ints
    stiff: Floats
    bound: Ints | None
    pull: Floats | None
    inner: bool

    def draw(self, view: View, moved: Floats, shape: tuple[int, int], still: Floats) -> Drawn:
        """Draw the sheet's places in the source.

        Args:
            view: The camera of the moment.
            moved: (V, 3) displacement of the mesh since the source's moment.
            shape: Height and width of the picture.
            still: (2,) shift of what does not follow the head, pixels.
        """
        points = self.points
        if self.bound is not None and self.pull is not None:
            points = points + np.einsum("nkc,nk->nc", moved[self.bound], self.pull)
        screen = view.project(points)
        screen[:, 2] *= -1 if self.inner else 1
        stiff = self.stiff[:, None]
        screen[:, :2] = screen[:, :2] * stiff + (self.places + still) * (1 - stiff)
        return draw_mesh(screen, self.faces, self.places, shape, both_sides=True)


@dataclass(frozen=True, slots=True, eq=False)
class Sheets:
    """The sheets of a picture, from behind to the front."""

    body: Sheet
    back: Sheet
    head: Sheet


def lay_sheets(rig: Rig, sight: Sight, relief: Relief, alphas: tuple[Floats, Floats, Floats]) -> Sheets:
    """Return the sheets of body, back and head with these alphas (S, S)."""
    size = sight.size
    cell = size / _CELLS
    axis = (np.arange(-_MARGIN, _CELLS + _MARGIN + 1) * cell).astype(np.float32)
    across, down = np.meshgrid(axis, axis)
    places = np.stack([across, down], -1).reshape(-1, 2)
    triangles = _triangles(len(axis))
    stiff = _stiffness(sight, places)
    bound, pull = _binding(rig, sight, places)
    made = []
    depths, follow, inner = (relief.body, relief.back, relief.head), (False, True, True), (False, True, False)
    for alpha, depth, follows, folds in zip(alphas, depths, follow, inner, strict=True):
        carries = np.asarray(at_pixels(grow(alpha > 0.01, _RIM * sight.pixel) > 0, places), bool)
        points = sight.face.view.unproject(places, np.asarray(at_pixels(depth, places), np.float32))
        faces = np.ascontiguousarray(triangles[carries[triangles].any(1)], np.int32)
        made.append(
            Sheet(
                points.astype(np.float32),
                places,
                faces,
                stiff,
                bound if follows else None,
                pull if follows else None,
                folds,
            )
        )
    return Sheets(*made)


def _triangles(side: int) -> Ints:
    """Return the triangles (F, 3) of a square grid of points."""
    index = np.arange(side * side).reshape(side, side)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    return np.stack([np.stack([a, d, b], 1), np.stack([b, d, c], 1)], 1).reshape(-1, 3).astype(np.int32)


def _stiffness(sight: Sight, places: Floats) -> Floats:
    """Return how far places follow the head: fully above the chin, not at all below the neck and on the shoulders."""
    away = places - sight.chin
    below = away @ sight.down / sight.height
    beside = np.abs(away @ np.array([sight.down[1], -sight.down[0]]))
    shoulder = smooth_step((beside - 0.55 * sight.width) / (0.5 * sight.width)) * np.clip(below / 0.3, 0, 1)
    stiff: Floats = (1 - smooth_step(below / 0.8)) * (1 - shoulder)
    return stiff.astype(np.float32)


def _binding(rig: Rig, sight: Sight, places: Floats) -> tuple[Ints, Floats]:
    """Return the triangle (N, 3) of the mesh that each place follows, and the weights (N, 3) of its corners."""
    inner: Bytes = (shrink(sight.oval > 0.5, sight.pixel) > 0).astype(np.uint8)
    rows, columns = np.nonzero((sight.mesh_face >= 0) & (inner > 0))
    away, nearest = cKDTree(np.stack([columns + 0.5, rows + 0.5], 1)).query(places)
    rows, columns = rows[nearest], columns[nearest]
    fading = np.exp(-((away / (0.10 * sight.width)) ** 2))[:, None]
    return rig.faces[sight.mesh_face[rows, columns]], (sight.mesh_weights[rows, columns] * fading).astype(np.float32)
