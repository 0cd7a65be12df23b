"""Choose the format of a motion file by its suffix, and check the result alike for all of them."""

from __future__ import annotations

from pathlib import Path

from generator.errors import MotionFileError
from generator.face.face_params import DriveSequence
from watermark import whole_file

from .live_link import parse_live_link, print_live_link
from .mediapipe import parse_mediapipe, print_mediapipe

MOTION_SUFFIXES = (".npz", ".csv", ".json")
"""Suffixes of motion files: our own, Live Link Face, MediaPipe."""

_TEXTS = {".csv": (parse_live_link, print_live_link), ".json": (parse_mediapipe, print_mediapipe)}
_LARGEST = 512 * 2**20


def read_motion(path: Path, fps: float | None = None) -> DriveSequence:
    """Read a motion file.

    Args:
        path: `.npz` from `DriveSequence.save`, `.csv` from Live Link Face, or `.json` with MediaPipe's blendshapes.
        fps: Frames per second that replace those of the file; None for those of the file.

    Returns:
        The motion; `.csv` and `.json` have the layout "arkit", the mean head's shape and no residual. A `.csv` does not
        tell where the head is, so its camera stands still.

    Raises:
        MotionFileError: The file is not of the format that its suffix names; the message gives line and column.
    """
    suffix = path.suffix.lower()
    if fps is not None and not 0 < fps <= 1000:
        raise MotionFileError(f"{path}: {fps:g} frames a second; give more than 0 and at most 1000")
    if suffix not in MOTION_SUFFIXES:
        raise MotionFileError(f"{path}: a motion file ends in {', '.join(MOTION_SUFFIXES)}")
    if suffix == ".npz":
        drive = DriveSequence.load(path)
        return drive if fps is None else drive.at_rate(fps)
    return _TEXTS[suffix][0](_text_of(path), path, fps)


def write_motion(drive: DriveSequence, path: Path) -> None:
    """Write a motion in the format of the file's suffix; no pixel of the drive is kept.

    `.npz` keeps everything. `.csv` keeps expression, gaze and head rotation, `.json` also where the head is; both have
    no place for shape, residual and anchor.

    Raises:
        MotionFileError: The suffix is none of `MOTION_SUFFIXES`, or a text format is asked of another layout than
            "arkit".
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        drive.save(path)
        return
    if suffix not in MOTION_SUFFIXES:
        raise MotionFileError(f"{path}: a motion file ends in {', '.join(MOTION_SUFFIXES)}")
    if drive.face_model != "arkit":
        raise MotionFileError(
            f"{path}: {suffix} holds ARKit coefficients and this is the motion of a {drive.face_model} face; track "
            "with --tracker arkit, or write .npz"
        )
    text = _TEXTS[suffix][1](drive)
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8", newline="")


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise MotionFileError(f"{path}: is larger than {_LARGEST // 2**20} MiB, which no motion file is")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MotionFileError(f"{path}: byte {error.start} is not UTF-8 text; a motion file is text") from None
    except OSError as error:
        raise MotionFileError(f"{path}: cannot be read ({error.strerror}); name a motion file that exists") from None
