"""Read face parameters off pictures and clips.

`track_still` and `track_clip` are the way in. They run three small networks, which `install_face_mesh` fetches, and fit
the puppet head of this room to what those see.
"""

from generator.trackers.face_detector import Detection
from generator.trackers.face_mesh import FaceMesh, MeshFace
from generator.trackers.ibug import MESH_INDEX
from generator.trackers.models import FaceMeshFiles, face_mesh_folder, find_face_mesh, install_face_mesh
from generator.trackers.smoothing import OneEuro
from generator.trackers.track import LONGEST_GAP, track_clip, track_still

__all__ = [
    "LONGEST_GAP",
    "MESH_INDEX",
    "Detection",
    "FaceMesh",
    "FaceMeshFiles",
    "MeshFace",
    "OneEuro",
    "face_mesh_folder",
    "find_face_mesh",
    "install_face_mesh",
    "track_clip",
    "track_still",
]
