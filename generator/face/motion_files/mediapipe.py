"""Read and write blendshapes of MediaPipe's face landmarker as JSON.

A file holds one result, a list of results, or an object with `frames` and perhaps `fps`. A result has `faceBlendshapes`
(or `face_blendshapes`): per face an object with `categories`, or the list itself, of names and scores; and perhaps
`facialTransformationMatrixes`: per face a matrix of 4 x 4, in centimetres, x right, y up, z to the viewer. The first
face counts. The list lacks `tongueOut`, which is then 0, and has `_neutral`, which is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.errors import MotionFileError
from generator.face.face_params import ARKIT_EXPRESSION, DriveSequence
from generator.face.pose import rotation

from .coefficients import NEUTRAL_CAMERA, Rows, checked_coefficient, expression_with_gaze, motion_of

_DEFAULT_RATE = 30.0
_UNIT = 10.0
"""Centimetres in a unit of head space."""
_VIEW = 2 * np.tan(np.radians(63.0) / 2)
"""Height of the picture at a distance of 1 in MediaPipe's virtual camera."""
_INDEX = {name: index for index, name in enumerate(ARKIT_EXPRESSION)}
_TIMES = {"timestampMs": 1e-3, "timestamp_ms": 1e-3}


def parse_mediapipe(text: str, path: Path, fps: float | None) -> DriveSequence:
    """Read the text of a JSON file; results without a face are interpolated.

    The rate is that of `fps`, of the file's "fps", of its "timestampMs", or 30.

    Raises:
        MotionFileError: The text is no such JSON; the message names the line and column, or the frame.
    """
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}" if isinstance(error, ValueError) else "nested"
        raise MotionFileError(f"{path}: {place}; expected JSON of MediaPipe's face landmarker") from None
    results, rate = _results(data, path)
    read = [_frame(result, f"{path}: frame {index}") for index, result in enumerate(results)]
    expression, pose, camera = (np.stack([one[part] for one in read]) for part in range(3))
    rows = Rows(expression, _unwrapped(pose), camera, gaze=None)
    return motion_of(rows, fps or rate or _timed(results) or _DEFAULT_RATE, path)


def print_mediapipe(drive: DriveSequence) -> str:
    """Return a motion of the layout "arkit" as JSON, one frame a line."""
    expression = expression_with_gaze(drive)
    lines = []
    for index, values in enumerate(expression):
        scores = [("_neutral", 0.0), *zip(ARKIT_EXPRESSION, values.tolist(), strict=True)]
        categories = [
            {"index": number, "score": round(score, 6), "categoryName": name, "displayName": ""}
            for number, (name, score) in enumerate(scores)
        ]
        matrix = _matrix(np.asarray(drive.pose[index], np.float64), np.asarray(drive.camera[index], np.float64))
        frame = {
            "timestampMs": round(1000 * index / drive.fps, 3),
            "faceBlendshapes": [{"categories": categories, "headIndex": -1, "headName": ""}],
            "facialTransformationMatrixes": [
                {"rows": 4, "columns": 4, "data": [round(float(value), 6) for value in matrix.T.ravel()]}
            ],
        }
        lines.append(json.dumps(frame))
    return f'{{"fps": {drive.fps:.6g}, "frames": [\n' + ",\n".join(lines) + "\n]}\n"


def _results(data: object, path: Path) -> tuple[list[Mapping[str, object]], float | None]:
    """Return the results of a file, and the rate that it states."""
    rate = None
    if isinstance(data, dict) and "frames" in data:
        stated = data.get("fps")
        if stated is not None:
            if isinstance(stated, bool) or not isinstance(stated, int | float) or not 0 < stated <= 1000:
                raise MotionFileError(f"{path}: fps is {stated!r}; expected a number above 0 and at most 1000")
            rate = float(stated)
        data = data["frames"]
    frames = data if isinstance(data, list) else [data]
    if not frames:
        raise MotionFileError(f"{path}: holds no frames; record the motion again")
    results: list[Mapping[str, object]] = []
    for index, frame in enumerate(frames):
        if not isinstance(frame, dict) or not {"faceBlendshapes", "face_blendshapes"} & frame.keys():
            raise MotionFileError(f"{path}: frame {index} lacks faceBlendshapes; expected a result of the landmarker")
        results.append(frame)
    return results, rate


