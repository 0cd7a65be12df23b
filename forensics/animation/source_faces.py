"""Find the faces of a source picture, and the frame of a clip that is the best source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import InputError

from .tracking import Box

if TYPE_CHECKING:
    from generator.trackers import MeshFace, Tracker
    from watermark import ClipReader

Frame = NDArray[np.uint8]

SAMPLED_FRAMES = 24
"""Frames of a clip that are looked at for a source, spread over it."""

_FRONTAL = 0.10
"""How much further than the most frontal face one may be turned, in shares of the face's width."""

_EYE_CORNERS, _NOSE_TIP = (33, 263), 1
_SHARPNESS_SIDE = 128


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face in a picture.

    Attributes:
        number: Its number, from 1 on; the largest face is the first.
        box: Left, top, right and bottom in pixels.
    """

    number: int
    box: Box

    def __str__(self) -> str:
        """Return number, position and size for a person."""
        left, top, right, bottom = (round(side) for side in self.box)
        return f"{self.number} at {left},{top} of {right - left}×{bottom - top} pixels"


def find_faces(tracker: Tracker, image: Frame) -> tuple[FoundFace, ...]:
    """Return the faces of a picture, the largest first.

    Args:
        tracker: The tracker, whose face mesh is used where it has one.
        image: (H, W, 3) uint8 RGB.

    Raises:
        GeneratorError: The face mesh is needed and not installed.
    """
    return tuple(
        FoundFace(number, _inside(face.box, image)) for number, face in enumerate(_seen(tracker, image, 12), start=1)
    )


def choose_face(path: Path, tracker: Tracker, image: Frame, number: int) -> Box:
    """Return the box of a face that was chosen by its number.

    Args:
        path: The file, named in error messages.
        tracker: The tracker.
        image: (H, W, 3) uint8 RGB.
        number: From 1 on.

    Raises:
        InputError: There is no such face; the message lists those that were found.
    """
    found = find_faces(tracker, image)
    if not found:
        raise InputError(f"{path}: no face found, so there is no face {number}; name its place with --box", path)
    if number > len(found):
        raise InputError(f"{path}: has no face {number}; found were {listed(found)}", path)
    return found[number - 1].box


def listed(found: Sequence[FoundFace]) -> str:
    """Return faces as one line: number, position and size of each."""
    return "; ".join(f"face {face}" for face in found)


def several_faces(tracker: Tracker, image: Frame) -> str:
    """Return a line about the faces of a picture that shows several, empty otherwise.

    Args:
        tracker: The tracker; only the avatar head's looks for all faces.
        image: (H, W, 3) uint8 RGB.
    """
    from generator.trackers import AvatarTracker

    if not isinstance(tracker, AvatarTracker):
        return ""
    found = find_faces(tracker, image)
    if len(found) < 2:
        return ""
    return f"the source shows {len(found)} faces, and the first was taken: {listed(found)}; --face N takes another"


def best_frame(clip: ClipReader, tracker: Tracker) -> tuple[int, Frame]:
    """Return the sharpest frame of a clip among those that show a face most from the front.

    Args:
        clip: The clip; some frames spread over it are looked at.
        tracker: The tracker, whose face mesh is used where it has one.

    Raises:
        InputError: None of these frames shows a face.
        GeneratorError: The face mesh is needed and not installed.
    """
    wanted = set(np.linspace(0, clip.frame_count - 1, min(SAMPLED_FRAMES, clip.frame_count)).astype(int).tolist())
    rated: list[tuple[int, Frame, float, float]] = []
    for index, frame in enumerate(clip.frames()):
        if index not in wanted:
            continue
        picture = np.asarray(frame, np.uint8)
        for face in _seen(tracker, picture, 1):
            rated.append((index, picture.copy(), _turned(face), _sharpness(picture, _inside(face.box, picture))))
    if not rated:
        raise InputError(
            f"{clip.path}: none of {len(wanted)} frames looked at shows a face; take a picture as the source", clip.path
        )
    least = min(turned for _, _, turned, _ in rated)
    index, frame, _, _ = max((one for one in rated if one[2] <= least + _FRONTAL), key=lambda one: one[3])
    return index, frame


def _seen(tracker: Tracker, image: Frame, most: int) -> list[MeshFace]:
    from generator.trackers import AvatarTracker, FaceMesh, find_face_mesh

    if isinstance(tracker, AvatarTracker):
        return tracker.faces(image, most)
    return FaceMesh(find_face_mesh()).read_all(image, most, thorough=True)


def _inside(box: NDArray[np.float64], image: Frame) -> Box:
    height, width = image.shape[:2]
    left, top = np.maximum(box[:2], 0)
    right, bottom = np.minimum(box[2:], (width, height))
    return float(left), float(top), float(right), float(bottom)


def _turned(face: MeshFace) -> float:
    """Return how far the nose's tip lies from the middle of the eyes, in shares of their distance: 0 from the front."""
    left, right = face.points[list(_EYE_CORNERS), :2]
    across = right - left
    return abs(float((face.points[_NOSE_TIP, :2] - (left + right) / 2) @ across) / float(across @ across))


def _sharpness(image: Frame, box: Box) -> float:
    """Return the variance of the Laplacian of a face at a common size, so that large faces count no more than small."""
    left, top, right, bottom = (round(side) for side in box)
    face = cv2.cvtColor(np.ascontiguousarray(image[top:bottom, left:right]), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(face, (_SHARPNESS_SIDE, _SHARPNESS_SIDE), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_64F).var())
