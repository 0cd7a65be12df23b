"""Provide the landmarks of a frontal face, and a picture for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def face(centre: tuple[float, float] = (160.0, 170.0), radius: float = 60.0) -> Points:
    """Return 68 points placed as on a frontal face."""
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.stack((np.cos(angle), 0.1 + 1.0 * np.sin(angle)), 1)
    brow = np.stack((np.linspace(-0.8, -0.25, 5), [-0.35, -0.45, -0.48, -0.45, -0.4]), 1)
    brows = np.vstack((brow, brow[::-1] * (-1, 1)))
    bridge = np.stack((np.zeros(4), np.linspace(-0.2, 0.2, 4)), 1)
    nostrils = np.stack((np.linspace(-0.2, 0.2, 5), [0.3, 0.33, 0.35, 0.33, 0.3]), 1)
    turn = np.pi - np.arange(6) * np.pi / 3
    eye = np.stack((0.16 * np.cos(turn), -0.07 * np.sin(turn)), 1)
    eyes = np.vstack((eye - np.array((0.45, 0.2)), eye + np.array((0.45, -0.2))))
    outer = np.pi - np.arange(12) * np.pi / 6
    inner = np.pi - np.arange(8) * np.pi / 4
    lips = [
        np.stack((size * np.cos(turn), 0.62 - size / 2 * np.sin(turn)), 1)
        for size, turn in ((0.35, outer), (0.25, inner))
    ]
    points = np.vstack((jaw, brows, bridge, nostrils, eyes, *lips))
    return points * radius + centre


def picture(height: int = 340, width: int = 320, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    base = np.stack((rows / 2, columns / 2, (rows + columns) / 4), 2)
    return (base + rng.integers(0, 40, (height, width, 3))).clip(0, 255).astype(np.uint8)


def with_forehead(points: Points) -> Points:
    """Append thirteen points on an arch above the brows."""
    turn = np.linspace(np.pi, 0, 13)
    middle, width = points[:17, 0].mean(), np.ptp(points[:17, 0]) / 2
    arch = np.stack((middle + np.cos(turn) * width, points[17:27, 1].mean() - 0.9 * np.sin(turn) * width), 1)
    return np.vstack((points, arch))
