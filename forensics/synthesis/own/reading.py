"""Open a user's file: its first frames at a workable size, and the face in each of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors import crop_face, find_spec, load_world_gate
from forensics.faces import SMALLEST_FACE, Faces, box_of
from forensics.storage.files import write_whole
from forensics.synthesis.forgeries import Footage
from generator import DriveSequence
from generator.avatars import avatar_head, project_perspective
from generator.trackers import MESH_INDEX, NoFaceError, Tracker
from watermark import Deployment, MediaError, file_hash, open_clip, read_mark, read_media

from .inventory import OwnFile

Frames = NDArray[np.uint8]

TRACKS = "tracks"
GRAIN = 16
"""Sides of frames are multiples of this many pixels, as codecs want them."""

_STILL_RATE = 25.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is used.

    Attributes:
        frames: Most frames of a clip, from its beginning.
        size: Longest side of frames, pixels.
    """

    frames: int
    size: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known of a file after it was opened.

    Attributes:
        file: The file.
        sha256: Its hash.
        why_not: Why it cannot be used, empty where it can.
        photograph: Whether the face looks like a photograph's, not like a drawing's.
        frames: Number of frames that are used. whole: Number of all frames.
        fps: Frames a second, None for a still.
        height: Height of the file's own pictures. width: Their width.
    """

    file: OwnFile
    sha256: str = ""
    why_not: str = ""
    photograph: bool = False
    frames: int = 0
    whole: int = 0
    fps: float | None = None
    height: int = 0
    width: int = 0

    @property
    def is_clip(self) -> bool:
        """Return whether the file is a clip."""
        return self.fps is not None


def open_file(root: Path, file: OwnFile, limits: Limits, tracker: Tracker, deployment: Deployment) -> Opened:
    """Open a file and track its face; the motion is kept in the corpus folder.

    Args:
        root: The corpus folder.
        file: The file.
        limits: How much of it is used.
        tracker: Tracker of the layout "arkit".
        deployment: The deployment whose own marks are refused.
    """
    try:
        media = read_media(file.path, max_frames=limits.frames)
        sha256 = file_hash(file.path)
    except (MediaError, OSError) as error:
        return Opened(file, why_not=f"cannot be read: {error}")
    if media.fps is not None and len(media.frames) < 2:
        return Opened(file, sha256, "a clip of one frame shows no motion")
    frames = fit(media.frames, limits.size)
    if min(frames.shape[1:3]) < GRAIN * 8:
        return Opened(file, sha256, f"{media.width} × {media.height} pixels are too few")
    if read_mark(media.frames[0], deployment.mark_keys, search=0).present:
        return Opened(file, sha256, "carries a mark of this deployment; take the unmarked original")
    place = track_place(root, sha256, limits)
    try:
        drive = DriveSequence.load(place) if place.is_file() else _track(frames, media.fps, tracker)
    except NoFaceError as error:
        return Opened(file, sha256, f"no face: {error}")
    if not place.is_file():
        write_whole(place, drive.save)
    faces = faces_of(drive, frames.shape[1], frames.shape[2])
    small = float(np.min(faces.boxes[:, 2:] - faces.boxes[:, :2]))
    if small < SMALLEST_FACE:
        return Opened(file, sha256, f"the face has {small:.0f} pixels; at least {SMALLEST_FACE} are needed")
    crop = crop_face(frames[0], faces.boxes[0], find_spec("cpu"))
    photograph = bool(load_world_gate().chances(crop[None])[0] >= 0.5)
    whole = 1 if media.fps is None else open_clip(file.path).frame_count
    return Opened(file, sha256, "", photograph, len(frames), whole, media.fps, media.height, media.width)


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """Frames of a file with the face in them.

    Attributes:
        footage: Frames and faces.
        drive: The tracked motion; a still has one frame.
        fps: Frames a second, None for a still.
    """

    footage: Footage
    drive: DriveSequence
    fps: float | None


@lru_cache(maxsize=6)
def take(root: Path, path: Path, sha256: str, limits: Limits) -> Take:
    """Return the frames and the tracked face of a file that `open_file` accepted.

    Raises:
        MediaError: The file cannot be read any more.
        GeneratorError: The kept motion is damaged.
    """
    media = read_media(path, max_frames=limits.frames)
    frames = fit(media.frames, limits.size)
    drive = DriveSequence.load(track_place(root, sha256, limits))
    return Take(Footage(frames, faces_of(drive, frames.shape[1], frames.shape[2])), drive, media.fps)


def track_place(root: Path, sha256: str, limits: Limits) -> Path:
    """Return where the tracked motion of a file is kept."""
    key = hashlib.sha256(f"{sha256} {limits.frames} {limits.size}".encode()).hexdigest()
    return root / TRACKS / f"{key[:16]}.npz"


def fit(frames: Frames, size: int) -> Frames:
    """Shrink frames (T, H, W, 3) to a longest side, and cut sides to multiples of `GRAIN` about the middle."""
    height, width = frames.shape[1:3]
    zoom = min(1.0, size / max(height, width))
    if zoom < 1:
        shape = (max(1, round(width * zoom)), max(1, round(height * zoom)))
        frames = np.stack([cv2.resize(frame, shape, interpolation=cv2.INTER_AREA) for frame in frames])
    height, width = frames.shape[1:3]
    top, left = height % GRAIN // 2, width % GRAIN // 2
    cut = frames[:, top : top + height // GRAIN * GRAIN, left : left + width // GRAIN * GRAIN]
    return np.array(cut, dtype=np.uint8, order="C")


def faces_of(drive: DriveSequence, height: int, width: int) -> Faces:
    """Return box and landmarks of a tracked face in frames of a size in pixels."""
    head, side = avatar_head(), max(height, width)
    person, corner = head.neutral(drive.shape), (side - np.array([width, height])) / 2
    points = []
    for index in range(len(drive)):
        one = drive[index]
        mesh = head.mesh_points_of(person, head.expressed(person, one.expression, one.gaze), one.gaze)
        mesh = mesh if one.residual is None else mesh + one.residual
        points.append(project_perspective(head.posed(mesh[MESH_INDEX], one.pose), one.camera)[:, :2] * side - corner)
    landmarks = np.stack(points).astype(np.float32)
    return Faces(np.arange(len(landmarks)), np.stack([box_of(one) for one in landmarks]), landmarks)


def _track(frames: Frames, fps: float | None, tracker: Tracker) -> DriveSequence:
    if fps is None:
        return DriveSequence.still(tracker.track_still(frames[0]), _STILL_RATE)
    return tracker.track_clip(frames, fps)
