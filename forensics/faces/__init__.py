"""Find faces in pictures, and cut crops of them for a detector, once and on all cores.

Only modules that load quickly are exported here. `crops` and `cutting` load corpora and detectors, and are imported
where they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .choice import FACE_MESH, USUAL_FINDER, YUNET_PREFIX, FinderChoice
    from .choosing import finder_for, finder_of, open_face_finder, source_of
    from .crops import KEPT, SCORED_FACES, CropTable, gather_crops, gather_faces, job_of, keep_crops, stack_crops
    from .cutting import CropJob, Cut, Miss, cut_all, cut_kept, load_frames_with_faces
    from .finding import (
        SMALLEST_FACE,
        FaceFinder,
        Faces,
        Floats,
        Frames,
        box_of,
        cut_crops,
        find_faces,
        find_faces_in,
        spread_indices,
    )
    from .five_points import plan_alignment
    from .mesh_finder import MeshFinder
    from .whole_frame import WholeFrame
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "FACE_MESH",
    "KEPT",
    "SCORED_FACES",
    "SMALLEST_FACE",
    "USUAL_FINDER",
    "YUNET_PREFIX",
    "CropJob",
    "CropTable",
    "Cut",
    "FaceFinder",
    "Faces",
    "FinderChoice",
    "Floats",
    "Frames",
    "MeshFinder",
    "Miss",
    "WholeFrame",
    "box_of",
    "cut_all",
    "cut_crops",
    "cut_kept",
    "find_faces",
    "find_faces_in",
    "finder_for",
    "finder_of",
    "gather_crops",
    "gather_faces",
    "job_of",
    "keep_crops",
    "load_frames_with_faces",
    "open_face_finder",
    "plan_alignment",
    "source_of",
    "spread_indices",
    "stack_crops",
]
