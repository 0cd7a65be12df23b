"""Find the crops of a face in the frames of a clip, and its gaze."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.errors import TrackerError
from generator.face.pose import rotation
from generator.trackers.face_crop import CropRule, box_around, check_landmarks, steady
from generator.trackers.face_mesh.eyes import apertures, clip_gaze, closure, resting_aperture
from generator.trackers.face_mesh.face_mesh import FaceMesh, MeshFace, camera_faces
from generator.trackers.face_mesh.follow import check_gaps, follow
from generator.trackers.protocol import Box, ClipFrames, Progress
from generator.trackers.regions import Image, Points, Region
from generator.trackers.smoothing import spread


@dataclass(frozen=True, slots=True)
class Sight:
    """The position of the face in T frames.

    Attributes:
        regions: Crops of the T frames.
        known: ``(T,)`` whether each frame shows the face.
        faces: T face meshes, None where the face mesh is not installed or finds nothing in the crop.
    """

    regions: list[Region]
    known: NDArray[np.bool_]
    faces: list[MeshFace | None]

    def gaze(self, pose: Points, height: int, width: int) -> Points:
        """Return the gaze ``(T, 2)`` in [-1, 1]; it is 0 where no frame has a face mesh.

        Args:
            pose: ``(T, 3)`` yaw, pitch, roll in radians.
            height: Height of the frames in pixels.
            width: Width of the frames in pixels.
        """
        meshed = np.array([face is not None for face in self.faces])
        if not meshed.any():
            return np.zeros((len(pose), 2))
        turned = pose[meshed]
        points, irises = camera_faces([face for face in self.faces if face is not None], height, width)
        level = np.stack([frame @ rotation(angles) for frame, angles in zip(points, turned, strict=True)])
        aperture = apertures(level)
        lids = closure(aperture, resting_aperture(aperture), turned[:, 0])
        return spread(clip_gaze(points, irises, turned, lids), meshed)


class FaceSeeker:
    """Find the face with the face mesh, or use the caller's box or landmarks.

    Args:
        rule: Rule of the crops.
        find_mesh: Function that returns the face mesh networks, or raises TrackerError where they are not installed.
    """

    def __init__(self, rule: CropRule, find_mesh: Callable[[], FaceMesh]) -> None:
        self._rule = rule
        self._mesh: FaceMesh | None = None
        self._missing: TrackerError | None = None
        try:
            self._mesh = find_mesh()
        except TrackerError as error:
            self._missing = error

    def look_at(self, image: Image, box: Box | None, landmarks: Points | None) -> Sight:
        """Place the crop of a picture.

        Args:
            image: ``(H, W, 3)`` RGB.
            box: Box of the face; None searches for it.
            landmarks: ``(68, 2)`` in pixels, instead of the box.

        Raises:
            NoFaceError: There is no face, the picture is too small, or box or landmarks do not fit it.
            TrackerError: The face mesh is needed and not installed.
        """
        given = self._believe(image[None], box, landmarks, None)
        if given is not None:
            return given
        face = self._installed().find(image)
        return Sight([self._rule.around_face(face)], np.ones(1, bool), [face])

    def watch(
        self, frames: ClipFrames, fps: float, box: Box | None, landmarks: Points | None, progress: Progress | None
    ) -> Sight:
        """Place the crops of a clip; box and landmarks apply to all of it.

        Args:
            frames: ``(T, H, W, 3)`` RGB.
            fps: Frames per second.
            box: Box of the face; None searches for it and follows it.
            landmarks: ``(68, 2)`` in pixels, instead of the box.
            progress: Progress callback; receives the number of finished frames.

        Raises:
            NoFaceError: More than `LONGEST_GAP` of consecutive frames have no face, or box or landmarks do not fit the
                picture.
            TrackerError: The face mesh is needed and not installed.
        """
        given = self._believe(frames, box, landmarks, progress)
        if given is not None:
            return given
        faces = follow(self._installed(), frames, progress)
        known = np.array([face is not None for face in faces])
        check_gaps(known, fps)
        regions = [self._rule.around_face(face) for face in faces if face is not None]
        return Sight(steady(regions, known, fps), known, faces)

    def _believe(
        self, frames: ClipFrames, box: Box | None, landmarks: Points | None, progress: Progress | None
    ) -> Sight | None:
        """Place the crop at the caller's position; an installed face mesh only reads the irises there."""
        height, width = frames.shape[1:3]
        if landmarks is not None:
            landmarks = check_landmarks(landmarks, height, width)
            region, box = self._rule.around_landmarks(landmarks), box_around(landmarks, height, width)
        elif box is not None:
            region = self._rule.around_box(box, height, width)
        else:
            return None
        faces: list[MeshFace | None] = [None] * len(frames)
        if self._mesh is not None:
            faces = [face if _lies_in(face, region) else None for face in follow(self._mesh, frames, progress, box)]
        return Sight([region] * len(frames), np.ones(len(frames), bool), faces)

    def _installed(self) -> FaceMesh:
        if self._mesh is None:
            raise TrackerError(f"{self._missing}; or give the face's box or its 68 landmarks")
        return self._mesh


def _lies_in(face: MeshFace | None, region: Region) -> bool:
    if face is None or face.presence < 0.5:
        return False
    middle = face.box.reshape(2, 2).mean(0)
    return bool(np.abs(middle - (region.x, region.y)).max() < region.side / 4)
