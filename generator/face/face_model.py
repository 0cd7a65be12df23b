"""Define the interface of face models."""

from __future__ import annotations

from typing import Protocol

from .face_params import Floats, ParameterLayout
from .raster import Ints


class FaceModel(Protocol):
    """A head whose surface is a function of shape and expression.

    In head space x points to the picture's right, y up and z to the viewer; the origin is the middle of the head, and
    the mean head measures about 2.15 units from chin to crown. The pose rotates head space about its origin, so a
    camera scale means the same apparent head size for every face model.
    """

    @property
    def layout(self) -> ParameterLayout:
        """Return the meaning of the model's parameters."""

    @property
    def faces(self) -> Ints:
        """Return the triangles (F, 3), counter-clockwise seen from outside; the same for every head."""

    def vertices(self, shape: Floats, expression: Floats, gaze: Floats | None = None) -> Floats:
        """Return the surface (V, 3) float32 in head space.

        Args:
            shape: (B,) coefficients.
            expression: (E,) coefficients.
            gaze: (2,) in [-1, 1], None for straight ahead; models without eyeballs ignore it.
        """

    def landmarks(self, shape: Floats, expression: Floats) -> Floats:
        """Return the 68 iBUG landmarks (68, 3) in head space; the order is that of `landmarks68`."""
