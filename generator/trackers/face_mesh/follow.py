"""Follow one face through a clip and find the frames without it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generator.errors import NoFaceError, TrackerError
from generator.trackers.protocol import Box, ClipFrames, Progress

from .face_mesh import FaceMesh, MeshFace

LONGEST_GAP = 0.5
"""Longest gap without a face, in seconds, that is bridged."""

CHOICES = "give the face's box or its 68 landmarks, choose another tracker, cut the clip there or take another one"
"""Advice to the user about frames without a face."""


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

    Args:
        mesh: The face mesh networks.
        frames: ``(T, H, W, 3)`` RGB.
        progress: Progress callback; receives the number of finished frames.
        box: Box of the face in the first frame; None takes the largest face.

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
