"""Draw the spatial maps: all representations of the aligned head that a spatial encoder can use.

All of them depend only on the source's picture, the source's shape and the target's expression, pose, gaze and camera.
Neither a pixel nor the shape of the drive is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generator.errors import FaceModelError

from .face_model import FaceModel
from .face_params import FaceParams, Floats
from .snapshot import CHANNELS
from .source_warp import GUIDES, MeshWarp, SourceWarp, mesh_buffer
from .surface_maps import SURFACE_MAPS, paint_surface

Map = NDArray[np.uint8]

MAPS = {"snapshot": CHANNELS, "guides": GUIDES, "moved": 3, **dict.fromkeys(SURFACE_MAPS, 3)}
"""Channels of each map.

* snapshot: puppets' normals, lids, irises and mouth at half size, see `draw_snapshot`.
* guides, moved: the source's picture warped onto the target's head, and its guide maps, see `source_warp`.
* normals, depth, shaded: the head's surface, see `surface_maps`.
* displacement: 0.5 + `_PLACE_GAIN` (place on the mean head) + `_MOVE_GAIN` (move away from the source's neutral face),
  x, y, z in head space, drawn with the target's pose.
"""

_WARPED = ("snapshot", "guides", "moved")
_PLACE_GAIN, _MOVE_GAIN = 0.22, 1.0


class MapRenderer:
    """Draw the maps of one source for any number of targets.

    Args:
        face_model: Face model of the head.
        names: Names of the maps, from `MAPS`.
        size: Side S of the maps and of the source's picture, pixels.
        source_picture: (S, S, 3) uint8 RGB.
        source_params: The source's face in it.

    Raises:
        FaceModelError: A map is unknown or not available for this face model, or parameters or picture do not fit.
    """

    def __init__(
        self,
        face_model: FaceModel,
        names: Sequence[str],
        size: int,
        source_picture: Map,
        source_params: FaceParams,
    ) -> None:
        self._model, self._names, self._size, self._source = face_model, tuple(names), size, source_params
        self._check(source_params)
        puppet = face_model.layout.name == "puppet"
        for name in names:
            if name not in MAPS:
                raise FaceModelError(f"no spatial map {name!r}; there are: {', '.join(MAPS)}")
            if name == "snapshot" and not puppet:
                raise FaceModelError("the map 'snapshot' is drawn of puppet heads only; take 'normals' for FLAME")
        if source_picture.shape != (size, size, 3):
            raise FaceModelError(f"the source's picture has shape {source_picture.shape}, expected {(size, size, 3)}")
        warped = any(name in names for name in _WARPED)
        self._puppet_warp = SourceWarp(source_picture, source_params) if warped and puppet else None
        self._mesh_warp = MeshWarp(face_model, source_picture, source_params) if warped and not puppet else None
        layout = face_model.layout
        neutral = layout.neutral()
        self._places: Floats = face_model.vertices(np.zeros(layout.shape_size, np.float32), neutral)
        self._at_rest: Floats = face_model.vertices(source_params.shape, neutral)

    def _check(self, params: FaceParams) -> None:
        if params.face_model != self._model.layout.name:
            raise FaceModelError(f"a {params.face_model} face where a {self._model.layout.name} face is expected")

    def __call__(self, target: FaceParams) -> dict[str, Map]:
        """Draw the maps of one moment by name, each (S, S, C), the snapshot (S/2, S/2, 6).

        Args:
            target: Aligned parameters; their shape is ignored, and the source's is drawn.

        Raises:
            FaceModelError: The target is of another face model.
        """
        self._check(target)
        target = replace(target, shape=self._source.shape)
        maps: dict[str, Map] = {}
        if self._puppet_warp is not None:
            scene = self._puppet_warp(target)
            maps = {"moved": scene.moved, "guides": scene.guides, "snapshot": scene.snapshot}
        if self._mesh_warp is not None:
            maps["moved"], maps["guides"] = self._mesh_warp(target)
        if any(name in self._names for name in SURFACE_MAPS):
            maps |= paint_surface(mesh_buffer(self._model, target, 2 * self._size, self._colours(target)))
        return {name: maps[name] for name in self._names}

    def _colours(self, target: FaceParams) -> Floats | None:
        """Return the colour (V, 3) of each vertex in the displacement map, or None where that map is not requested."""
        if "displacement" not in self._names:
            return None
        moved = self._model.vertices(target.shape, target.expression, target.gaze) - self._at_rest
        return 0.5 + _PLACE_GAIN * self._places + _MOVE_GAIN * moved
