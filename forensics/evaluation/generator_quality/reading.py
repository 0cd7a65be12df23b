"""Read places and values of a face from a picture, independently of the generator that is measured.

The face mesh and the tracker of the avatar head read them; neither was trained on what a generator draws, nor on
avatars. Their own error, on the true frames, is reported beside every number that they produce.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from generator import FaceParams
from generator.avatars import Avatar, FrameTruth, avatar_landmarks
from generator.trackers import MESH_INDEX, AvatarTracker, FaceMesh, find_face_mesh

from .statistics import rotation_angle

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]

OPEN_EYES = 0.08
"""Least true distance of the lids, in head units, at which an eye shows its gaze."""

_LIDS = (((37, 41), (38, 40)), ((43, 47), (44, 46)))
"""Upper and lower lid landmarks of the picture's left and right eye."""
_LIPS = (62, 66)
_WINDOW = (0.85, 0.75, 0.95)
"""How far the searched box reaches from the head's middle to the sides, up and down, in head units."""


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What is read from N pictures of faces, or true of them.

    Attributes:
        places: (N, 68, 2) the iBUG landmarks from the head's middle, in head units, x to the right and y downwards.
        seen: (N, 68) which of them nothing covers; all True where they were read.
        pose: (N, 3) yaw, pitch, roll in radians.
        gaze: (N, 2) in [-1, 1].
    """

    places: Floats
    seen: NDArray[np.bool_]
    pose: Floats
    gaze: Floats

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> Readings:
        """Return the readings of some pictures."""
        return Readings(*(getattr(self, field.name)[rows] for field in fields(self)))

    @staticmethod
    def join(parts: Sequence[Readings]) -> Readings:
        """Return the readings of several sets of pictures, one behind the other."""
        return Readings(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Readings)))

    @property
    def lids(self) -> Floats:
        """Return how far the picture's left and right eye are open, (N, 2) in head units."""
        return np.stack([np.mean([self._apart(*pair) for pair in pairs], 0) for pairs in _LIDS], 1)

    @property
    def mouth(self) -> Floats:
        """Return how far the lips are apart, (N,) in head units."""
        return self._apart(*_LIPS)

    def _apart(self, first: int, second: int) -> Floats:
        return np.asarray(np.linalg.norm(self.places[:, first] - self.places[:, second], axis=1), np.float32)


class Reader:
    """Read faces with the face mesh.

    Raises:
        ModelFilesError: The networks of the face mesh are not installed.
        MissingPackageError: The package ai-edge-litert is not installed.
    """

    def __init__(self) -> None:
        self._mesh = FaceMesh(find_face_mesh())
        self._tracker = AvatarTracker(self._mesh)

    def read(self, pictures: Pictures, cameras: Floats) -> Readings:
        """Read the face of each picture.

        It is looked for in a box that depends on the camera only, which reveals neither pose nor expression.

        Args:
            pictures: (N, S, S, 3) uint8 RGB.
            cameras: (N, 3) true cameras of the heads.
        """
        places, faces = [], []
        for picture, camera in zip(pictures, cameras, strict=True):
            box = _box(camera, len(picture))
            points = self._mesh.find(picture, box).points[MESH_INDEX, :2]
            places.append(_from_middle(points, camera, len(picture)))
            faces.append(self._tracker.track_still(picture, box=box))
        pose, gaze = (np.stack([getattr(face, name) for face in faces]) for name in ("pose", "gaze"))
        return Readings(np.stack(places), np.ones((len(places), len(MESH_INDEX)), bool), pose, gaze)


def true_readings(avatar: Avatar, moments: Sequence[FaceParams], frames: Sequence[FrameTruth]) -> Readings:
    """Return what is true of an avatar's frames.

    Args:
        avatar: The avatar.
        moments: (N) its faces.
        frames: (N) the truth of the frames.
    """
    places, seen = [], []
    for moment, frame in zip(moments, frames, strict=True):
        points, shown = avatar_landmarks(avatar, moment, frame)
        places.append(_from_middle(points[MESH_INDEX], moment.camera, frame.size))
        seen.append(shown[MESH_INDEX])
    pose, gaze = (np.stack([getattr(moment, name) for moment in moments]) for name in ("pose", "gaze"))
    return Readings(np.stack(places), np.stack(seen), pose.astype(np.float32), gaze.astype(np.float32))


def reading_errors(read: Readings, true: Readings) -> Mapping[str, Floats]:
    """Compare readings with the truth.

    Args:
        read: Of N frames.
        true: The same frames.

    Returns:
        By measure, (N,) errors, each 0 where the reading is right; NaN where there is nothing to read.
    """
    apart = np.linalg.norm(read.places - true.places, axis=2)
    shown = true.seen.sum(1)
    looking = true.lids.min(1) >= OPEN_EYES
    found = {
        "landmark_error": np.where(shown > 0, (apart * true.seen).sum(1) / np.maximum(shown, 1), np.nan),
        "head_pose_error": rotation_angle(read.pose, true.pose),
        "gaze_error": np.where(looking, np.abs(read.gaze - true.gaze).mean(1), np.nan),
        "lid_aperture_error": np.abs(read.lids - true.lids).mean(1),
        "mouth_aperture_error": np.abs(read.mouth - true.mouth),
    }
    return {name: np.asarray(values, np.float32) for name, values in found.items()}


def _from_middle(points: NDArray[np.floating], camera: NDArray[np.floating], size: int) -> Floats:
    return np.asarray((points / size - camera[1:]) / camera[0], np.float32)


def _box(camera: NDArray[np.floating], size: int) -> tuple[float, float, float, float]:
    """Return the box in pixels in which the face is looked for, inside the picture."""
    scale, x, y = (float(value) * size for value in camera)
    across, up, down = (scale * reach for reach in _WINDOW)
    left, top, right, bottom = np.clip([x - across, y - up, x + across, y + down], 0, size).tolist()
    return left, top, right, bottom
