"""Draw the snapshot, the spatial condition, from face parameters alone.

Normals show pose, jaw and silhouette. Three further maps show what normals cannot: the opening of the eyes, the iris,
and the inside of the mouth. It contains no colour and no pixel of the drive.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.errors import FaceModelError

from .face_params import FaceParams, Floats
from .head_mesh import head_mesh
from .head_model import LIP_GAP, eye_coordinates, features, iris_coordinates, lid_edges, project, rotation
from .raster import GBuffer, rasterise, vertex_normals

CHANNELS = 6
"""Normal x, y, z in [0, 1] (0 outside the head), eye opening, iris, mouth opening, each in [0, 1]."""

_IRIS_RADIUS = 0.62


def head_buffer(params: FaceParams, size: int, extra: Floats | None = None) -> GBuffer:
    """Rasterise the head.

    The attributes are the normal (3), face coordinates (2) and the columns of `extra` (V, K).

    Raises:
        FaceModelError: The face is not a puppet's.
    """
    if params.face_model != "puppet":
        raise FaceModelError(
            f"a {params.face_model} face where a puppet's is drawn; use MapRenderer for other face models"
        )
    mesh = head_mesh(params.shape, params.expression)
    turned = mesh.points @ rotation(params.pose).T
    screen = np.concatenate([project(mesh.points, params.pose, params.camera), turned[:, 2:]], 1)
    columns = [vertex_normals(turned, mesh.faces), mesh.uv]
    if extra is not None:
        columns.append(extra)
    return rasterise(screen, mesh.faces, np.concatenate(columns, 1), size)


def draw_snapshot(params: FaceParams, size: int = 128, buffer: GBuffer | None = None) -> NDArray[np.uint8]:
    """Return the snapshot (size, size, 6) uint8 of one face; the channels are those of `CHANNELS`.

    Args:
        params: The aligned face.
        size: Side of the snapshot.
        buffer: The head, already rasterised at twice that side.
    """
    buffer = head_buffer(params, 2 * size) if buffer is None else buffer
    drawn = buffer.face >= 0
    u, t = buffer.attributes[drawn, 3], buffer.attributes[drawn, 4]
    maps = np.zeros((len(u), CHANNELS), np.float32)
    normal = buffer.attributes[drawn, :3]
    maps[:, :3] = 0.5 + 0.5 * normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    f = features(params.shape)
    for sign in (-1, 1):
        du, dt = eye_coordinates(u, t, f, sign)
        upper, lower = lid_edges(du, params.expression, sign)
        inside = (np.abs(du) < 1) & (dt < upper) & (dt > lower)
        x, y = iris_coordinates(du, dt, params.gaze, f)
        maps[:, 3] += inside
        maps[:, 4] += inside & (x * x + y * y < _IRIS_RADIUS**2)
    maps[:, 5] = (np.abs(t - f.mouth_t) < LIP_GAP) & (np.abs(u) < f.mouth_u)
    picture = np.zeros((2 * size, 2 * size, CHANNELS), np.float32)
    picture[drawn] = maps
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)  # the mean of four pixels
    return (255 * np.clip(small, 0, 1) + 0.5).astype(np.uint8)


def show_snapshot(snapshot: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a snapshot as an RGB picture (S, S, 3): normals with eyes, irises and mouth drawn in."""
    maps = snapshot.astype(np.float32) / 255
    picture = maps[..., :3]
    for channel, colour in ((3, (1.0, 1.0, 1.0)), (4, (0.1, 0.1, 0.15)), (5, (0.35, 0.05, 0.10))):
        weight = maps[..., channel : channel + 1]
        picture = picture * (1 - weight) + np.array(colour, np.float32) * weight
    return (255 * picture + 0.5).astype(np.uint8)
