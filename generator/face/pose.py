"""Turn heads by yaw, pitch and roll, and project them."""

from __future__ import annotations

import numpy as np

from .face_params import Floats


def rotation(pose: Floats) -> Floats:
    """Return the (3, 3) rotation of yaw, pitch, roll: R = Roll Pitch Yaw."""
    cy, cp, cr = np.cos(pose)
    sy, sp, sr = np.sin(pose)
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (roll @ pitch @ yaw).astype(np.float32)


def angles(matrix: Floats) -> Floats:
    """Return yaw, pitch and roll (3,) in radians of a rotation R = Roll Pitch Yaw."""
    yaw = np.arctan2(-matrix[2, 0], matrix[2, 2])
    pitch = np.arcsin(np.clip(matrix[2, 1], -1, 1))
    roll = np.arctan2(-matrix[0, 1], matrix[1, 1])
    return np.array([yaw, pitch, roll])


def project(points: Floats, pose: Floats, camera: Floats) -> Floats:
    """Return picture coordinates (N, 2) in picture sides (x right, y down) of points (N, 3) in head space."""
    p = points @ rotation(pose).T
    return np.stack([camera[1] + camera[0] * p[:, 0], camera[2] - camera[0] * p[:, 1]], -1).astype(np.float32)
