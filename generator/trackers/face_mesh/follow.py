"""Follow one face through a clip and say where it is missing."""

import numpy as np
from numpy.typing import NDArray

from generator.errors import NoFaceError, TrackerError
from generator.trackers.protocol import Box, ClipFrames, Progress

from .face_mesh import FaceMesh, MeshFace

LONGEST_GAP = 0.5
"""Seconds without a face that are bridged."""

CHOICES = "give the face's box or its 68 landmarks, choose another tracker, cut the clip there or take another one"
"""What a user can do about frames without a face."""


def check_clip(frames: ClipFrames, fps: float) -> None:
    """Refuse what is no clip.

    Raises:
        TrackerError: There is no frame, or `fps` is not above 0.
    """
    if frames.ndim != 4 or len(frames) == 0 or not fps > 0:
        raise TrackerError(f"clip of shape {frames.shape} at {fps} fps: (T, H, W, 3) with T >= 1 and fps > 0 expected")


def follow(
    mesh: FaceMesh, frames: ClipFrames, progress: Progress | None = None, box: Box | None = None
) -> list[MeshFace | None]:
    """Read the face of each frame, None where there is none.

    Args:
        mesh: The networks.
        frames: ``(T, H, W, 3)`` RGB.
        progress: Is told how many frames are done.
        box: Where the face is in the first frame; None takes the largest.

    Raises:
        NoFaceError: The box does not fit the picture.
    """
    faces: list[MeshFace | None] = []
    face: MeshFace | None = None
    for index, frame in enumerate(frames):
        face = mesh.find(frame, box) if index == 0 and box is not None else mesh.track(frame, face)
        faces.append(face)
        if progress is not None:
            progress(index + 1, len(frames))
    return faces


def check_gaps(known: NDArray[np.bool_], fps: float) -> None:
    """Refuse a clip that shows no face for too long.

    Args:
        known: ``(T,)`` which frames show one.
        fps: Frames a second.

    Raises:
        NoFaceError: Frames without a face follow each other for more than `LONGEST_GAP`; the message names them.
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
