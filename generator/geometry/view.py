"""See a head in perspective: the camera of one moment, in pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generator.face.face_params import Floats


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The camera of one moment.

    Attributes:
        rotation: (3, 3) of the head.
        scale: Pixels per head unit in the plane of the head's origin.
        shift: (2,) the origin's place in pixels, y down.
        distance: Distance of the camera from the origin, head units.
    """

    rotation: Floats
    scale: float
    shift: Floats
    distance: float

    def _zoom(self, depth: Floats) -> Floats:
        zoom: Floats = self.scale * self.distance / (self.distance - depth)
        return zoom

    def project(self, points: Floats) -> Floats:
        """Project points (N, 3) of head space to x, y in pixels (y down) and depth in pixels, nearer is larger."""
        turned = points @ self.rotation.T
        zoom = self._zoom(turned[..., 2])
        x, y = turned[..., 0] * zoom + self.shift[0], self.shift[1] - turned[..., 1] * zoom
        return np.stack([x, y, turned[..., 2] * self.scale], -1)

    def lift(self, points: Floats, shifts: Floats) -> Floats:
        """Return the displacements (N, 3) in head space that move the images of points by (N, 2) pixels."""
        zoom = self._zoom((points @ self.rotation.T)[:, 2])
        flat = np.stack([shifts[:, 0] / zoom, -shifts[:, 1] / zoom, np.zeros(len(points))], 1)
        lifted: Floats = flat @ self.rotation
        return lifted

    def unproject(self, pixels: Floats, depth: Floats) -> Floats:
        """Return the points (N, 3) of head space that lie at pixels (N, 2) with a depth (N,) in pixels."""
        z = depth / self.scale
        zoom = self._zoom(z)
        x, y = (pixels[:, 0] - self.shift[0]) / zoom, (self.shift[1] - pixels[:, 1]) / zoom
        points: Floats = np.stack([x, y, z], 1) @ self.rotation
        return points

    def frame_at(self, point: Floats, step: float) -> tuple[Floats, Floats]:
        """Return the picture's affine frame at a point of the head.

        Args:
            point: (3,) in head space.
            step: A small length in head units.

        Returns:
            The matrix (2, 2) from head units along the head's x and y to pixels, and the point's place (2,).
        """
        three = self.project(point + step * np.eye(3)[[2, 0, 1]] * [[0], [1], [1]])[:, :2]
        return np.stack([(three[1] - three[0]) / step, (three[2] - three[0]) / step], 1), three[0]

    def moved(self, **changes: object) -> View:
        """Return a view with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]
