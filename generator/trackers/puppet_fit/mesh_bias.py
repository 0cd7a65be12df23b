"""Define the offsets between the mesh network's 68 points of a puppet and the true points.

The network was trained on people: it places the chin further forward and the brow further out than on a puppet. Without
this correction the fitted head would nod and get a larger jaw to explain the difference. `mesh_calibration` measures
the table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import FaceParams
from generator.face.head_model import landmarks68

# Median over 316 pictures of puppets, both halves of the face averaged; in head units.
_HALF = (
    (0, 0.096, -0.032, 0.050),
    (1, 0.058, 0.022, -0.115),
    (2, -0.018, 0.062, -0.222),
    (3, -0.060, -0.056, -0.203),
    (4, -0.131, -0.022, -0.146),
    (5, -0.192, 0.028, -0.030),
    (6, -0.134, 0.017, 0.151),
    (7, -0.045, 0.021, 0.317),
    (8, 0.000, 0.049, 0.375),
    (17, -0.120, -0.020, -0.117),
    (18, -0.097, 0.006, 0.014),
    (19, -0.100, 0.031, 0.030),
    (20, -0.075, 0.043, 0.048),
    (21, -0.014, 0.050, 0.057),
    (27, 0.000, 0.063, 0.017),
    (28, 0.000, 0.006, 0.069),
    (29, 0.000, -0.030, 0.098),
    (30, 0.000, -0.024, 0.058),
    (31, -0.013, -0.042, 0.023),
    (32, -0.013, -0.060, 0.011),
    (33, 0.000, -0.050, 0.011),
    (36, 0.046, -0.008, 0.027),
    (37, 0.021, -0.045, 0.047),
    (38, -0.024, -0.036, -0.003),
    (39, -0.016, -0.017, -0.074),
    (40, -0.007, 0.042, -0.012),
    (41, 0.038, 0.032, 0.043),
    (48, -0.017, -0.011, 0.045),
    (49, 0.003, 0.011, 0.099),
    (50, -0.014, 0.024, 0.087),
    (51, 0.000, 0.023, 0.087),
    (55, 0.001, -0.036, 0.122),
    (56, 0.020, -0.040, 0.113),
    (57, 0.000, -0.044, 0.111),
    (60, -0.010, -0.005, 0.043),
    (61, 0.038, 0.002, 0.069),
    (62, 0.000, 0.002, 0.053),
    (65, -0.032, -0.004, 0.080),
    (66, 0.000, -0.002, 0.065),
)

MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
"""``(68,)`` index of the point that each of the 68 becomes in a mirror."""


def _both_halves() -> NDArray[np.float64]:
    bias = np.zeros((68, 3))
    for point, x, y, z in _HALF:
        bias[point] = x, y, z
        bias[MIRROR[point]] = -x if MIRROR[point] != point else 0.0, y, z
    return bias


MESH_BIAS = _both_halves()
"""``(68, 3)`` offsets in head units from the head's points to those of the mesh network."""


def mean_face() -> NDArray[np.float64]:
    """Return the mesh network's 68 iBUG points of the mean head at rest, ``(68, 3)``.

    They are in head units: x to the picture's right, y up, z to the viewer.
    """
    neutral = FaceParams.neutral()
    return landmarks68(neutral.shape, neutral.expression) + MESH_BIAS
