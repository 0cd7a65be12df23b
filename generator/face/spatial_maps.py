"""Draw the surface of the aligned head as maps that a spatial encoder reads.

They depend only on the source's shape and the target's expression, pose, gaze and camera, not on the drive's shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generator.errors import FaceModelError

from .face_model import FaceModel
from .face_params import FaceParams, Floats
from .pose import project, rotation
from .raster import GBuffer, rasterise, vertex_normals
from .surface_maps import SURFACE_MAPS, paint_surface

Map = NDArray[np.uint8]

_PLACE_GAIN, _MOVE_GAIN = 0.22, 1.0
"""The displacement map shows 0.5 + the first (place on the mean head) + the second (move away from the source's neutral
face), x, y, z in head space, drawn with the target's pose."""


class MapRenderer:
    """Draw the maps of one source for any number of targets.

    Args:
        face_model: Face model of the head.
        names: Names of the maps, from `SURFACE_MAPS`.
        size: Side S of the maps, pixels.
        source_params: The source's face.

    Raises:
        FaceModelError: A map is unknown, or the parameters are of another face model.
    """

    def __init__(
        self,
        face_model: FaceModel,
        names: Sequence[str],
        size: int,
        source_params: FaceParams,
    ) -> None:
        self._model, self._names, self._size, self._source = face_model, tuple(names), size, source_params
        self._check(source_params)
        for name in names:
            if name not in SURFACE_MAPS:
                raise FaceModelError(f"no spatial map {name!r}; there are: {', '.join(SURFACE_MAPS)}")
        layout = face_model.layout
        neutral = layout.neutral()
        self._places: Floats = face_model.vertices(np.zeros(layout.shape_size, np.float32), neutral)
        self._at_rest: Floats = face_model.vertices(source_params.shape, neutral)

    def _check(self, params: FaceParams) -> None:
        if params.face_model != self._model.layout.name:
            raise FaceModelError(f"a {params.face_model} face where a {self._model.layout.name} face is expected")

    def __call__(self, target: FaceParams) -> dict[str, Map]:
        """Draw the maps of one moment by name, each (S, S, 3).

        Args:
            target: Aligned parameters; their shape is ignored, and the source's is drawn.

        Raises:
            FaceModelError: The target is of another face model.
        """
        self._check(target)
        target = replace(target, shape=self._source.shape)
        maps = paint_surface(self._buffer(target))
        return {name: maps[name] for name in self._names}

    def _buffer(self, target: FaceParams) -> GBuffer:
        """Rasterise the head at twice the size; attributes are the normal (3) and colours of the displacement map."""
        points = self._model.vertices(target.shape, target.expression, target.gaze)
        turned = points @ rotation(target.pose).T
        seen = enlarged(points, target.pose, self._model.layout.camera_distance)
        screen = np.concatenate([project(seen, target.pose, target.camera), turned[:, 2:]], 1)
        attributes = vertex_normals(turned, self._model.faces)
        if "displacement" in self._names:
            colours = 0.5 + _PLACE_GAIN * self._places + _MOVE_GAIN * (points - self._at_rest)
            attributes = np.concatenate([attributes, colours], 1)
        return rasterise(screen, self._model.faces, attributes, 2 * self._size)


def enlarged(points: Floats, pose: Floats, distance: float) -> Floats:
    """Return points (N, 3) as they look from a distance, so that `project` shows them in perspective.

    Args:
        points: Points in head space.
        pose: The head's pose.
        distance: Distance of the camera, in units of head space; infinite for no perspective.
    """
    depth = points @ rotation(pose)[2]
    out: Floats = points / (1 - depth / distance)[:, None]
    return out.astype(np.float32)
