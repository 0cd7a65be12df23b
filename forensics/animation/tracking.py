"""Track the face of a clip or picture with the chosen tracker.

The import of this module must stay fast, because `--help` needs the declared arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import InputError, MissingPieceError
from forensics.execution.progress import Report, silent

if TYPE_CHECKING:
    from generator import DriveSequence
    from generator.trackers import ClipFit, Tracker

Box = tuple[float, float, float, float]

TRACKERS = ("arkit", "deca", "smirk")
"""Names of the trackers; the first is the default."""

STILL_RATE = 25.0
"""Frame rate, per second, with which a picture's motion is saved."""


@dataclass(frozen=True, slots=True)
class TrackerChoice:
    """The choice of a tracker, and the place of the face.

    Attributes:
        name: One of `TRACKERS`; None for the first that fits.
        weights: Published file of its network, None for the one in the user's models folder.
        flame: FLAME's file, None for the one in the user's models folder.
        box: Box of the face, (left, top, right, bottom) in pixels; None detects it.
        landmarks: File of its 68 points, instead of the box.
        face: Its number among the faces that are found, from 1 on, instead of the box; the largest is the first.
    """

    name: str | None = None
    weights: Path | None = None
    flame: Path | None = None
    box: Box | None = None
    landmarks: Path | None = None
    face: int | None = None


@dataclass(frozen=True, slots=True)
class Tracked:
    """A tracked motion, and how well the avatar head fits the clip; None for other heads."""

    drive: DriveSequence
    fit: ClipFit | None = None


def open_tracker(choice: TrackerChoice) -> Tracker:
    """Load the tracker.

    Raises:
        GeneratorError: Its files are missing or not the expected ones; the message explains where to get them.
    """
    from generator.trackers import load_tracker

    return load_tracker(choice.name or TRACKERS[0], choice.weights, flame=choice.flame)


def track_file(path: Path, choice: TrackerChoice, report: Report = silent) -> DriveSequence:
    """Track the face of a clip or a picture.

    Args:
        path: The file.
        choice: The tracker.
        report: Progress callback.

    Raises:
        InputError: No face was found; the message names the file, the frames and the choices.
        MissingPieceError: The face mesh is needed to find the face and is not installed.
        GeneratorError: The tracker cannot be loaded, or the landmarks are not usable.
        MediaError: The file cannot be read.
    """
    tracked = fit_file(path, choice, report)
    return tracked.drive


def fit_file(path: Path, choice: TrackerChoice, report: Report = silent) -> Tracked:
    """Track the face of a clip or a picture, and tell how well the head fits it; see `track_file`."""
    import numpy as np

    from generator import DriveSequence
    from generator.trackers import AvatarTracker, fit_quality, read_landmarks

    from .source_faces import choose_face
    from .streamed_clip import open_frames

    landmarks = None if choice.landmarks is None else read_landmarks(choice.landmarks)
    tracker = open_tracker(choice)
    frames, fps = open_frames(path)
    box = (
        choice.box if choice.face is None else choose_face(path, tracker, np.asarray(frames[0], np.uint8), choice.face)
    )

    def stepped(done: int, total: int) -> None:
        report(done / total, f"tracking {len(frames)} frames")

    with naming(path):
        if fps is None and landmarks is not None:
            drive = DriveSequence.still(tracker.track_still(frames[0], landmarks=landmarks), STILL_RATE)
            return Tracked(drive, None if drive.residual is None else fit_quality(drive))
        rate = fps or STILL_RATE
        if isinstance(tracker, AvatarTracker):
            fit = tracker.fit_clip(frames, rate, box=box, landmarks=landmarks, progress=stepped)
            return Tracked(fit.drive, fit)
        return Tracked(tracker.track_clip(frames, rate, box=box, landmarks=landmarks, progress=stepped))


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Add the file's name to a tracker's error message, which only knows the pixels."""
    from generator.trackers import NoFaceError, TrackerError

    try:
        yield
    except NoFaceError as error:
        raise InputError(f"{path}: {error}", path) from error
    except TrackerError as error:
        raise MissingPieceError(f"{path}: {error}", path) from error
