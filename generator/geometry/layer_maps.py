"""Draw the maps that a network reads of moved layers: the frame, its guides, and the turned surface at half size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import FaceParams, Floats

from .guides import smaller
from .moments import face_in_picture, moment_of
from .motion import Strength
from .painter import Drawing, Painter
from .rig import avatar_rig
from .source import prepare_source

Map = NDArray[np.uint8]


class LayerMaps:
    """Draw the maps of one source for other moments of the same face.

    Args:
        picture: (S, S, 3) uint8 RGB, the source.
        params: Its face, as it was tracked.
    """

    def __init__(self, picture: Map, params: FaceParams) -> None:
        self._rig, self._size = avatar_rig(), len(picture)
        source = prepare_source(self._rig, picture, face_in_picture(params, self._size))
        self._painter = Painter(source, moment_of(self._rig, params), Strength(same_person=True))

    def __call__(self, params: FaceParams) -> dict[str, Map]:
        """Return the maps of a moment by name; see `network_maps`."""
        return network_maps(self._painter.drawing(moment_of(self._rig, params), self._size), self._size)


def network_maps(drawing: Drawing, size: int) -> dict[str, Map]:
    """Return "moved" (s, s, 3), "guides" (s, s, 7) and "turned" (s/2, s/2, 6) of a frame at a size s, uint8."""
    picture = drawing.picture
    if len(picture) != size:
        picture = np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    turned = smaller(drawing.turned, size // 2)
    return {"moved": picture, "guides": _bytes(drawing.guides), "turned": _bytes(turned)}


def _bytes(values: Floats) -> Map:
    return np.rint(255 * np.asarray(values)).astype(np.uint8)
