"""Place the 68 landmarks on FLAME when no landmark embedding is available."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats, vector

from .flame_file import Embedding

_EYE_DISTANCE = 64.0
"""Distance between the eyeballs' centres on the face of the table below."""

_RIGHT_HALF = {
    8: (0, -109, 10), 9: (18, -106, 4), 10: (34, -97, -9), 11: (47, -85, -26), 12: (57, -70, -43), 13: (64, -53, -55),
    14: (68, -35, -62), 15: (70, -18, -66), 16: (70, 0, -68),
    22: (13, 20, 23), 23: (24, 24, 22), 24: (35, 26, 18), 25: (45, 24, 12), 26: (53, 18, 3),
    27: (0, 4, 20), 28: (0, -8, 26), 29: (0, -20, 33), 30: (0, -32, 39), 33: (0, -46, 29), 34: (7, -45, 26),
    35: (15, -42, 21),
    42: (16, -2, 7), 43: (26, 5.5, 11), 44: (38, 5, 10), 45: (45, 0, 3), 46: (37, -5, 9), 47: (27, -6, 10),
    51: (0, -62.5, 31), 52: (5, -61, 30), 53: (15, -64, 26), 54: (25, -70, 17), 55: (15, -77, 25), 56: (6, -80, 27),
    57: (0, -81, 27.5), 62: (0, -69, 28), 63: (9, -69, 26), 64: (22, -70, 18), 65: (9, -71, 26), 66: (0, -71.5, 27),
}  # fmt: skip
"""A mean adult face in millimetres from the midpoint between the eyeballs' centres: x right, y up, z to the viewer."""

_MIRROR = {
    **{16 - k: k for k in range(17)}, **{43 - k: k for k in range(17, 27)}, **{66 - k: k for k in range(31, 36)},
    36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46, 48: 54, 49: 53, 50: 52, 58: 56, 59: 55, 60: 64, 61: 63, 67: 65,
}  # fmt: skip
_ABOVE = [49, 50, 51, 52, 53, 61, 62, 63]
_BELOW = [55, 56, 57, 58, 59, 65, 66, 67]


def _mean_face() -> Floats:
    points = np.zeros((68, 3))
    for index in range(68):
        if index in _RIGHT_HALF:
            points[index] = _RIGHT_HALF[index]
        else:
            points[index] = np.array(_RIGHT_HALF[_MIRROR[index]]) * (-1, 1, 1)
    return points


def nearest_embedding(template: Floats, joints: Floats, skinning: Floats) -> Embedding:
    """Return the 68 iBUG landmarks as the vertices nearest to those of a mean face; the error is some millimetres.

    The mean face is aligned with the template by the two eye joints. Eyeballs are left out. Landmarks of the lower lip
    are placed on vertices that follow the jaw, those of the upper lip on vertices that do not, so that an opening mouth
    separates them.

    Args:
        template: (V, 3) in metres.
        joints: (5, 3) joints of the template.
        skinning: (V, 5) blend weights.
    """
    middle = (joints[3] + joints[4]) / 2
    wanted = middle + _mean_face() * np.linalg.norm(joints[3] - joints[4]) / _EYE_DISTANCE
    eyeball, jaw = skinning[:, 3:].sum(1) > 0.5, skinning[:, 2] > 0.5
    distance = np.linalg.norm(template[None] - wanted[:, None], axis=2)
    distance[:, eyeball] = np.inf
    distance[_ABOVE] = np.where(jaw, np.inf, distance[_ABOVE])
    distance[_BELOW] = np.where(jaw, distance[_BELOW], np.inf)
    vertex = np.argmin(distance, 1).astype(np.int32)
    return Embedding(np.repeat(vertex[:, None], 3, 1), np.tile(vector(1, 0, 0), (68, 1)))