def _frame(result: Mapping[str, object], where: str) -> tuple[NDArray[np.float64], ...]:
    """Return expression, pose and camera of a result; NaN where it holds no face."""
    faces = result.get("faceBlendshapes", result.get("face_blendshapes"))
    if not isinstance(faces, list):
        raise MotionFileError(f"{where}: faceBlendshapes is no list of faces")
    if not faces:
        return np.full(52, np.nan), np.full(3, np.nan), np.full(3, np.nan)
    face = faces[0]
    categories = face.get("categories") if isinstance(face, dict) else face
    if not isinstance(categories, list):
        raise MotionFileError(f"{where}: its first face lacks the list categories")
    expression, seen = np.zeros(52), set()
    for category in categories:
        name, score = _category(category, where)
        if name in _INDEX:
            expression[_INDEX[name]] = checked_coefficient(score, f"{where}: {name}")
            seen.add(name)
    missing = [name for name in ARKIT_EXPRESSION if name not in seen and name != "tongueOut"]
    if missing:
        raise MotionFileError(f"{where}: lacks {missing[0]}; expected the 52 categories of MediaPipe's blendshapes")
    pose, camera = _placed(result, where)
    return expression, pose, camera


def _category(category: object, where: str) -> tuple[str, float]:
    if isinstance(category, dict):
        name, score = category.get("categoryName", category.get("category_name")), category.get("score")
        if isinstance(name, str) and isinstance(score, int | float) and not isinstance(score, bool):
            return name, float(score)
    raise MotionFileError(f"{where}: {str(category)[:60]!r} is no category; expected categoryName and score")


def _placed(result: Mapping[str, object], where: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pose and camera of the transformation matrix; straight ahead in the middle where there is none."""
    matrices = result.get("facialTransformationMatrixes", result.get("facial_transformation_matrixes"))
    if not matrices:
        return np.zeros(3), np.asarray(NEUTRAL_CAMERA, np.float64)
    first = matrices[0] if isinstance(matrices, list) else None
    try:
        by_columns = isinstance(first, dict) or np.ndim(np.asarray(first)) == 1
        flat = np.asarray(first["data"] if isinstance(first, dict) else first, np.float64).reshape(4, 4)
    except (KeyError, ValueError, TypeError):
        raise MotionFileError(f"{where}: its transformation matrix is not one of 4 x 4 numbers") from None
    matrix = flat.T if by_columns else flat
    scale = np.cbrt(np.linalg.det(matrix[:3, :3]))
    if not np.isfinite(matrix).all() or not scale > 0 or not matrix[2, 3] < 0:
        raise MotionFileError(f"{where}: its transformation matrix does not put a face before the camera")
    turn, distance = matrix[:3, :3] / scale, -matrix[2, 3] * _VIEW
    pose = np.array([
        np.arctan2(-turn[2, 0], turn[2, 2]), np.arcsin(np.clip(turn[2, 1], -1, 1)), np.arctan2(-turn[0, 1], turn[1, 1]),
    ])  # fmt: skip
    return pose, np.array([_UNIT * scale, matrix[0, 3], -matrix[1, 3]]) / distance + [0, 0.5, 0.5]


def _unwrapped(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles (T, 3) without jumps by a full turn; rows of NaN stay."""
    out, seen = pose.copy(), np.isfinite(pose[:, 0])
    out[seen] = np.unwrap(pose[seen], axis=0)
    return out


def _matrix(pose: NDArray[np.float64], camera: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the transformation matrix (4, 4) of a pose and a camera."""
    out = np.eye(4)
    out[:3, :3] = rotation(pose)
    distance = _UNIT / camera[0]
    out[:3, 3] = (camera[1] - 0.5) * distance, (0.5 - camera[2]) * distance, -distance / _VIEW
    return out


def _timed(results: list[Mapping[str, object]]) -> float | None:
    """Return the rate of the results' timestamps."""
    for name, unit in _TIMES.items():
        times = [one.get(name) for one in results]
        known = [float(time) * unit for time in times if isinstance(time, int | float)]
        if len(known) == len(times) > 1 and known[-1] > known[0]:
            return round((len(known) - 1) / (known[-1] - known[0]), 3)
    return None
