"""Read face parameters off pictures and clips.

`load_tracker` is the way in. Its "face-mesh" fits the puppet head of this room to what three small networks see, which
`install_face_mesh` fetches; `track_still` and `track_clip` are the same as functions. "deca" and "smirk" read FLAME
with networks whose files the user brings.
"""

from generator.errors import MissingPackageError, ModelFilesError, NoFaceError, TrackerError
from generator.trackers.face_detector import Detection
from generator.trackers.face_mesh import FaceMesh, MeshFace
from generator.trackers.following import LONGEST_GAP
from generator.trackers.ibug import MESH_INDEX
from generator.trackers.landmark_file import read_landmarks
from generator.trackers.mesh_bias import mean_face
from generator.trackers.models import FaceMeshFiles, face_mesh_folder, find_face_mesh, install_face_mesh
from generator.trackers.protocol import Box, ClipFrames, Progress, Tracker
from generator.trackers.registry import TRACKERS, TrackerSpec, find_tracker, load_tracker
from generator.trackers.smoothing import OneEuro
from generator.trackers.track import track_clip, track_still
from generator.trackers.user_files import find_flame, models_folder

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
