"""Name the points of the face mesh that layers and motion are built on.

All indices are those of MediaPipe's 468 points. "Left" in these sets is the picture's left, the person's right.
"""

from __future__ import annotations

import numpy as np

COUNT = 468

LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
)
"""Lid edge of each eye: outer corner, seven lower points, inner corner, seven upper points from the outside."""

CORNERS = ((33, 133), (263, 362))
LOWER_LIDS = tuple(lid[1:8] for lid in LIDS)
UPPER_LIDS = tuple(lid[9:16] for lid in LIDS)

INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
OUTER_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
OUTER_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
"""Lip lines from the picture's left to its right."""

LIPS = INNER_UPPER + INNER_LOWER + OUTER_UPPER + OUTER_LOWER
EDGES = (*LIDS[0], *LIDS[1], *INNER_UPPER, *INNER_LOWER)
"""Edges at which the skin is open."""

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Contour of the face, clockwise from the middle of the forehead."""

JAW = (58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288)
"""Line of the jaw from angle to angle."""

BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285)

FOREHEAD, CHIN, CHEEKS, UNDER_NOSE = 10, 152, (234, 454), 2
LIP_MIDDLES, MOUTH_CORNERS, OUTER_EYES = (13, 14), (61, 291), (33, 263)
CHIN_SKIN = (152, 148, 377, 176, 400, 175, 199)


def lid_outline(points: np.ndarray, eye: int) -> np.ndarray:
    """Return the closed outline (16, K) of an eye's opening from points (468, K)."""
    lid = np.array(LIDS[eye])
    return points[np.concatenate([lid[:9], lid[:8:-1]])]


def lip_outline(points: np.ndarray) -> np.ndarray:
    """Return the closed outline (22, K) of the opening between the lips from points (468, K)."""
    return points[np.concatenate([INNER_UPPER, INNER_LOWER[::-1]])]


def eye_distance(points: np.ndarray) -> float:
    """Return the distance of the outer corners of the eyes in points (468, K)."""
    return float(np.linalg.norm(points[OUTER_EYES[0]] - points[OUTER_EYES[1]]))
