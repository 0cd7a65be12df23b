"""Read and write the CSV of Live Link Face, Epic's capture program for phones.

One row a frame: Timecode, BlendshapeCount, the 52 ARKit coefficients with capital initials, then yaw, pitch and roll of
the head and of either eye, in radians. Columns are found by their names. Programs disagree about the signs of the
angles; here they are those of `FaceParams.pose`: yaw > 0 turns to the picture's right, pitch > 0 lowers, roll > 0 leans
the crown to the picture's left.
"""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.errors import MotionFileError
from generator.face.face_params import ARKIT_EXPRESSION, DriveSequence

from .coefficients import NEUTRAL_CAMERA, Rows, checked_coefficient, expression_with_gaze, motion_of
from .timecode import rate_of, seconds_of, timecodes

GAZE_RADIANS = np.radians([35.0, 30.0])
"""Rotation of an eye for a gaze of 1: across and up; as in the avatar head."""

_COEFFICIENTS = tuple(name[0].upper() + name[1:] for name in ARKIT_EXPRESSION)
_HEAD = ("HeadYaw", "HeadPitch", "HeadRoll")
_EYES = ("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll")
_HEADER = ("Timecode", "BlendshapeCount", *_COEFFICIENTS, *_HEAD, *_EYES)
_COUNT = len(_COEFFICIENTS) + len(_HEAD) + len(_EYES)
_LARGEST_ANGLE = 2 * math.pi


def parse_live_link(text: str, path: Path, fps: float | None) -> DriveSequence:
    """Read the text of a CSV; rows with a BlendshapeCount of 0 are frames without a face.

    Raises:
        MotionFileError: The text is no such CSV; the message names file, line and column.
    """
    reader = csv.reader(io.StringIO(text))
    try:
        header = [name.strip() for name in next(reader, [])]
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise MotionFileError(f"{path}: line {reader.line_num}: {error}; expected comma-separated values") from None
    columns = _columns(header, path)
    if not lines:
        raise MotionFileError(f"{path}: has a header and no frames; record the motion again")
    values = np.stack([_values(row, columns, f"{path}: line {line}", len(header)) for line, row in lines])
    times = [seconds_of(row[columns["timecode"]], f"{path}: line {line}") for line, row in lines]
    rate = fps if fps is not None else rate_of(times, path)
    split = len(_COEFFICIENTS) + len(_HEAD)
    seen = np.isfinite(values[:, 0])
    eyes = values[:, split:]
    gaze = None
    if np.abs(eyes[seen]).max(initial=0) > 0:
        gaze = np.stack([eyes[:, [0, 3]].mean(1), -eyes[:, [1, 4]].mean(1)], 1) / GAZE_RADIANS
    camera = np.tile(np.asarray(NEUTRAL_CAMERA, np.float64), (len(values), 1))
    pose = values[:, len(_COEFFICIENTS) : split]
    pose[seen] = np.unwrap(pose[seen], axis=0)
    return motion_of(Rows(values[:, : len(_COEFFICIENTS)], pose, camera, gaze), rate, path)


def print_live_link(drive: DriveSequence) -> str:
    """Return a motion of the layout "arkit" as the text of a CSV with 61 values a frame."""
    across, down = (drive.gaze * [1, -1] * GAZE_RADIANS).T
    none = np.zeros(len(drive))
    eyes = np.stack([across, down, none, across, down, none], 1)
    values = np.concatenate([expression_with_gaze(drive), drive.pose, eyes], 1)
    rows = [",".join(_HEADER)]
    for timecode, row in zip(timecodes(len(drive), drive.fps), values, strict=True):
        rows.append(f"{timecode},{_COUNT}," + ",".join(f"{value:.6f}" for value in row))
    return "\n".join(rows) + "\n"


def _columns(header: list[str], path: Path) -> dict[str, int]:
    places = {name.lower(): index for index, name in enumerate(header)}
    missing = [name for name in ("Timecode", *_COEFFICIENTS) if name.lower() not in places]
    if missing:
        shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        raise MotionFileError(
            f"{path}: line 1 lacks the column {shown}; expected the header of Live Link Face: Timecode, "
            "BlendshapeCount, EyeBlinkLeft, ..."
        )
    return places


def _values(row: list[str], columns: dict[str, int], where: str, width: int) -> NDArray[np.float64]:
    """Return the 61 values of a row; NaN for a frame without a face, 0 for angles that the file does not hold."""
    count = columns.get("blendshapecount")
    if count is not None and count < len(row) and re.fullmatch(r"\s*0+\s*", row[count]):
        return np.full(_COUNT, np.nan)
    if len(row) != width:
        raise MotionFileError(f"{where}: has {len(row)} columns and the header {width}; the file may be cut off")
    out = np.zeros(_COUNT)
    for index, name in enumerate((*_COEFFICIENTS, *_HEAD, *_EYES)):
        column = columns.get(name.lower())
        if column is None:
            continue
        place = f"{where}, column {column + 1} ({name})"
        try:
            value = float(row[column])
        except ValueError:
            raise MotionFileError(f"{place} is {row[column][:40]!r}; expected a number") from None
        if index < len(_COEFFICIENTS):
            out[index] = checked_coefficient(value, place)
        elif abs(value) <= _LARGEST_ANGLE:
            out[index] = value
        else:
            raise MotionFileError(f"{place} is {value:g}; expected an angle in radians")
    return out
