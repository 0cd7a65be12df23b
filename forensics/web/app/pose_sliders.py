"""Define the sliders that pose a face, and map their values to face parameters."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import DriveSequence, FaceParams
from generator.avatars import coefficients, lids_follow_gaze

Frames = NDArray[np.uint8]

RATE = 25.0
"""Frames per second of motions that are made here."""


@dataclass(frozen=True, slots=True)
class Slider:
    """The slider of one movement of a face.

    Attributes:
        label: Name of the slider.
        low: Least value, in displayed units.
        high: Greatest value, in displayed units.
        up: ARKit coefficients that a positive value raises; a name without a side stands for both sides.
        down: Those that a negative value raises.
        place: Array of `FaceParams` and index in it that the value is added to instead, for pose and gaze.
        scale: Value of one displayed unit in that array, for example radians per degree.
    """

    label: str
    low: float
    high: float
    up: Mapping[str, float] = field(default_factory=dict)
    down: Mapping[str, float] = field(default_factory=dict)
    place: tuple[str, int] | None = None
    scale: float = 1.0

    @property
    def step(self) -> float:
        """Return the size of a step."""
        return 1.0 if self.high > 2 else 0.05


def _one(label: str, *names: str) -> Slider:
    return Slider(label, 0, 1, dict.fromkeys(names, 1.0))


def _two(label: str, up: str, down: str) -> Slider:
    return Slider(label, -1, 1, {up: 1.0}, {down: 1.0})


_DEGREE = float(np.pi / 180)

GROUPS: tuple[tuple[str, tuple[Slider, ...]], ...] = (
    (
        "Head",
        (
            Slider("Turn left or right (degrees)", -35, 35, place=("pose", 0), scale=_DEGREE),
            Slider("Nod up or down (degrees)", -20, 20, place=("pose", 1), scale=_DEGREE),
            Slider("Lean (degrees)", -20, 20, place=("pose", 2), scale=_DEGREE),
        ),
    ),
    (
        "Mouth",
        (
            _one("Open", "jawOpen"),
            _two("Smile (below 0: frown)", "mouthSmile", "mouthFrown"),
            _two("Pucker (below 0: stretch)", "mouthPucker", "mouthStretch"),
            _one("Funnel", "mouthFunnel"),
            _one("Raise the upper lip", "mouthUpperUp"),
            _one("Lower the lower lip", "mouthLowerDown"),
            _one("Press the lips", "mouthPress"),
            _two("Shift sideways", "mouthLeft", "mouthRight"),
            _one("Puff the cheeks", "cheekPuff"),
        ),
    ),
    (
        "Eyes",
        (
            Slider("Look left or right", -1, 1, place=("gaze", 0)),
            Slider("Look down or up", -1, 1, place=("gaze", 1)),
            _one("Close the left eye", "eyeBlinkRight"),
            _one("Close the right eye", "eyeBlinkLeft"),
            _two("Open wide (below 0: squint)", "eyeWide", "eyeSquint"),
        ),
    ),
    (
        "Brows and nose",
        (
            _one("Raise the left brow", "browOuterUpRight"),
            _one("Raise the right brow", "browOuterUpLeft"),
            _two("Raise the middle (below 0: lower the brows)", "browInnerUp", "browDown"),
            _one("Wrinkle the nose", "noseSneer"),
        ),
    ),
)
"""The sliders as the page shows them; left and right are the picture's."""

SLIDERS = tuple(slider for _, group in GROUPS for slider in group)


def posed(face: FaceParams, values: Sequence[float]) -> FaceParams:
    """Return a face moved by the sliders from how it is.

    Args:
        face: The face as its picture shows it.
        values: One value for each of `SLIDERS`, in its order; values beyond a slider's ends are clipped.
    """
    expression = np.array(face.expression, np.float32)
    moved = {"pose": np.array(face.pose, np.float32), "gaze": np.array(face.gaze, np.float32)}
    for slider, value in zip(SLIDERS, values, strict=True):
        inside = float(np.clip(value, slider.low, slider.high))
        if slider.place is not None:
            name, index = slider.place
            moved[name][index] += inside * slider.scale
        else:
            expression += abs(inside) * coefficients(slider.up if inside > 0 else slider.down)
    gaze = np.clip(moved["gaze"], -1, 1)
    expression = np.asarray(np.clip(expression, 0, 1), np.float32)
    if (gaze != face.gaze).any():
        expression = np.asarray(lids_follow_gaze(expression, gaze), np.float32)
    return replace(face, expression=expression, pose=moved["pose"], gaze=gaze, residual=None)


def between(start: FaceParams, end: FaceParams, frames: int) -> DriveSequence:
    """Return a motion from one pose to another and back, slow at the turns.

    Args:
        start: The first pose, and the last.
        end: The pose in the middle.
        frames: Number of frames, at least 2.
    """
    share = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frames) / (frames - 1))

    def mixed(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(first + share[:, None] * (second - first), dtype=np.float32)

    return DriveSequence(
        shape=start.shape,
        expression=mixed(start.expression, end.expression),
        pose=mixed(start.pose, end.pose),
        gaze=mixed(start.gaze, end.gaze),
        camera=mixed(start.camera, end.camera),
        fps=RATE,
        face_model=start.face_model,
    )


def data_address(image: Frames, kind: str = "webp") -> str:
    """Return a picture as a `data:` address.

    Args:
        image: (H, W, 3) uint8 RGB.
        kind: `webp`, `jpg` or `png`.
    """
    done, buffer = cv2.imencode(f".{kind}", np.ascontiguousarray(image[..., ::-1]))
    if not done:
        raise ValueError(f"the picture of shape {image.shape} cannot be written as {kind}")
    mime = "jpeg" if kind == "jpg" else kind
    return f"data:image/{mime};base64,{base64.b64encode(buffer.tobytes()).decode()}"
