"""Name the points of the 300-W annotation (Sagonas et al. 2013) in the face mesh of 468 points."""

from __future__ import annotations

import numpy as np

MESH_INDEX = np.array(
    (
        *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # jaw, from picture left
        *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
        *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose: bridge, then base
        *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
        *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
    )
)
"""``(68,)`` index into the mesh of each of the 68 points."""
