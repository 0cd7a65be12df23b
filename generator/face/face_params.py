"""Define face parameters: shape (identity), and expression, pose, gaze and camera (motion)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.errors import FaceModelError, MotionFileError
from watermark import read_arrays, whole_file

Floats = NDArray[np.floating]
"""Any array of floats; stored and transferred arrays are float32."""


def vector(*values: float) -> Floats:
    """Return the values as a float32 array."""
    return np.array(values, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ParameterLayout:
    """The meaning of one face model's parameters.

    Attributes:
        name: The face model's name.
        shape_size: Number of shape coefficients B.
        expression: Names of the E expression coefficients in their order; all 0 is the neutral face.
        low: (E,) minimum of each coefficient.
        high: (E,) maximum of each coefficient, > 0.
        eyes: Indices of the coefficients that move the lids.
        mouth: Indices of the coefficients that move jaw and lips.
        camera_distance: Distance D of the camera from the head's origin in units of head space; a point at depth Z is
            enlarged by D / (D - Z). Infinite for a weak-perspective camera, which enlarges nothing.
    """

    name: str
    shape_size: int
    expression: tuple[str, ...]
    low: Floats
    high: Floats
    eyes: tuple[int, ...]
    mouth: tuple[int, ...]
    camera_distance: float = inf

    def neutral(self) -> Floats:
        """Return the neutral expression, (E,)."""
        return np.zeros(len(self.expression), np.float32)


def _indices(names: tuple[str, ...], starts: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(index for index, name in enumerate(names) if name.startswith(starts))


FLAME_SHAPE_SIZE = 100
FLAME_EXPRESSION = (*(f"psi_{index}" for index in range(50)), "eyelid_l", "eyelid_r", "jaw_x", "jaw_y", "jaw_z")
"""FLAME's first 50 expression components in standard deviations, SMIRK's eyelids in [0, 1] (1 is shut, `_l` is the
person's left), and the jaw's rotation as an axis-angle in radians; jaw_x > 0 opens the mouth."""

ARKIT_EXPRESSION = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight",
    "eyeWideRight",
    "jawForward", "jawRight", "jawLeft", "jawOpen",
    "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft", "mouthSmileLeft", "mouthSmileRight",
    "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft",
    "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft",
    "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 ARKit coefficients in the order of Live Link Face's files, each in [0, 1]; 0 is the neutral face.

Left and Right are the person's own, so `Left` lies on the picture's right in a frontal view.
"""

ARKIT_PHENOTYPE = ("age", "gender", "muscle", "weight", "african", "asian", "caucasian")
"""The first shape coefficients of the avatar head; what they mean stands in `generator.avatars.phenotype`."""

ARKIT_CONTROLS = 113
"""Number of the shape coefficients that follow: signed controls of single features, named in the head's asset."""

ARKIT_CAMERA_DISTANCE = 10.0
"""Distance from which the avatar head is seen, in units of head space: about a metre of a person's head."""

MESH_POINTS = 478
"""Points of the face mesh: 468 of the skin, then the centre and four points of the edge of each iris."""

LAYOUTS = {
    layout.name: layout
    for layout in (
        ParameterLayout(
            "arkit", len(ARKIT_PHENOTYPE) + ARKIT_CONTROLS, ARKIT_EXPRESSION,
            low=np.zeros(len(ARKIT_EXPRESSION), np.float32), high=np.ones(len(ARKIT_EXPRESSION), np.float32),
            eyes=_indices(ARKIT_EXPRESSION, ("eyeBlink", "eyeSquint", "eyeWide", "eyeLook")),
            mouth=_indices(ARKIT_EXPRESSION, ("jaw", "mouth", "tongue")),
            camera_distance=ARKIT_CAMERA_DISTANCE,
        ),
        ParameterLayout(
            "flame", FLAME_SHAPE_SIZE, FLAME_EXPRESSION,
            low=vector(*[-6] * 50, 0, 0, -0.1, -0.2, -0.2),
            high=vector(*[6] * 50, 1, 1, 0.7, 0.2, 0.2),
            eyes=_indices(FLAME_EXPRESSION, ("eyelid",)),
            mouth=_indices(FLAME_EXPRESSION, ("jaw",)),
        ),
    )
}  # fmt: skip
"""The layouts by face model; the jaw limits of FLAME are about 40 degrees of opening and 11 degrees sideways."""


def find_layout(face_model: str) -> ParameterLayout:
    """Return the layout of a face model.

    Raises:
        FaceModelError: There is no face model of that name.
    """
    if face_model not in LAYOUTS:
        raise FaceModelError(f"no face model {face_model!r}; there are: {', '.join(LAYOUTS)}")
    return LAYOUTS[face_model]


def _check_shapes(values: FaceParams | DriveSequence, expected: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in expected.items():
        found = np.shape(getattr(values, name))
        if found != shape:
            raise FaceModelError(f"{name} has shape {found}, expected {shape} for face model {values.face_model!r}")


@dataclass(frozen=True, slots=True)
class FaceParams:
    """One face at one moment; B and E are the sizes of the face model's layout.

    Attributes:
        shape: (B,) coefficients of the head without expression.
        expression: (E,), in the order of the layout's names.
        pose: (3,) yaw, pitch, roll in radians; yaw > 0 turns the nose to the picture's right, pitch > 0 lowers it, roll
            > 0 leans the crown to the picture's left.
        gaze: (2,) in [-1, 1]; x > 0 looks to the picture's right, y > 0 looks up.
        camera: (3,) scale, tx, ty of a weak-perspective camera, in picture sides: x = tx + scale X, y = ty - scale Y.
        face_model: Name of the layout of `shape` and `expression`; the other arrays mean the same for every face model.
        residual: (478, 3) what moves the head's points of the face mesh to where they were read, in head space; None
            where only the coefficients are known. For "arkit" only.

    Raises:
        FaceModelError: There is no such face model, or an array has another shape than its layout says.
    """

    shape: Floats
    expression: Floats
    pose: Floats
    gaze: Floats
    camera: Floats
    face_model: str = "arkit"
    residual: Floats | None = None

    def __post_init__(self) -> None:
        layout = find_layout(self.face_model)
        expected: dict[str, tuple[int, ...]] = {
            "shape": (layout.shape_size,), "expression": (len(layout.expression),), "pose": (3,), "gaze": (2,),
            "camera": (3,),
        }  # fmt: skip
        if self.residual is not None:
            expected["residual"] = (MESH_POINTS, 3)
        _check_shapes(self, expected)

    @staticmethod
    def neutral(shape: Floats | None = None, scale: float = 0.31, face_model: str = "arkit") -> FaceParams:
        """Return a face that looks straight ahead without expression, in the middle of the picture."""
        layout = find_layout(face_model)
        return FaceParams(
            shape=np.zeros(layout.shape_size, np.float32) if shape is None else shape,
            expression=layout.neutral(),
            pose=np.zeros(3, np.float32),
            gaze=np.zeros(2, np.float32),
            camera=np.array([scale, 0.5, 0.5], np.float32),
            face_model=face_model,
        )


@dataclass(frozen=True, slots=True)
class DriveSequence:
    """The motion of one face over T frames; `shape` is the driver's own and is not transferred to the avatar.

    Attributes:
        shape: (B,). expression: (T, E). pose: (T, 3). gaze: (T, 2). camera: (T, 3). fps: Frames per second, > 0.
        face_model: As in `FaceParams`.
        residual: (T, 478, 3) or None, as in `FaceParams`.
        anchor: Frame that shows what the source shows, the first is 0; None where that is not known.

    Raises:
        FaceModelError: There is no such face model, an array has another shape than its layout says, or the anchor is
            no frame.
    """

    shape: Floats
    expression: Floats
    pose: Floats
    gaze: Floats
    camera: Floats
    fps: float
    face_model: str = "arkit"
    residual: Floats | None = None
    anchor: int | None = None

    def __post_init__(self) -> None:
        layout = find_layout(self.face_model)
        frames = len(self.expression) if np.ndim(self.expression) else 0
        expected = {
            "shape": (layout.shape_size,), "expression": (frames, len(layout.expression)), "pose": (frames, 3),
            "gaze": (frames, 2), "camera": (frames, 3),
        }  # fmt: skip
        if self.residual is not None:
            expected["residual"] = (frames, MESH_POINTS, 3)
        _check_shapes(self, expected)
        if self.anchor is not None and not 0 <= self.anchor < frames:
            raise FaceModelError(f"anchor {self.anchor} is no frame of the motion; it has frames 0 to {frames - 1}")

    def __len__(self) -> int:
        return len(self.expression)

    def __getitem__(self, index: int) -> FaceParams:
        return FaceParams(
            self.shape, self.expression[index], self.pose[index], self.gaze[index], self.camera[index], self.face_model,
            None if self.residual is None else self.residual[index],
        )  # fmt: skip

    @classmethod
    def still(cls, params: FaceParams, fps: float) -> DriveSequence:
        """Build a motion of one frame.

        Args:
            params: Parameters of the face.
            fps: Frames per second, above 0.
        """
        return cls(
            params.shape, params.expression[None], params.pose[None], params.gaze[None], params.camera[None], fps,
            params.face_model, None if params.residual is None else params.residual[None],
        )  # fmt: skip

    def take(self, indices: Sequence[int]) -> DriveSequence:
        """Return the frames with these indices, in this order."""
        chosen = list(indices)
        return replace(
            self,
            expression=self.expression[chosen],
            pose=self.pose[chosen],
            gaze=self.gaze[chosen],
            camera=self.camera[chosen],
            residual=None if self.residual is None else self.residual[chosen],
            anchor=chosen.index(self.anchor) if self.anchor in chosen else None,
        )

    def at_rate(self, fps: float) -> DriveSequence:
        """Return the same frames at another number of frames a second."""
        return replace(self, fps=fps)

    def anchored(self, anchor: int | None) -> DriveSequence:
        """Return the same motion with the frame that shows what the source shows.

        Raises:
            FaceModelError: There is no such frame.
        """
        return replace(self, anchor=anchor)

    def with_shape(self, shape: Floats) -> DriveSequence:
        """Return the same motion on another head."""
        return replace(self, shape=shape)

    def save(self, path: Path) -> None:
        """Write the motion as `.npz`; no pixel of the drive is kept."""
        arrays = {name: getattr(self, name) for name in ("shape", "expression", "pose", "gaze", "camera")}
        if self.residual is not None:
            arrays["residual"] = self.residual.astype(np.float16)
        if self.anchor is not None:
            arrays["anchor"] = np.int64(self.anchor)
        with whole_file(path) as part, part.open("wb") as file:
            np.savez(file, **arrays, fps=np.float64(self.fps), face_model=np.array(self.face_model))

    @staticmethod
    def load(path: Path) -> DriveSequence:
        """Read a motion written by `save`.

        Raises:
            MotionFileError: The file is not a motion file, or its arrays have wrong shapes or values.
        """
        try:
            data = read_arrays(path)
            names = ("shape", "expression", "pose", "gaze", "camera")
            arrays = {name: np.asarray(data[name], np.float32) for name in names}
            fps, face_model = float(data["fps"]), str(data["face_model"])
            residual = np.asarray(data["residual"], np.float32) if "residual" in data else None
            anchor = int(data["anchor"]) if "anchor" in data else None
            drive = DriveSequence(**arrays, fps=fps, face_model=face_model, residual=residual, anchor=anchor)
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise MotionFileError(
                f"{path}: not a motion file ({error}); make one with: facetrail track VIDEO -o {path}"
            ) from None
        except FaceModelError as error:
            raise MotionFileError(f"{path}: {error}") from None
        for name, values in (arrays if residual is None else arrays | {"residual": residual}).items():
            if not np.isfinite(values).all():
                raise MotionFileError(f"{path}: {name} holds values that are not finite; track the drive again")
        if len(drive) == 0 or not 0 < fps <= 1000:
            raise MotionFileError(
                f"{path}: {len(drive)} frames at {fps} fps; expected at least one frame and 0 < fps <= 1000"
            )
        return drive
