"""Faces: where they are in a picture, and how they are cut for a detector, once, on all cores.

Only the light part stands here; `crops` and `cutting` load corpora and detectors and are imported by who needs them.
"""

from .choosing import finder_for, open_face_finder, source_of
from .finding import (
    SMALLEST_FACE,
    FaceFinder,
    Faces,
    FaceSearch,
    Floats,
    Frames,
    box_of,
    cut_crops,
    find_faces,
    find_faces_in,
    spread_indices,
)
from .mesh_finder import MeshFinder

__all__ = [
    "SMALLEST_FACE",
    "FaceFinder",
    "FaceSearch",
    "Faces",
    "Floats",
    "Frames",
    "MeshFinder",
    "box_of",
    "cut_crops",
    "find_faces",
    "find_faces_in",
    "finder_for",
    "open_face_finder",
    "source_of",
    "spread_indices",
]
