"""Combine the face mesh and the puppet head's fit in a tracker."""

from __future__ import annotations

from generator.face.face_params import DriveSequence, FaceParams
from generator.trackers.face_mesh.face_mesh import FaceMesh
from generator.trackers.protocol import Box, ClipFrames, Progress
from generator.trackers.regions import Image, Points

from .track import track_clip, track_still


class FaceMeshTracker:
    """Track the puppet head's parameters.

    Args:
        mesh: The face mesh networks.
    """

    name = "face-mesh"
    face_model = "puppet"

    def __init__(self, mesh: FaceMesh) -> None:
        self._mesh = mesh

    def track_still(self, image: Image, *, box: Box | None = None, landmarks: Points | None = None) -> FaceParams:
        """Read the face of a picture; see `Tracker`. Landmarks replace those of the networks."""
        return track_still(image, box=box, landmarks=landmarks, mesh=self._mesh)

    def track_clip(
        self,
        frames: ClipFrames,
        fps: float,
        *,
        box: Box | None = None,
        landmarks: Points | None = None,
        progress: Progress | None = None,
    ) -> DriveSequence:
        """Read the motion of one face; see `Tracker`. Box and landmarks select the face, which is then followed."""
        return track_clip(frames, fps, box=box, landmarks=landmarks, mesh=self._mesh, progress=progress)
