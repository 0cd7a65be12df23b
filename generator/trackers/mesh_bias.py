"""Where the mesh network sees the 68 points of a puppet, against where they are.

The network knows people: it puts a chin further forward and a brow further out than a puppet has them. Without this the
fitted head would nod and grow a jaw to explain the difference.
"""

import numpy as np
from numpy.typing import NDArray

# Median over N_PUPPETS pictures of puppets with known parameters, mirrored halves averaged; head units.
_HALF = (
    (0, 0.102, -0.039, 0.056),
    (1, 0.060, 0.018, -0.102),
    (2, -0.017, 0.062, -0.211),
    (3, -0.055, -0.059, -0.191),
    (4, -0.129, -0.028, -0.130),
    (5, -0.190, 0.025, -0.018),
    (6, -0.133, 0.015, 0.166),
    (7, -0.046, 0.020, 0.334),
    (8, 0.000, 0.052, 0.393),
    (17, -0.114, -0.022, -0.115),
    (18, -0.093, 0.007, 0.014),
    (19, -0.097, 0.032, 0.028),
    (20, -0.073, 0.044, 0.043),
    (21, -0.015, 0.052, 0.051),
    (27, 0.000, 0.063, 0.013),
    (28, 0.000, 0.008, 0.069),
    (29, 0.000, -0.029, 0.100),
    (30, 0.000, -0.021, 0.062),
    (31, -0.016, -0.039, 0.027),
    (32, -0.014, -0.058, 0.016),
    (33, 0.000, -0.048, 0.016),
    (36, 0.048, -0.010, 0.024),
    (37, 0.022, -0.044, 0.047),
    (38, -0.023, -0.034, -0.003),
    (39, -0.014, -0.019, -0.073),
    (40, -0.006, 0.041, -0.010),
    (41, 0.037, 0.031, 0.042),
    (48, -0.017, -0.012, 0.055),
    (49, 0.003, 0.009, 0.107),
    (50, -0.014, 0.021, 0.095),
    (51, 0.000, 0.022, 0.096),
    (55, 0.001, -0.038, 0.134),
    (56, 0.021, -0.040, 0.125),
    (57, 0.000, -0.044, 0.123),
    (60, -0.010, -0.005, 0.051),
    (61, 0.038, 0.000, 0.079),
    (62, 0.000, 0.000, 0.063),
    (65, -0.032, -0.005, 0.092),
    (66, 0.000, -0.004, 0.078),
)

MIRROR = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
"""``(68,)`` the point that each of the 68 becomes in a mirror."""


def _both_halves() -> NDArray[np.float64]:
    bias = np.zeros((68, 3))
    for point, x, y, z in _HALF:
        bias[point] = x, y, z
        bias[MIRROR[point]] = -x if MIRROR[point] != point else 0.0, y, z
    return bias


MESH_BIAS = _both_halves()
"""``(68, 3)`` head units to add to the head's points to get the mesh network's."""
