"""Bring ARKit coefficients, head angles and gaze of a file into the layout "arkit", and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.errors import MotionFileError
from generator.face.face_params import ARKIT_EXPRESSION, DriveSequence, FaceParams, Floats

NEUTRAL_CAMERA = FaceParams.neutral(face_model="arkit").camera
"""Camera of files that do not tell where the head is."""

LARGEST_COEFFICIENT = 2.0
"""Coefficients beyond this are in another unit; smaller excesses come from filters and calibration, and are clipped."""

_INDEX = {name: index for index, name in enumerate(ARKIT_EXPRESSION)}
_ACROSS = (("eyeLookOutLeft", "eyeLookInLeft"), ("eyeLookInRight", "eyeLookOutRight"))
_UP = (("eyeLookUpLeft", "eyeLookDownLeft"), ("eyeLookUpRight", "eyeLookDownRight"))


@dataclass(frozen=True, slots=True)
class Rows:
    """What a text format tells of T frames; rows of NaN stand for frames without a face.

    Attributes:
        expression: (T, 52) ARKit coefficients. pose: (T, 3) as in `FaceParams`. camera: (T, 3) as in `FaceParams`.
        gaze: (T, 2) as in `FaceParams`, or None where the coefficients alone tell it.
    """

    expression: NDArray[np.float64]
    pose: NDArray[np.float64]
    camera: NDArray[np.float64]
    gaze: NDArray[np.float64] | None


def motion_of(rows: Rows, fps: float, path: Path) -> DriveSequence:
    """Return the motion of a file's rows; frames without a face are interpolated.

    Raises:
        MotionFileError: No frame has a face.
    """
    known = np.asarray(np.isfinite(rows.expression).all(axis=1), np.bool_)
    if not known.any():
        raise MotionFileError(f"{path}: none of its {len(known)} frames holds a face; record the motion again")
    expression = np.clip(_filled(rows.expression, known), 0, 1)
    gaze = gaze_of(expression) if rows.gaze is None else _filled(rows.gaze, known)
    return DriveSequence(
        shape=FaceParams.neutral(face_model="arkit").shape,
        expression=expression.astype(np.float32),
        pose=_filled(rows.pose, known).astype(np.float32),
        gaze=np.clip(gaze, -1, 1).astype(np.float32),
        camera=_filled(rows.camera, known).astype(np.float32),
        fps=fps,
        face_model="arkit",
    )


def gaze_of(expression: Floats) -> Floats:
    """Return the gaze (T, 2) of the eyeLook coefficients of (T, 52), the mean of both eyes."""

    def mean(pairs: tuple[tuple[str, str], ...]) -> Floats:
        parts = [expression[:, _INDEX[more]] - expression[:, _INDEX[less]] for more, less in pairs]
        return np.stack(parts).mean(0)

    return np.stack([mean(_ACROSS), mean(_UP)], 1)


def expression_with_gaze(drive: DriveSequence) -> Floats:
    """Return the expression (T, 52) with eyeLook coefficients of the gaze, for programs that turn eyes by them."""
    out = np.array(drive.expression)
    for pairs, values in ((_ACROSS, drive.gaze[:, 0]), (_UP, drive.gaze[:, 1])):
        for more, less in pairs:
            out[:, _INDEX[more]], out[:, _INDEX[less]] = np.clip(values, 0, 1), np.clip(-values, 0, 1)
    return out


def checked_coefficient(value: float, where: str) -> float:
    """Return a coefficient.

    Args:
        value: What the file holds.
        where: File, place and name, for the message.

    Raises:
        MotionFileError: The value is not finite, or in another unit.
    """
    if not -LARGEST_COEFFICIENT <= value <= LARGEST_COEFFICIENT:
        raise MotionFileError(f"{where} is {value:g}; expected a coefficient from 0 to 1")
    return value


def _filled(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    times = np.arange(len(values))
    return np.stack([np.interp(times, times[known], column[known]) for column in values.T], 1)
