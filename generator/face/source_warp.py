"""Warp the source's own picture onto the target's geometry; this is an extension of the paper.

Where the head's surface is visible in the target, each pixel is fetched from the position of the same face coordinate
in the source, lids and gaze included. Outside the head the picture moves like a flat card through the head's middle,
which moves hair, ears and hats. A guide map shows the network where the fetched pixel was hidden in the source.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .face_model import FaceModel
from .face_params import FaceParams, Floats
from .head_mesh import head_grid
from .head_model import GAZE_REACH, eye_coordinates, features, lid_edges, project, rotation, surface
from .raster import GBuffer, rasterise, vertex_normals
from .snapshot import draw_snapshot, head_buffer

GUIDES = 3
"""Number of guide maps: head in the target, fetched from a valid position, head in the source.

A position on the head is valid where it was not hidden in the source. A position outside the head is valid where no
part of the source's face was fetched.
"""

_CARD_Z = -0.15
_TOLERANCE = 0.07


def _lid_shift(u: Floats, t: Floats, source: FaceParams, target: FaceParams) -> tuple[Floats, Floats]:
    """Return the shifts (shift_u, shift_t) from pixels of the target to the lids and the eyeball in the source."""
    f = features(source.shape)
    shift_u, shift_t = np.zeros_like(u), np.zeros_like(t)
    for sign in (-1, 1):
        du, dt = eye_coordinates(u, t, f, sign)
        top_s, low_s = lid_edges(du, source.expression, sign)
        top_t, low_t = lid_edges(du, target.expression, sign)
        crease = np.sqrt(np.clip(1 - du * du, 0, 1)) + 0.45
        across = np.abs(du) < 1
        skin = across & (dt >= top_t) & (dt < crease)
        moved = crease - (crease - dt) * (crease - top_s) / np.maximum(crease - top_t, 1e-3)
        shift_t[skin] = (moved - dt)[skin] * f.eye_ry
        ball = across & (dt < top_t) & (dt > low_t)
        fetched = dt + GAZE_REACH[1] * (source.gaze[1] - target.gaze[1])
        fetched = np.clip(fetched, np.minimum(low_s, top_s) + 0.05, np.maximum(top_s - 0.05, low_s + 0.05))
        shift_t[ball] = (fetched - dt)[ball] * f.eye_ry
        shift_u[ball] = GAZE_REACH[0] * (source.gaze[0] - target.gaze[0]) * f.eye_rx * np.ones_like(u)[ball]
    return shift_u, shift_t


@dataclass(frozen=True, slots=True)
class Scene:
    """The spatial conditions of one moment, uint8: `moved` (S, S, 3), `guides` (S, S, 3), `snapshot` (S/2, S/2, 6)."""

    moved: NDArray[np.uint8]
    guides: NDArray[np.uint8]
    snapshot: NDArray[np.uint8]


class _Source:
    """A picture with a head in it, from which pixels are fetched."""

    def __init__(self, image: NDArray[np.uint8], params: FaceParams, head: GBuffer) -> None:
        self._image, self._params, self._size = image, params, len(image)
        self._depth = head.depth
        self._own = (head.face >= 0).astype(np.float32)

    def _card(self, target: FaceParams) -> Floats:
        """Return source positions (S, S, 2) in picture sides of a flat card that moves with the head."""
        corners = np.array([[-1, -1, _CARD_Z], [1, -1, _CARD_Z], [-1, 1, _CARD_Z]], np.float32)
        there = project(corners, target.pose, target.camera)
        here = project(corners, self._params.pose, self._params.camera)
        affine = cv2.getAffineTransform(there, here).astype(np.float32)
        grid = (np.arange(self._size, dtype=np.float32) + 0.5) / self._size
        return grid[None, :, None] * affine[:, 0] + (grid[:, None, None] * affine[:, 1] + affine[:, 2])

    def fetch(
        self, target: FaceParams, drawn: NDArray[np.bool_], places: Floats, depth: Floats
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the warped picture and the guides, both (S, S, 3).

        Args:
            target: The head that the picture is warped onto.
            drawn: (S, S) mask of that head, with N pixels.
            places: (N, 2) source position of each of these pixels, in picture sides.
            depth: (N,) z of that position on the source's head.
        """
        size = self._size
        everywhere = self._card(target)
        everywhere[drawn] = places
        pixels = everywhere * size - 0.5
        moved = cv2.remap(
            self._image, pixels[..., 0].astype(np.float32), pixels[..., 1].astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        nearest = np.clip(pixels.round().astype(np.int32), 0, size - 1)
        column = nearest[drawn]
        seen = depth > self._depth[column[:, 1], column[:, 0]] - _TOLERANCE
        guides = np.zeros((size, size, GUIDES), np.uint8)
        guides[..., 0][drawn] = 255
        guides[..., 1] = 255 * (self._own[nearest[..., 1], nearest[..., 0]] == 0)
        guides[..., 1][drawn] = np.where(seen, 255, 0)
        guides[..., 2] = (255 * self._own).astype(np.uint8)
        return np.asarray(moved, np.uint8), guides


class SourceWarp:
    """Warp one source with a puppet head onto any number of targets.

    Args:
        image: (S, S, 3) uint8 RGB. params: The source's face in that picture.
    """

    def __init__(self, image: NDArray[np.uint8], params: FaceParams) -> None:
        self._params, self._size = params, len(image)
        u, t, _ = head_grid(params.shape)
        step = 0.004
        here = surface(u, t, params.shape, params.expression)
        beside_u = surface(u + step, t, params.shape, params.expression)
        beside_t = surface(u, np.clip(t + step, 0, 1), params.shape, params.expression)
        place = project(here, params.pose, params.camera)
        self._columns = np.concatenate([
            place,
            (here @ rotation(params.pose).T)[:, 2:],
            (project(beside_u, params.pose, params.camera) - place) / step,
            (project(beside_t, params.pose, params.camera) - place) / step,
        ], 1)  # fmt: skip
        self._source = _Source(image, params, head_buffer(params, self._size))

    def __call__(self, target: FaceParams) -> Scene:
        """Return the spatial conditions of one target moment.

        Args:
            target: Aligned parameters: the source's shape, any pose and expression.
        """
        buffer = head_buffer(target, self._size, self._columns)
        drawn = buffer.face >= 0
        attributes = buffer.attributes[drawn]
        shift_u, shift_t = _lid_shift(attributes[:, 3], attributes[:, 4], self._params, target)
        xy = attributes[:, 5:7] + shift_u[:, None] * attributes[:, 8:10] + shift_t[:, None] * attributes[:, 10:12]
        moved, guides = self._source.fetch(target, drawn, xy, attributes[:, 7])
        return Scene(moved, guides, draw_snapshot(target, self._size // 2, buffer))


def mesh_buffer(model: FaceModel, params: FaceParams, size: int, extra: Floats | None = None) -> GBuffer:
    """Rasterise the head of any face model.

    The attributes are the normal (3) and the columns of `extra` (V, K).
    """
    points = model.vertices(params.shape, params.expression, params.gaze)
    turned = points @ rotation(params.pose).T
    screen = np.concatenate([project(points, params.pose, params.camera), turned[:, 2:]], 1)
    normals = vertex_normals(turned, model.faces)
    return rasterise(screen, model.faces, normals if extra is None else np.concatenate([normals, extra], 1), size)


class MeshWarp:
    """Warp one source with the head of any face model.

    Lids, eyes and lips move as far as they are part of its mesh.

    Args:
        model: The face model.
        image: (S, S, 3) uint8 RGB.
        params: The source's face in that picture.
    """

    def __init__(self, model: FaceModel, image: NDArray[np.uint8], params: FaceParams) -> None:
        self._model, self._size = model, len(image)
        points = model.vertices(params.shape, params.expression, params.gaze)
        depth = (points @ rotation(params.pose).T)[:, 2:]
        self._columns = np.concatenate([project(points, params.pose, params.camera), depth], 1)
        self._source = _Source(image, params, mesh_buffer(model, params, self._size))

    def __call__(self, target: FaceParams) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the warped picture and the guides of one target moment, both (S, S, 3).

        Args:
            target: Aligned parameters: the source's shape, any pose and expression.
        """
        buffer = mesh_buffer(self._model, target, self._size, self._columns)
        drawn = buffer.face >= 0
        columns = buffer.attributes[drawn, 3:]
        return self._source.fetch(target, drawn, columns[:, :2], columns[:, 2])
