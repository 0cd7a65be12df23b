"""Track face parameters in pictures and clips.

`load_tracker` loads a tracker by name. The tracker "arkit" fits the avatar head to the output of three small networks,
which `install_face_mesh` downloads, and its `fit_clip` also tells how well (`ClipFit`). The trackers "deca" and
"smirk" read FLAME parameters with networks whose files the user provides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from generator.errors import MissingPackageError, ModelFilesError, NoFaceError, TrackerError

    from .avatar_tracker import AvatarTracker
    from .clip_fit import ClipFit, fit_quality
    from .face_mesh.face_detector import Detection
    from .face_mesh.face_mesh import FaceMesh, MeshFace
    from .face_mesh.follow import LONGEST_GAP
    from .face_mesh.models import FaceMeshFiles, face_mesh_folder, find_face_mesh, install_face_mesh
    from .ibug import MESH_INDEX
    from .landmark_file import read_landmarks
    from .live_tracker import LiveTracker
    from .protocol import Box, ClipFrames, Progress, Tracker
    from .registry import TRACKERS, TrackerSpec, find_tracker, load_tracker
    from .smoothing import OneEuro
    from .user_files import cache_folder, find_flame, models_folder
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "LONGEST_GAP",
    "MESH_INDEX",
    "TRACKERS",
    "AvatarTracker",
    "Box",
    "ClipFit",
    "ClipFrames",
    "Detection",
    "FaceMesh",
    "FaceMeshFiles",
    "LiveTracker",
    "MeshFace",
    "MissingPackageError",
    "ModelFilesError",
    "NoFaceError",
    "OneEuro",
    "Progress",
    "Tracker",
    "TrackerError",
    "TrackerSpec",
    "cache_folder",
    "face_mesh_folder",
    "find_face_mesh",
    "find_flame",
    "find_tracker",
    "fit_quality",
    "install_face_mesh",
    "load_tracker",
    "models_folder",
    "read_landmarks",
]
