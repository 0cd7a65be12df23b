"""Find faces with YuNet (Wu et al. 2023, Machine Intelligence Research 20), whose weights the user provides.

The published file is `face_detection_yunet_2023mar.onnx`. Its network returns box, five points and score of every face.
OpenCV runs the network, and this module decodes the outputs as `cv2.FaceDetectorYN` does. That class does not check the
sizes of the outputs, and reads past their ends where a file is not YuNet's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import InputError

from .finding import SMALLEST_FACE, Floats, Frames, box_of
from .five_points import five_points

SUREST = 0.9
"""Least score of a face; OpenCV's default."""

SAME_FACE = 0.3
"""Intersection over union above which two boxes show the same face and the surer one counts; OpenCV's default."""

SIDE = 640
"""Side of the network's square input in pixels, as the published file declares it."""

LARGEST_FILE = 16 << 20
"""Largest file that is read, in bytes; the published one has 0.2 MiB."""

_STRIDES = (8, 16, 32)
_VALUES = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_OUTPUTS = [f"{name}_{stride}" for name in _VALUES for stride in _STRIDES]
_BOX, _POINTS, _SCORE = slice(0, 4), slice(4, 14), 14
_ACROSS, _DOWN = slice(0, 14, 2), slice(1, 14, 2)

Window = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

Rows = NDArray[np.float64]
"""Array (N, 15): box, five points and score.

The box is left, top, right, bottom. The points are eyes, nose tip and mouth corners, x and y each, and the eye that is
left in the picture comes first. The published order says *right eye first*, which is the person's right and therefore
the picture's left.
"""


