"""Define the sliders of the live puppet head, and map their values to face parameters."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import EXPRESSION, DriveSequence, FaceParams, puppets

Frames = NDArray[np.uint8]

RATE = 12.5
"""Frames per second of motions that are made here, as in the training of the shipped model."""

PUPPETS = 8
"""Number of puppets to choose from."""

_LIVE = 256
_THUMB = 128


@dataclass(frozen=True, slots=True)
class Slider:
    """The slider of one number of a face.

    Attributes:
        label: Name of the slider.
        low: Least value, in displayed units.
        high: Greatest value, in displayed units.
        field: The array of `FaceParams` that contains it.
        index: Index in the array.
        scale: Value of one displayed unit in the array, for example radians per degree.
    """

    label: str
    low: float
    high: float
    field: str
    index: int
    scale: float = 1.0

    @property
    def step(self) -> float:
        """Return the size of a step."""
        return 1.0 if self.high > 2 else 0.05


def _expression(label: str, name: str, low: float = 0.0) -> Slider:
    return Slider(label, low, 1.0, "expression", EXPRESSION.index(name))


_DEGREE = float(np.pi / 180)

GROUPS: tuple[tuple[str, tuple[Slider, ...]], ...] = (
    (
        "Head",
        (
            Slider("Turn left or right (degrees)", -50, 50, "pose", 0, _DEGREE),
            Slider("Nod up or down (degrees)", -25, 25, "pose", 1, _DEGREE),
            Slider("Lean (degrees)", -22, 22, "pose", 2, _DEGREE),
        ),
    ),
    (
        "Mouth",
        (
            _expression("Open", "jaw_open"),
            _expression("Smile (below 0: frown)", "smile", -1),
            _expression("Pucker", "pucker"),
            _expression("Widen (below 0: narrow)", "stretch", -1),
            _expression("Raise the upper lip", "lip_raise"),
            _expression("Shift sideways", "mouth_shift", -1),
        ),
    ),
    (
        "Eyes",
        (
            Slider("Look left or right", -1, 1, "gaze", 0),
            Slider("Look down or up", -1, 1, "gaze", 1),
            _expression("Close the left eye", "blink_l"),
            _expression("Close the right eye", "blink_r"),
            _expression("Squint", "squint"),
        ),
    ),
    (
        "Brows",
        (
            _expression("Raise the left brow", "brow_l", -1),
            _expression("Raise the right brow", "brow_r", -1),
            _expression("Furrow", "furrow"),
        ),
    ),
)
"""The sliders as the page shows them; left and right are the picture's."""

SLIDERS = tuple(slider for _, group in GROUPS for slider in group)


def puppet_of(seed: int, number: int) -> puppets.Puppet:
    """Draw one of the puppets that stand to choice.

    Args:
        seed: Of all the puppets.
        number: Which one.
    """
    rng = np.random.default_rng([seed, number])
    return puppets.sample_puppet(rng, puppets.STYLES[number % len(puppets.STYLES)])


def portraits(seed: int) -> list[Frames]:
    """Draw every puppet that stands to choice, (128, 128, 3) uint8 RGB each.

    Args:
        seed: Of all the puppets.
    """
    people = [puppet_of(seed, number) for number in range(PUPPETS)]
    return [puppets.render(puppet, puppet.neutral(), _THUMB).image for puppet in people]


def posed(neutral: FaceParams, values: Sequence[float]) -> FaceParams:
    """Return a face with the sliders' values.

    Args:
        neutral: The face at rest.
        values: One value for each of `SLIDERS`, in its order; values beyond a slider's ends are clipped.
    """
    arrays = {name: np.zeros_like(getattr(neutral, name)) for name in ("expression", "pose", "gaze")}
    for slider, value in zip(SLIDERS, values, strict=True):
        arrays[slider.field][slider.index] = float(np.clip(value, slider.low, slider.high)) * slider.scale
    return replace(neutral, **arrays)


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
    )


def picture(puppet: puppets.Puppet, values: Sequence[float]) -> str:
    """Draw a puppet with the sliders' values, as the source of an `<img>`.

    Args:
        puppet: The puppet.
        values: One value for each of `SLIDERS`.
    """
    return data_address(puppets.render(puppet, posed(puppet.neutral(), values), _LIVE).image)


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
