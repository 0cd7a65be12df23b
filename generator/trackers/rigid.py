"""Rotate, scale and move one set of points onto another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Similarity:
    """The similarity transform ``y = scale * rotation @ x + offset`` of points x in space."""

    scale: float
    rotation: Points
    offset: Points

    def __call__(self, points: Points) -> Points:
        """Transform ``(..., 3)`` points."""
        return self.scale * points @ self.rotation.T + self.offset

    def inverse(self) -> Similarity:
        """Return the inverse transform."""
        turned = self.rotation.T
        return Similarity(1 / self.scale, turned, -turned @ self.offset / self.scale)

    def after(self, first: Similarity) -> Similarity:
        """Return the transform that applies `first` and then this one."""
        return Similarity(self.scale * first.scale, self.rotation @ first.rotation, self(first.offset))


def procrustes(source: Points, target: Points, weights: Points) -> Similarity:
    """Find the similarity that moves source onto target with the least weighted squared error (Umeyama 1991).

    Args:
        source: ``(N, 3)`` points, not all on a line.
        target: ``(N, 3)`` points.
        weights: ``(N,)``, >= 0.
    """
    share = weights / weights.sum()
    source_mean, target_mean = share @ source, share @ target
    a, b = source - source_mean, target - target_mean
    u, stretch, vt = np.linalg.svd((b * share[:, None]).T @ a)
    mirror = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])  # a reflection is no rotation
    rotation = (u * mirror) @ vt
    scale = float((stretch * mirror).sum() / (share @ (a * a).sum(1)))
    return Similarity(scale, rotation, target_mean - scale * rotation @ source_mean)


def angles(rotation: Points) -> Points:
    """Return yaw, pitch and roll ``(3,)`` in radians of a rotation composed as roll after pitch after yaw."""
    yaw = np.arctan2(-rotation[2, 0], rotation[2, 2])
    pitch = np.arcsin(np.clip(rotation[2, 1], -1, 1))
    roll = np.arctan2(-rotation[0, 1], rotation[1, 1])
    return np.array([yaw, pitch, roll])
