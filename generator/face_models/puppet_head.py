"""Provide the puppet head as a face model."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from generator.face.face_params import LAYOUTS, Floats, ParameterLayout
from generator.face.head_mesh import head_grid, head_mesh
from generator.face.head_model import landmarks68
from generator.face.raster import Ints


class PuppetHead:
    """Compute the parametric surface of `head_model`; lids and irises are painted on it, not part of it."""

    layout: ParameterLayout = LAYOUTS["puppet"]

    @cached_property
    def faces(self) -> Ints:
        """Return the triangles (F, 3), counter-clockwise seen from outside."""
        return head_grid(np.zeros(self.layout.shape_size, np.float32))[2]

    def vertices(self, shape: Floats, expression: Floats, gaze: Floats | None = None) -> Floats:
        """Return the surface (V, 3) in head space; `gaze` has no effect."""
        return head_mesh(shape, expression).points

    def landmarks(self, shape: Floats, expression: Floats) -> Floats:
        """Return the 68 iBUG landmarks (68, 3) in head space."""
        return landmarks68(shape, expression)


_PUPPET_HEAD = PuppetHead()


def puppet_head() -> PuppetHead:
    """Return the puppet head."""
    return _PUPPET_HEAD
