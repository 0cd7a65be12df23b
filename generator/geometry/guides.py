"""Describe what a drawn frame knows about itself: where its colours can be trusted, and how the surface has turned.

A network that improves the frame reads these maps, and may draw only where the colours cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints, resolve, vertex_normals

from .canvas import Hole
from .filling import Bytes, blur, smooth_step

GUIDES = ("trust", "cover", "face", "own", "stretch", "eyes", "mouth")
"""Names of the channels of the guides."""
TURNS = 6
"""Channels of the turned surface: its normal, and how the normal has changed since the source."""

_STRETCHED = (0.7, 0.3)
"""Pixels of the source per pixel of the frame, in the direction of the largest stretch: trusted above the first, and
not at all below the second."""
_STRETCH_LOST = 0.4
"""Share of trust that a fully stretched surface loses: its colours are right, and only its detail is not."""
_LOST = {"eye": 0.0, "mouth": 0.4}
"""Share of trust that an opening loses when it has changed: white and iris stay the source's own, and teeth and tongue
in the source's light are only corrected.
"""


def stretch(top: Bytes, places: Floats) -> Floats:
    """Return how far a frame stretches the source, (S, S): 0 where it does not, 1 where by three times or more.

    Args:
        top: (S, S) number of the topmost layer.
        places: (S, S, 2) place in the source of each pixel.
    """
    across, down = np.diff(places, axis=1, append=places[:, -1:]), np.diff(places, axis=0, append=places[-1:])
    inside = np.ones(top.shape, bool)
    inside[:, :-1] &= top[:, 1:] == top[:, :-1]
    inside[:-1] &= top[1:] == top[:-1]
    inside[:, -1] = inside[-1] = False
    energy = (across**2).sum(-1) + (down**2).sum(-1)
    area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    least = np.sqrt(np.maximum(energy - np.sqrt(np.maximum(energy**2 - 4 * area**2, 0)), 0) / 2)
    low, high = _STRETCHED[1], _STRETCHED[0]
    return np.where(inside, 1 - smooth_step((least - low) / (high - low)), 0).astype(np.float32)


def trust(believed: Floats, cover: Floats, stretched: Floats, holes: Sequence[Hole], calm: float) -> Floats:
    """Return where the frame shows the source's own colours unstretched, (S, S) in [0, 1].

    Args:
        believed: (S, S) where a pixel shows the same layer as the source does at its place.
        cover: (S, S) how far layers cover the plate.
        stretched: (S, S) see `stretch`.
        holes: Eyes and mouth that have been drawn.
        calm: 1 where the head stands as in the source, and 0 where it has moved by some pixels.
    """
    edge = 4 * cover * (1 - cover)
    sure = believed * (1 - _STRETCH_LOST * stretched) * (1 - (1 - calm) * edge)
    for hole in holes:
        lost = _LOST[hole.part] * (1 - hole.same)
        inner = sure[hole.window]
        sure[hole.window] = inner * (1 - hole.mask) + (1 - lost) * hole.mask
    return np.minimum(sure, blur(sure, 1.0)).astype(np.float32)


def opening(holes: Sequence[Hole], part: str, shape: tuple[int, int]) -> Floats:
    """Return the mask (H, W) of the drawn eyes, or of the drawn inside of the mouth."""
    mask = np.zeros(shape, np.float32)
    for hole in holes:
        if hole.part == part:
            mask[hole.window] = np.maximum(mask[hole.window], hole.mask)
    return mask


def turned_surface(points: Floats, before: Floats, screen: Floats, faces: Ints, drawn: Ints, spread: Floats) -> Floats:
    """Return the normal of the drawn face mesh and its change since the source, (S, S, 6) in [0, 1]; 0.5 beside it.

    Args:
        points: (V, 3) the surface in the camera's axes.
        before: (V, 3) the same in the source.
        screen: (V, 3) the surface in pixels.
        faces: (F, 3) its triangles.
        drawn: (S, S) the triangle that each pixel shows, or -1.
        spread: (V,) share of each vertex inside the face's contour.
    """
    now = vertex_normals(points.astype(np.float32), faces)
    then = vertex_normals(before.astype(np.float32), faces)
    values = np.concatenate([now, now - then], 1) * np.clip(4 * spread, 0, 1)[:, None]
    seen, _ = resolve(screen, faces, values.astype(np.float32), drawn)
    return np.clip(0.5 + 0.5 * seen, 0, 1).astype(np.float32)


def smaller(values: Floats, size: int) -> Floats:
    """Return maps (S, S, C) at a smaller size, averaged over areas."""
    if len(values) == size:
        return values
    parts = [  # OpenCV resizes at most four channels by a factor that is no whole number
        cv2.resize(np.ascontiguousarray(values[..., first : first + 4]), (size, size), interpolation=cv2.INTER_AREA)
        for first in range(0, values.shape[-1], 4)
    ]
    return np.concatenate([part.reshape(size, size, -1) for part in parts], -1).astype(np.float32)
