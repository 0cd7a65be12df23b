"""Place a crop around a face, and find for each of its pixels the place of the picture that it shows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats
from generator.trackers.drawn_face import INPUT

from .proportions import CONTROLS, follow

_GRID = 32


def framing(points: Floats, rng: np.random.Generator) -> Floats:
    """Return the affine matrix (2, 3) that leads from the picture to a crop, wide or tight around the face."""
    low, high = points.min(0), points.max(0)
    longer = float((high - low).max())
    if rng.random() < 0.45:
        share = float(np.exp(rng.uniform(np.log(0.27), np.log(0.75))))
        roll = np.radians(np.clip(rng.normal(0, 14), -35, 35))
        reach = (1 - share) / 2 * 1.0 + 0.04
        offset = rng.uniform(-reach, reach, 2)
    else:
        share = float(np.exp(rng.normal(np.log(0.66), 0.16)))
        roll = np.radians(np.clip(rng.normal(0, 9), -30, 30))
        offset = rng.normal(0, 0.055, 2)
    scale = INPUT * share / longer
    cos, sin = np.cos(roll) * scale, np.sin(roll) * scale
    matrix = np.array([[cos, -sin], [sin, cos]])
    shift = INPUT * (0.5 + offset) - matrix @ ((low + high) / 2)
    return np.concatenate([matrix, shift[:, None]], 1).astype(np.float32)


def moved(points: Floats, matrix: Floats) -> Floats:
    """Return points (N, 2) moved by an affine matrix (2, 3)."""
    result: Floats = points @ matrix[:, :2].T + matrix[:, 2]
    return result


def unwarped(points: Floats, target: Floats, to_crop: Floats) -> tuple[Floats, Floats]:
    """Return for each pixel of the crop the place x, y of the picture that it shows."""
    back = cv2.invertAffineTransform(to_crop)
    ticks = ((np.arange(_GRID) + 0.5) * INPUT / _GRID).astype(np.float32)
    grid = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    places = moved(grid, back)
    low, high = points.min(0), points.max(0)
    frame = np.linspace(0, 1, 6)
    reach = 0.35 * (high - low)
    ring = np.concatenate(
        [
            np.stack([frame, np.zeros(6)], 1),
            np.stack([frame, np.ones(6)], 1),
            np.stack([np.zeros(6), frame], 1),
            np.stack([np.ones(6), frame], 1),
        ]
    )
    ring = (low - reach) + ring * (high - low + 2 * reach)
    controls = np.concatenate([target[CONTROLS], ring])
    moves = np.concatenate([points[CONTROLS] - target[CONTROLS], np.zeros_like(ring)])
    places = places + follow(controls, moves, places)
    coarse = places.reshape(_GRID, _GRID, 2).astype(np.float32) - 0.5
    fine = cv2.resize(coarse, (INPUT, INPUT), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(fine[..., 0]), np.ascontiguousarray(fine[..., 1])


def softened(picture: NDArray[np.uint8], to_crop: Floats) -> NDArray[np.uint8]:
    """Return a picture that loses no more by being shrunk than a fine one would."""
    shrink = 1 / max(float(np.sqrt(abs(np.linalg.det(to_crop[:, :2])))), 1e-6)
    if shrink < 1.3:
        return np.ascontiguousarray(picture)
    return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(picture), (0, 0), 0.4 * shrink), np.uint8)


def cut(picture: NDArray[np.uint8], centre: Floats, side: float, roll: float) -> NDArray[np.uint8]:
    """Return a turned square of a picture, mirrored beyond its edges."""
    scale = INPUT / side
    cos, sin = np.cos(roll) * scale, np.sin(roll) * scale
    matrix = np.array([[cos, -sin], [sin, cos]])
    whole = np.concatenate([matrix, (INPUT / 2 - matrix @ centre)[:, None]], 1)
    return np.asarray(cv2.warpAffine(picture, whole, (INPUT, INPUT), borderMode=cv2.BORDER_REFLECT), np.uint8)