class YuNetFinder:
    """A face finder with YuNet and the user's weights; it carries the weights to every process that receives it."""

    def __init__(self, weights: bytes, path: Path) -> None:
        """Load the network and test it.

        Args:
            weights: Content of the file.
            path: The file, named in error messages.

        Raises:
            InputError: The file is not YuNet's.
        """
        self.name = f"yunet-{hashlib.sha256(weights).hexdigest()[:12]}"
        self._weights, self._path = weights, path
        try:
            self._network = cv2.dnn.readNetFromONNX(np.frombuffer(weights, np.uint8))
        except cv2.error as error:
            raise self._refusal(error.err) from error
        self._detect(np.zeros((SIDE, SIDE, 3), np.uint8))

    @classmethod
    def open(cls, path: Path) -> YuNetFinder:
        """Load YuNet from a file.

        Args:
            path: The ONNX file.

        Raises:
            InputError: The file cannot be read, or is not YuNet's.
        """
        try:
            if path.stat().st_size > LARGEST_FILE or not path.is_file():
                raise InputError(
                    f"{path}: is no file of at most {LARGEST_FILE >> 20} MiB; give YuNet's ONNX file", path
                )
            return cls(path.read_bytes(), path)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); give YuNet's ONNX file", path) from error

    def __reduce__(self) -> tuple[type[YuNetFinder], tuple[bytes, Path]]:
        return YuNetFinder, (self._weights, self._path)

    def __call__(self, image: Frames, most: int, *, thorough: bool = False) -> Sequence[tuple[Floats, Floats]]:
        """Return box and landmarks of the largest faces; the landmarks are the mean face's, fitted to five points."""
        rows = _surest(np.concatenate([self._see(image, *view) for view in _views(image, thorough)]))
        landmarks = [complete(points.reshape(5, 2)) for points in rows[:, _POINTS]]
        faces = [(box_of(points), points) for points in landmarks]
        return sorted(faces, key=lambda face: -float((face[0][2:] - face[0][:2]).prod()))[:most]

    def _see(self, image: Frames, window: Window, side: int) -> Rows:
        """Return the faces that lie completely in a window of a picture, scaled down to a side, in picture pixels."""
        left, top, right, bottom = window
        shown = image[top:bottom, left:right]
        height, width = shown.shape[:2]
        shrink = min(1.0, side / max(height, width))
        size = max(1, round(width * shrink)), max(1, round(height * shrink))
        square = np.zeros((SIDE, SIDE, 3), np.uint8)
        square[: size[1], : size[0]] = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
        rows = self._detect(square)
        rows[:, _ACROSS] = rows[:, _ACROSS] * (width / size[0]) + left
        rows[:, _DOWN] = rows[:, _DOWN] * (height / size[1]) + top
        return rows[_whole(rows, window, image)]

    def _detect(self, square: Frames) -> Rows:
        """Return the faces that the network is sure of in a square, in pixels of the square.

        Raises:
            InputError: Its outputs are not those of YuNet.
        """
        try:
            self._network.setInput(cv2.dnn.blobFromImage(square, swapRB=True))
            outputs = dict(zip(_OUTPUTS, self._network.forward(_OUTPUTS), strict=True))
        except cv2.error as error:
            raise self._refusal(error.err) from error
        for name, output in outputs.items():
            kind, stride = name.split("_")
            shape = ((SIDE // int(stride)) ** 2, _VALUES[kind])
            if output.size != np.prod(shape) or output.dtype != np.float32:
                raise self._refusal(f"its output {name} is {output.dtype} {output.shape}, float32 {shape} expected")
            outputs[name] = output.reshape(shape)
        return np.concatenate([_decoded(side, *(outputs[f"{name}_{side}"] for name in _VALUES)) for side in _STRIDES])

    def _refusal(self, reason: str) -> InputError:
        said = " ".join(reason.split())
        return InputError(
            f"{self._path}: is not YuNet's ONNX file of March 2023 or later ({said}); give that", self._path
        )


def _whole(rows: Rows, window: Window, image: Frames) -> NDArray[np.bool_]:
    """Return which faces have the middle of their five points in a window and reach none of its edges in the picture.

    A face that reaches an edge is cut off there, and complete in another window.
    """
    corner, opposite = np.array(window[:2]), np.array(window[2:])
    middle = rows[:, _POINTS].reshape(-1, 5, 2).mean(1)
    cut = (corner > 0) & (rows[:, :2] <= corner)
    cut |= (opposite < (image.shape[1], image.shape[0])) & (rows[:, 2:4] >= opposite)
    return np.asarray(((middle >= corner) & (middle < opposite) & ~cut).all(1))


def _views(image: Frames, thorough: bool) -> Iterator[tuple[Window, int]]:
    """Yield what to search: windows, and the side to which each is scaled down.

    YuNet was trained on faces up to about 300 pixels, so a picture is searched at half its size too.
    """
    height, width = image.shape[:2]
    yield (0, 0, width, height), SIDE
    if max(height, width) > SIDE // 2:
        yield (0, 0, width, height), SIDE // 2
    if thorough and max(height, width) > SIDE and min(height, width) > SMALLEST_FACE:
        for down in range(3):
            for across in range(3):
                left, right = across * width // 4, (across + 2) * width // 4
                yield (left, down * height // 4, right, (down + 2) * height // 4), SIDE


def _decoded(stride: int, sure: Floats, there: Floats, box: Floats, points: Floats) -> Rows:
    """Decode the outputs of one stride: two probabilities of each cell, and box and points relative to its corner."""
    score = np.sqrt(np.clip(sure, 0, 1) * np.clip(there, 0, 1))[:, 0].astype(np.float64)
    kept = np.flatnonzero(score >= SUREST)
    row, column = np.divmod(kept, SIDE // stride)
    corner = np.stack([column, row], -1)
    centre = corner + box[kept, :2].astype(np.float64)
    half = np.exp(np.clip(box[kept, 2:].astype(np.float64), None, 20)) / 2
    placed = (points[kept].reshape(-1, 5, 2) + corner[:, None]).reshape(-1, 10)
    rows = np.column_stack([np.hstack([centre - half, centre + half, placed]) * stride, score[kept]])
    sane: Rows = rows[(np.abs(rows) < 4 * SIDE).all(1)]  # a value that is not a number fails this too
    return sane


def _surest(rows: Rows) -> Rows:
    """Return the surest of faces that overlap."""
    boxes = rows[:, _BOX].copy()
    boxes[:, 2:] -= boxes[:, :2]
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), rows[:, _SCORE].tolist(), SUREST, SAME_FACE)
    return rows[np.asarray(kept, dtype=np.int64)]


@cache
def mean_face() -> Floats:
    """Return the 68 iBUG points of the avatar head at rest (68, 3): x to the right, y down, z away from the viewer."""
    from generator import FaceParams
    from generator.avatars import avatar_head

    neutral = FaceParams.neutral(face_model="arkit")
    return np.asarray(avatar_head().landmarks(neutral.shape, neutral.expression) * (1, -1, -1), dtype=np.float64)


def complete(points: NDArray[np.floating]) -> Floats:
    """Turn, scale and move the mean face until its five points, seen from afar, lie near those given.

    The mean face is that of the avatar head at rest. So a box around the 68 points means about the same whether they
    were seen or completed. They follow no expression.

    The affine camera with the least squared distance, and then the scaled rotation nearest to it (DeMenthon and Davis
    1995, the first step of POSIT).

    Args:
        points: (5, 2) in pixels, in the order of `five_points`.

    Returns:
        (68, 2) iBUG points in pixels.
    """
    mean = mean_face()
    five = five_points(mean)
    here, there = five - five.mean(0), points - points.mean(0)
    camera = np.linalg.lstsq(here, there, rcond=None)[0].T
    left, _, right = np.linalg.svd(camera, full_matrices=False)
    turn = left @ right
    seen = here @ turn.T
    scale = (there * seen).sum() / (seen**2).sum()
    return np.asarray(scale * (mean - five.mean(0)) @ turn.T + points.mean(0), dtype=np.float32)
