"""Find all 478 points of a face from the places of a few, by the shapes that faces have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COMPONENTS = 36
_NOISE = 0.035
"""Standard deviation of a place, in units of the root mean square distance of the points from their centre."""

_ROUNDS = 4
_CORNERS = (33, 263)


@dataclass(frozen=True, slots=True, eq=False)
class FittedShape:
    """A face's shape.

    Attributes:
        points: (478, 3) in the places' unit; depth is smaller where nearer.
        misfit: Root mean square distance of the places from the closest known shape, in units of the root mean square
            distance of the points from their centre.
        strangeness: Root mean square of the shape's coefficients; about 1 for the faces of the training.
    """

    points: Floats
    misfit: float
    strangeness: float


class ShapeBasis:
    """The mean face and how faces differ, up to position, size and rotation in the picture.

    Args:
        mean: (478, 3) centred, with a root mean square distance of x, y from the centre of 1.
        components: (C, 478, 3) of which each is one standard deviation.
        places: Numbers of the K points that are known.
    """

    def __init__(self, mean: Floats, components: Floats, places: tuple[int, ...]) -> None:
        self.mean, self.components = np.asarray(mean, np.float64), np.asarray(components, np.float64)
        self._places = np.array(places)
        known = self.mean[self._places, :2]
        distance = ((self.mean[:, None, :2] - known[None]) ** 2).sum(-1)
        near = (distance + 0.03**2) ** -1.5
        self._spread = near / near.sum(1, keepdims=True)
        self._spread[self._places] = np.eye(len(places))
        for iris in (468, 473):
            self._spread[iris : iris + 5] = self._spread[iris]

    @classmethod
    def of(cls, shapes: Floats, places: tuple[int, ...], count: int = COMPONENTS) -> ShapeBasis:
        """Return the principal components of aligned shapes (N, 478, 3) in pixels (Cootes et al. 1995)."""
        mean = _normed(_level(shapes[0]))
        for _ in range(3):
            aligned = np.stack([_aligned(shape, mean) for shape in shapes])
            mean = _normed(_level(aligned.mean(0)))
        aligned = np.stack([_aligned(shape, mean) for shape in shapes])
        flat = (aligned - mean).reshape(len(shapes), -1)
        _, sizes, directions = np.linalg.svd(flat, full_matrices=False)
        count = min(count, len(sizes))
        scaled = directions[:count] * (sizes[:count, None] / np.sqrt(len(shapes)))
        return cls(mean, scaled.reshape(count, 478, 3), places)

    @classmethod
    def read(cls, arrays: Mapping[str, Floats], places: tuple[int, ...]) -> ShapeBasis:
        """Return the basis that `arrays` wrote."""
        return cls(arrays["shape.mean"], arrays["shape.components"], places)

    def arrays(self) -> dict[str, Floats]:
        """Return the basis as arrays by name."""
        return {"shape.mean": self.mean, "shape.components": self.components}

    def fit(self, places: Floats) -> FittedShape:
        """Fit a shape to places.

        Args:
            places: (K, 2) x, y of the known points in any unit.
        """
        known, moves = self.mean[self._places, :2], self.components[:, self._places, :2]
        shape: Floats = known
        values: Floats = np.zeros(len(self.components))
        for _ in range(_ROUNDS):
            turn, shift = _similarity(shape, places)
            back = (places - shift) @ np.linalg.inv(turn).T
            flat = moves.reshape(len(moves), -1)
            normal = flat @ flat.T / _NOISE**2 + np.eye(len(flat))
            values = np.asarray(np.linalg.solve(normal, flat @ (back - known).ravel() / _NOISE**2), np.float64)
            shape = known + np.tensordot(values, moves, 1)
        turn, shift = _similarity(shape, places)
        size = float(np.sqrt(abs(np.linalg.det(turn))))
        whole = self.mean + np.tensordot(values, self.components, 1)
        flat_points = whole[:, :2] @ turn.T + shift
        rest = places - flat_points[self._places]
        points = np.concatenate([flat_points + self._spread @ rest, whole[:, 2:] * size], 1)
        return FittedShape(
            points, float(np.sqrt((rest**2).sum(1).mean()) / max(size, 1e-9)), float(np.sqrt((values**2).mean()))
        )


def _normed(shape: Floats) -> Floats:
    centred = shape - shape.mean(0)
    return np.asarray(centred / np.sqrt((centred[:, :2] ** 2).sum(1).mean()), np.float64)


def _level(shape: Floats) -> Floats:
    """Return a shape turned in the picture until its outer eye corners are level."""
    across, down = shape[_CORNERS[1], :2] - shape[_CORNERS[0], :2]
    cos, sin = np.array([across, down]) / max(float(np.hypot(across, down)), 1e-9)
    return np.concatenate([shape[:, :2] @ np.array([[cos, -sin], [sin, cos]]), shape[:, 2:]], 1)


def _aligned(shape: Floats, mean: Floats) -> Floats:
    """Return a shape moved, scaled and turned in the picture so that it lies on the mean."""
    turn, shift = _similarity(shape[:, :2], mean[:, :2])
    size = float(np.sqrt(abs(np.linalg.det(turn))))
    depth = shape[:, 2:] - shape[:, 2:].mean()
    return np.concatenate([shape[:, :2] @ turn.T + shift, depth * size], 1)


def _similarity(shape: Floats, places: Floats) -> tuple[Floats, Floats]:
    """Return the matrix (2, 2) and the shift (2,) that move a shape closest to places."""
    middle, centre = shape.mean(0), places.mean(0)
    flat, there = shape - middle, places - centre
    square = float((flat**2).sum()) or 1e-12
    along = float((flat * there).sum()) / square
    across = float((flat[:, 0] * there[:, 1] - flat[:, 1] * there[:, 0]).sum()) / square
    turn = np.array([[along, -across], [across, along]])
    return turn, centre - turn @ middle
