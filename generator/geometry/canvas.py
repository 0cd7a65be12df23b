"""Hold one frame while its layers are laid over each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from generator.face.face_params import Floats

from .view import View

Window = tuple[slice, slice]
"""Rows and columns of a picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """The source's head at one moment.

    Attributes:
        view: The camera.
        coarse: (N, 3) the head. landmarks: (468, 3) its landmarks in head space. places: (468, 3) the same in pixels.
        irises: (2, 2) displacement of the irises on the head, head units.
    """

    view: View
    coarse: Floats
    landmarks: Floats
    places: Floats
    irises: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """A hole in the face's mesh, in which eye or mouth show.

    Attributes:
        window: Its place. mask: (h, w) in [0, 1].
        depth: Depth of its rim in pixels; what lies well before it covers it.
        same: How far its content is as in the source, 0 to 1.
        part: What shows in it.
    """

    window: Window
    mask: Floats
    depth: float
    same: float
    part: Literal["eye", "mouth"]


@dataclass(slots=True, eq=False)
class Canvas:
    """A frame at work.

    Attributes:
        colours: (S, S, 3) float32 in 0 to 255.
        cover: (S, S) how far layers cover the plate, 0 to 1.
        holes: Eyes and mouth that have been drawn.
    """

    colours: Floats
    cover: Floats
    holes: list[Hole] = field(default_factory=list)

    def window(self, places: Floats, margin: float) -> Window | None:
        """Return rows and columns round places (N, 2), inside the picture; None where hardly anything is left."""
        height, width = self.cover.shape
        low = np.maximum(np.floor(places.min(0) - margin).astype(int), 0)
        high = np.minimum(np.ceil(places.max(0) + margin).astype(int) + 1, [width, height])
        if (high - low < 3).any():
            return None
        return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
