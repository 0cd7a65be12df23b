"""Track the face of a clip or picture with the tracker a user chose.

Importing this module must stay cheap: its arguments are declared for `--help`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InputError, MissingPieceError, UsageError
from .progress import Report, silent

if TYPE_CHECKING:
    from generator import DriveSequence
    from generator.trackers import Tracker

Box = tuple[float, float, float, float]

TRACKERS = ("face-mesh", "deca", "smirk")
"""Names of the trackers; the first is the default."""

STILL_RATE = 25.0
"""Frames a second that a picture's motion is saved with."""


@dataclass(frozen=True, slots=True)
class TrackerChoice:
    """Which tracker reads a face, and where that is.

    Attributes:
        name: One of `TRACKERS`.
        weights: Published file of its network, None for the one in the user's models folder.
        flame: FLAME's file, None for the one in the user's models folder.
        box: Where the face is, (left, top, right, bottom) in pixels; None looks for it.
        landmarks: File of its 68 points, instead of the box.
    """

    name: str = TRACKERS[0]
    weights: Path | None = None
    flame: Path | None = None
    box: Box | None = None
    landmarks: Path | None = None


def add_tracker(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Declare the arguments that `choice_of` reads."""
    parser.add_argument(
        "--tracker",
        choices=TRACKERS,
        default=TRACKERS[0],
        help="face-mesh reads the puppet head (default); deca and smirk read FLAME with files of yours: DECA's weights "
        "are for non-commercial research, SMIRK's code is MIT and its weights' licence unclear",
    )
    parser.add_argument(
        "--tracker-weights",
        type=Path,
        metavar="FILE",
        help="deca_model.tar or SMIRK_em1.pt (default: models/deca or models/smirk in $FACETRAIL_HOME)",
    )
    parser.add_argument(
        "--flame",
        type=Path,
        metavar="FILE",
        help="FLAME's file, for deca and smirk (default: in models/flame in $FACETRAIL_HOME)",
    )
    parser.add_argument(
        "--box",
        nargs=4,
        type=float,
        metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"),
        help="where the face is, in pixels, if it is not found by itself; in a clip: in its first frame, for deca and "
        "smirk in all of it",
    )
    parser.add_argument(
        "--landmarks",
        type=Path,
        metavar="FILE",
        help="68 iBUG points of the face instead of a box: npy, json, txt, pts",
    )


def choice_of(options: argparse.Namespace) -> TrackerChoice:
    """Read what `add_tracker` declared.

    Raises:
        UsageError: Box and landmarks are both given.
    """
    if options.box is not None and options.landmarks is not None:
        raise UsageError("--box and --landmarks both say where the face is; give one of them")
    box = None if options.box is None else tuple(options.box)
    return TrackerChoice(options.tracker, options.tracker_weights, options.flame, box, options.landmarks)


def open_tracker(choice: TrackerChoice) -> Tracker:
    """Load the tracker.

    Raises:
        GeneratorError: Its files are absent or not what they should be; the message says where to get them.
    """
    from generator.trackers import load_tracker

    return load_tracker(choice.name, choice.weights, flame=choice.flame)


def track_file(path: Path, choice: TrackerChoice, report: Report = silent) -> DriveSequence:
    """Track the face of a clip or a picture.

    Args:
        path: The file.
        choice: How.
        report: Is told how far the work is.

    Raises:
        InputError: No face was found; the message names the file, the frames and the choices.
        MissingPieceError: The face mesh is needed to find the face and not installed.
        GeneratorError: The tracker cannot be loaded, or the landmarks are none.
        MediaError: The file cannot be read.
    """
    from generator import DriveSequence
    from generator.trackers import read_landmarks

    from .streamed_clip import open_frames

    landmarks = None if choice.landmarks is None else read_landmarks(choice.landmarks)
    tracker = open_tracker(choice)
    frames, fps = open_frames(path)

    def stepped(done: int, total: int) -> None:
        report(done / total, f"tracking {len(frames)} frames")

    with naming(path):
        if fps is None and landmarks is not None:
            return DriveSequence.still(tracker.track_still(frames[0], landmarks=landmarks), STILL_RATE)
        return tracker.track_clip(frames, fps or STILL_RATE, box=choice.box, landmarks=landmarks, progress=stepped)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of a tracker's message, which knows pixels only."""
    from generator.trackers import NoFaceError, TrackerError

    try:
        yield
    except NoFaceError as error:
        raise InputError(f"{path}: {error}", path) from error
    except TrackerError as error:
        raise MissingPieceError(f"{path}: {error}", path) from error
