"""Turn many points with the head, or with the shoulders, or by a share of both."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats
from generator.face.pose import rotation
from generator.face.raster import compiled

NECK_PIVOT = np.array([0, -0.78, -0.32], np.float32)
"""The joint between neck and head, in head space."""


@compiled
def _blend(points: Floats, weight: Floats, turn: Floats, body: Floats, shift: Floats, out: Floats) -> None:
    for i in range(points.shape[0]):
        x, y, z, w = points[i, 0], points[i, 1], points[i, 2], weight[i]
        for c in range(3):
            with_head = turn[c, 0] * x + turn[c, 1] * y + turn[c, 2] * z
            if w < 1:
                with_body = body[c, 0] * x + body[c, 1] * y + body[c, 2] * z + shift[c]
                with_head = with_head * w + with_body * (1 - w)
            out[i, c] = with_head


@compiled
def _turn(vectors: Floats, turn: Floats, out: Floats) -> None:
    for i in range(vectors.shape[0]):
        for c in range(3):
            out[i, c] = turn[c, 0] * vectors[i, 0] + turn[c, 1] * vectors[i, 1] + turn[c, 2] * vectors[i, 2]


def pose_points(points: Floats, pose: Floats, weight: Floats | float = 1.0) -> Floats:
    """Do what `AvatarHead.posed` does, in one pass over the points (P, 3)."""
    turn = rotation(np.asarray(pose)).astype(np.float32)
    body = rotation(np.asarray(pose) * np.array([0.3, 0, 0.25], np.float32)).astype(np.float32)
    shift = (turn @ NECK_PIVOT - body @ NECK_PIVOT).astype(np.float32)
    share = np.ascontiguousarray(np.broadcast_to(np.asarray(weight, np.float32), (len(points),)))
    out = np.empty((len(points), 3), np.float32)
    _blend(np.ascontiguousarray(points, np.float32), share, turn, body, shift, out)
    return out


def turn_vectors(vectors: Floats, turn: Floats) -> Floats:
    """Return vectors (P, 3) after a linear map (3, 3), such as a rotation."""
    out = np.empty((len(vectors), 3), np.float32)
    _turn(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(turn, np.float32), out)
    return out
