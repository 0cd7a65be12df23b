"""Face parameters: what a face is (shape) and what it does (expression, pose, gaze, camera)."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import MotionFileError

Floats = NDArray[np.floating]
"""Any array of floats; what is stored and travels is float32."""


def vector(*values: float) -> Floats:
    """Return the values as a float32 array."""
    return np.array(values, np.float32)


SHAPE = (
    "jaw", "chin", "cheek", "brow", "length", "depth", "nose", "nose_width",
    "eye_gap", "eye_size", "eye_height", "eye_round", "mouth_height", "mouth_width", "muzzle", "cranium",
)  # fmt: skip
"""Shape coefficients, each about N(0, 1) over heads; 0 is the mean head."""

EXPRESSION = (
    "jaw_open", "smile", "pucker", "stretch", "lip_raise", "mouth_shift",
    "blink_l", "blink_r", "brow_l", "brow_r", "furrow", "squint",
)  # fmt: skip
"""Expression coefficients; `_l` and `_r` are the picture's left and right in a frontal view.

`smile`, `stretch`, `mouth_shift` and the brows range over [-1, 1], the others over [0, 1]; 0 is the neutral face.
"""

EXPRESSION_LOW = np.array([0, -1, 0, -1, 0, -1, 0, 0, -1, -1, 0, 0], np.float32)
EXPRESSION_HIGH = np.ones(len(EXPRESSION), np.float32)


@dataclass(frozen=True, slots=True)
class FaceParams:
    """One face at one moment.

    Attributes:
        shape: (16,) in the order of `SHAPE`.
        expression: (12,) in the order of `EXPRESSION`.
        pose: (3,) yaw, pitch, roll in radians; yaw > 0 turns the nose to the picture's right, pitch > 0 lowers it,
            roll > 0 leans the crown to the picture's left.
        gaze: (2,) in [-1, 1]; x > 0 looks to the picture's right, y > 0 looks up.
        camera: (3,) scale, tx, ty of a weak-perspective camera, in picture sides: x = tx + scale X, y = ty - scale Y.
    """

    shape: Floats
    expression: Floats
    pose: Floats
    gaze: Floats
    camera: Floats

    @staticmethod
    def neutral(shape: Floats | None = None, scale: float = 0.31) -> FaceParams:
        """Return a face looking straight ahead without expression, in the middle of the picture."""
        return FaceParams(
            shape=np.zeros(len(SHAPE), np.float32) if shape is None else shape,
            expression=np.zeros(len(EXPRESSION), np.float32),
            pose=np.zeros(3, np.float32),
            gaze=np.zeros(2, np.float32),
            camera=np.array([scale, 0.5, 0.5], np.float32),
        )


@dataclass(frozen=True, slots=True)
class DriveSequence:
    """The motion of one face over T frames; `shape` is the driver's own and is not handed to the avatar.

    Attributes:
        shape: (16,). expression: (T, 12). pose: (T, 3). gaze: (T, 2). camera: (T, 3). fps: frames per second, > 0.
    """

    shape: Floats
    expression: Floats
    pose: Floats
    gaze: Floats
    camera: Floats
    fps: float

    def __len__(self) -> int:
        return len(self.expression)

    def __getitem__(self, index: int) -> FaceParams:
        return FaceParams(self.shape, self.expression[index], self.pose[index], self.gaze[index], self.camera[index])

    def take(self, indices: Sequence[int]) -> DriveSequence:
        """Return the frames with these indices, in this order."""
        chosen = list(indices)
        return replace(
            self,
            expression=self.expression[chosen],
            pose=self.pose[chosen],
            gaze=self.gaze[chosen],
            camera=self.camera[chosen],
        )

    def with_shape(self, shape: Floats) -> DriveSequence:
        """Return the same motion on another head."""
        return replace(self, shape=shape)

    def save(self, path: Path) -> None:
        """Write the motion as `.npz`; no pixel of the drive is kept."""
        temporary = path.with_name(f".{path.name}.part")
        try:
            with temporary.open("wb") as file:
                np.savez(
                    file, shape=self.shape, expression=self.expression, pose=self.pose, gaze=self.gaze,
                    camera=self.camera, fps=np.float64(self.fps),
                )  # fmt: skip
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @staticmethod
    def load(path: Path) -> DriveSequence:
        """Read a motion written by `save`.

        Raises:
            MotionFileError: The file is not a motion file, or its arrays have wrong shapes or values.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                arrays = {name: np.asarray(data[name], np.float32) for name in ("shape", "expression", "pose", "gaze")}
                camera, fps = np.asarray(data["camera"], np.float32), float(data["fps"])
        except (KeyError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
            raise MotionFileError(
                f"{path}: not a motion file ({error}); make one with: facetrail track VIDEO -o {path}"
            ) from None
        drive = DriveSequence(**arrays, camera=camera, fps=fps)
        frames = len(drive.expression) if drive.expression.ndim else 0
        expected = {
            "shape": (len(SHAPE),), "expression": (frames, len(EXPRESSION)), "pose": (frames, 3), "gaze": (frames, 2),
            "camera": (frames, 3),
        }  # fmt: skip
        for name, shape in expected.items():
            values = getattr(drive, name)
            if values.shape != shape or not np.isfinite(values).all():
                raise MotionFileError(f"{path}: {name} has shape {values.shape}, expected {shape} with finite values")
        if frames == 0 or not 0 < fps <= 1000:
            raise MotionFileError(
                f"{path}: {frames} frames at {fps} fps; expected at least one frame and 0 < fps <= 1000"
            )
        return drive
