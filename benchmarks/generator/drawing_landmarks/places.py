"""Name the places of a face in the mesh of 478 points, and what is where when a face is mirrored."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from generator.avatars import avatar_head
from generator.face.face_params import Floats
from generator.geometry import OVAL
from generator.trackers.drawn_face import PLACES
from generator.trackers.drawn_face.network import MIRRORED

__all__ = [
    "BASE", "BROWS", "CHIN", "CORNERS", "EYES", "FIXED", "INNER_LIPS", "IRISES", "NOSE", "OUTER_LIPS", "OVAL", "SIDES",
    "TIP", "UNDER_BROWS", "WINGS", "mirror_index",
]  # fmt: skip

EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
"""Contours of the eye on the left of the picture and of the other: outer corner, lower lid, inner corner, upper lid."""

IRISES = (slice(468, 473), slice(473, 478))
BROWS = ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336))
"""Upper edges of the brows, from the temples inwards."""

UNDER_BROWS = ((46, 53, 52, 65, 55), (276, 283, 282, 295, 285))
OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
"""Contours of the lips: corner on the left of the picture, lower lip, other corner, upper lip."""

NOSE = (168, 6, 197, 195, 5, 4, 1, 2, 98, 97, 326, 327, 129, 358, 48, 278, 64, 294)
TIP, BASE, WINGS = 1, 2, (129, 358)
CHIN, SIDES = 152, (234, 454)
CORNERS = (33, 263)

FIXED = np.array(list(OVAL)[::2])
"""Points of the face's outline at which a change of its features ends."""


@lru_cache(maxsize=1)
def mirror_index() -> NDArray[np.int64]:
    """Return for each of the 478 points the point on the other side of a face."""
    head = avatar_head()
    shape = np.zeros(head.layout.shape_size, np.float32)
    person = head.neutral(shape)
    nothing, ahead = head.layout.neutral(), np.zeros(2, np.float32)
    points: Floats = head.mesh_points_of(person, head.expressed(person, nothing, ahead), ahead)
    mirrored = points * np.array([-1, 1, 1])
    distance = np.linalg.norm(mirrored[:, None] - points[None], axis=-1)
    index = np.asarray(linear_sum_assignment(distance + distance.T)[1], np.int64)
    for place, other in zip(PLACES, (PLACES[one] for one in MIRRORED), strict=True):
        holder = int(np.flatnonzero(index == other)[0])
        index[holder], index[place] = index[place], other
    return index
