"""Read face parameters off pictures and clips.

`load_tracker` is the way in. Its "face-mesh" fits the puppet head of this room to what three small networks see, which
`install_face_mesh` fetches; `track_still` and `track_clip` are the same as functions. "deca" and "smirk" read FLAME
with networks whose files the user brings.
"""

from generator.errors import MissingPackageError, ModelFilesError, NoFaceError, TrackerError

from .face_mesh.face_detector import Detection
from .face_mesh.face_mesh import FaceMesh, MeshFace
from .face_mesh.follow import LONGEST_GAP
from .face_mesh.models import FaceMeshFiles, face_mesh_folder, find_face_mesh, install_face_mesh
from .ibug import MESH_INDEX
from .landmark_file import read_landmarks
from .protocol import Box, ClipFrames, Progress, Tracker
from .puppet_fit.mesh_bias import mean_face
from .puppet_fit.track import track_clip, track_still
from .registry import TRACKERS, TrackerSpec, find_tracker, load_tracker
from .smoothing import OneEuro
from .user_files import cache_folder, find_flame, models_folder

__all__ = [
    "LONGEST_GAP",
    "MESH_INDEX",
    "TRACKERS",
    "Box",
    "ClipFrames",
    "Detection",
    "FaceMesh",
    "FaceMeshFiles",
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
    "install_face_mesh",
    "load_tracker",
    "mean_face",
    "models_folder",
    "read_landmarks",
    "track_clip",
    "track_still",
]
