"""Follow one face through a clip and find the frames without it."""

from __future__ import annotations

import logging

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.errors import NoFaceError, TrackerError
from generator.trackers.protocol import Box, ClipFrames, Progress
from generator.trackers.regions import Image, Points

from .face_mesh import FaceMesh, MeshFace, check_turn

_LOG = logging.getLogger(__name__)

LONGEST_GAP = 0.5
"""Longest gap without a face, in seconds, that is bridged."""

CHOICES = "give the face's box or its 68 landmarks, choose another tracker, cut the clip there or take another one"
"""Advice to the user about frames without a face."""

_NEW_PICTURE = 0.05
"""Mean difference of two frames, of the range of values, from which a scene may have been cut: 0.013 at most within
three clips of people talking, 0.06 and more between them."""

_NEW_SHAPE = 0.044
"""Least change of a face's shape, as `shape_change` returns it, that tells of another person: 0.043 at most from frame
to frame of the same clips, 0.044 to 0.106 between them."""

_THUMBNAIL = (32, 32)


def check_clip(frames: ClipFrames, fps: float) -> None:
    """Check that frames and their rate are a clip.

    Raises:
        TrackerError: There is no frame, or `fps` is not above 0.
    """
    if frames.ndim != 4 or len(frames) == 0 or not fps > 0:
        raise TrackerError(f"clip of shape {frames.shape} at {fps} fps: (T, H, W, 3) with T >= 1 and fps > 0 expected")


def follow(
    mesh: FaceMesh, frames: ClipFrames, progress: Progress | None = None, box: Box | None = None
) -> list[MeshFace | None]:
    """Read the face of each frame; the result is None where there is no face.

    A scene cut, probably to another person, is followed too, with a warning.

    Args:
        mesh: The face mesh networks.
        frames: ``(T, H, W, 3)`` RGB.
        progress: Progress callback; receives the number of finished frames.
        box: Box of the face in the first frame; None takes the largest face.

    Raises:
        NoFaceError: The box does not fit the picture, or the first face is turned by 90 degrees or more.
    """
    faces: list[MeshFace | None] = []
    face: MeshFace | None = None
    last: tuple[MeshFace, Image] | None = None
    for index, frame in enumerate(frames):
        face = mesh.find(frame, box) if index == 0 and box is not None else mesh.track(frame, face)
        if face is not None:
            if last is None and box is None:
                check_turn(face, index)
            small = np.asarray(cv2.resize(frame, _THUMBNAIL, interpolation=cv2.INTER_AREA), np.uint8)
            if last is not None and is_cut(last[1], small) and shape_change(last[0], face) >= _NEW_SHAPE:
                _LOG.warning(
                    "probably another face from frame %d on: picture and shape of the face change at once, as after a "
                    "scene cut; cut the clip there and take the part with the person that you want",
                    index,
                )
            last = face, small
        faces.append(face)
        if progress is not None:
            progress(index + 1, len(frames))
    return of_one_network(faces)


def of_one_network(faces: list[MeshFace | None]) -> list[MeshFace | None]:
    """Return the faces of the network that read most frames; the two place points differently, so a mix would jump."""
    drawn = [face.drawn for face in faces if face is not None]
    usual = 2 * sum(drawn) > len(drawn)
    return [face if face is not None and face.drawn == usual else None for face in faces]


def is_cut(before: Image, after: Image) -> bool:
    """Return whether two thumbnails ``(32, 32, 3)`` differ as frames do across a scene cut."""
    return float(np.abs(before.astype(np.float64) - after).mean()) / 255 >= _NEW_PICTURE


def shape_change(before: MeshFace, after: MeshFace) -> float:
    """Return how much a face's shape changed, whatever its place, size and rotation.

    Args:
        before: The face in the earlier frame.
        after: The face in the later frame.

    Returns:
        Root mean square distance of the meshes' points after the best rigid fit (Kabsch 1976), in units of the root
        mean square distance of the points from their centre.
    """
    first, second = _normed(before.points), _normed(after.points)
    left, _, right = np.linalg.svd(first.T @ second)
    turn = left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right
    return float(np.sqrt(((first @ turn - second) ** 2).sum(1).mean()))


def _normed(points: Points) -> Points:
    centred = points - points.mean(0)
    return np.asarray(centred / np.sqrt((centred**2).sum(1).mean()), np.float64)


def check_gaps(known: NDArray[np.bool_], fps: float) -> None:
    """Check that a clip has no long gap without a face.

    Args:
        known: ``(T,)`` whether each frame shows a face.
        fps: Frames per second.

    Raises:
        NoFaceError: More than `LONGEST_GAP` of consecutive frames have no face; the message names them.
    """
    if not known.any():
        raise NoFaceError(f"no face found in any of {len(known)} frames; {CHOICES}")
    edges = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(int)))
    for first, end in edges.reshape(-1, 2):
        if (end - first) / fps > LONGEST_GAP:
            raise NoFaceError(
                f"no face found in frames {first} to {end - 1} ({(end - first) / fps:.1f} s; up to {LONGEST_GAP} s are "
                f"bridged); {CHOICES}"
            )
