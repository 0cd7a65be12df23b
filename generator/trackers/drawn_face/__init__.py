"""Find a face in a drawing, with a small network that learned from avatars.

`DrawnFaceReader.find` searches a picture; `shipped_drawn_face` loads the shipped network. It reads the same 478 points
as the face mesh, which was made for photographs.
"""

from __future__ import annotations

from .network import INPUT, PLACES, DrawnFaceNetwork
from .reader import LIMITS, DrawnFace, DrawnFaceReader, Limits
from .shape_basis import FittedShape, ShapeBasis
from .weights_io import DRAWN_FACE, load_drawn_face, save_drawn_face, shipped_drawn_face

__all__ = [
    "DRAWN_FACE",
    "INPUT",
    "LIMITS",
    "PLACES",
    "DrawnFace",
    "DrawnFaceNetwork",
    "DrawnFaceReader",
    "FittedShape",
    "Limits",
    "ShapeBasis",
    "load_drawn_face",
    "save_drawn_face",
    "shipped_drawn_face",
]
