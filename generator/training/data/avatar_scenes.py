"""Draw one avatar at several moments, as a camera would deliver it, track it, and move its layers to each of them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generator.avatars import Avatar, render, sample_motion
from generator.errors import TrackerError
from generator.face.face_params import DriveSequence, Floats
from generator.geometry import LayerMaps, face_in_picture
from generator.network.conditions import expression_input
from generator.trackers import Tracker

from .batch import Picture
from .clip import EYE_LABEL, MOUTH_LABEL

_MOMENTS, _FPS = 120, 25.0
_STILL_FPS = 1.0
"""Moments are tracked as frames a second apart, which no filter smooths."""
_SCALES = (0.22, 0.36)
"""Head scales in picture sides."""
_EYES = ((33, 160, 159, 158, 133, 153, 145, 144), (263, 387, 386, 385, 362, 380, 374, 373))
_LIPS = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A source and T frames of the same face, with the layers of the source moved to each; S is the picture's side.

    Attributes:
        source: (S, S, 3) uint8. target, moved: (T, S, S, 3) uint8.
        guides: (T, S, S, 7) uint8. turned: (T, S/2, S/2, 6) uint8.
        labels: (T, S, S) uint8, 2 on an eye, 3 on the mouth.
        expression: (T, E) float32, the input of the Expression Adapter.
    """

    source: Picture
    target: Picture
    moved: Picture
    guides: Picture
    turned: Picture
    labels: Picture
    expression: Floats

    def arrays(self) -> dict[str, Picture | Floats]:
        """Return the arrays by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def avatar_scene(avatar: Avatar, tracker: Tracker, size: int, targets: int, rng: np.random.Generator) -> Scene | None:
    """Return a scene of an avatar, with parameters as the tracker reads them; None where it finds no face.

    The source is one of the moments, whatever its expression. The camera's faults are the same in all of them.

    Args:
        avatar: The character.
        tracker: A tracker of the layout "arkit".
        size: Side of the pictures in pixels.
        targets: Number of frames beside the source.
        rng: Random generator of motion, framing and faults.
    """
    camera = np.array([rng.uniform(*_SCALES), 0.5 + rng.normal(0, 0.03), 0.48 + rng.normal(0, 0.03)])
    motion = sample_motion(rng, avatar.shape.values, _MOMENTS, _FPS, camera)
    chosen = rng.choice(_MOMENTS, targets + 1, replace=False)
    camera_fault = CameraFault.draw(rng)
    frames = np.stack([
        camera_fault.apply(render(avatar, avatar.driven(motion[int(index)]), size).picture) for index in chosen
    ])  # fmt: skip
    try:
        drive = tracker.track_clip(frames, _STILL_FPS)
    except TrackerError:
        return None
    return scene_of(frames, drive)


def scene_of(frames: Picture, drive: DriveSequence) -> Scene:
    """Move the layers of the first frame to all others; the drive is that of the frames (T + 1, S, S, 3)."""
    draw, size = LayerMaps(frames[0], drive[0]), len(frames[0])
    moments = [drive[index] for index in range(1, len(frames))]
    maps = [draw(moment) for moment in moments]
    return Scene(
        source=frames[0],
        target=frames[1:],
        **{name: np.stack([each[name] for each in maps]) for name in maps[0]},
        labels=np.stack([_labels(face_in_picture(moment, size).points, size) for moment in moments]),
        expression=np.stack([expression_input(moment) for moment in moments]),
    )


def _labels(points: Floats, size: int) -> Picture:
    labels = np.zeros((size, size), np.uint8)
    for part, label in (*((eye, EYE_LABEL) for eye in _EYES), (_LIPS, MOUTH_LABEL)):
        cv2.fillPoly(labels, [np.rint(points[list(part)] - 0.5).astype(np.int32)], label)
    return labels


@dataclass(frozen=True, slots=True)
class CameraFault:
    """What a camera and its file do to all frames of a clip.

    Attributes:
        gain: Factor of the light. gamma: Exponent of the values. blur: Standard deviation in pixels. noise: The same in
            levels. quality: JPEG quality, or None for none.
        seed: Seed of the noise.
    """

    gain: float = 1.0
    gamma: float = 1.0
    blur: float = 0.0
    noise: float = 0.0
    quality: int | None = None
    seed: int = 0

    @staticmethod
    def draw(rng: np.random.Generator) -> CameraFault:
        """Draw a fault; a third of all clips has none."""
        if rng.random() < 1 / 3:
            return CameraFault()
        return CameraFault(
            gain=float(rng.uniform(0.55, 1.25)),
            gamma=float(np.exp(rng.normal(0, 0.25))),
            blur=float(rng.uniform(0.4, 1.1)) if rng.random() < 0.4 else 0.0,
            noise=float(rng.uniform(0, 5)) if rng.random() < 0.4 else 0.0,
            quality=int(rng.integers(35, 96)) if rng.random() < 0.6 else None,
            seed=int(rng.integers(2**31)),
        )

    def apply(self, picture: Picture) -> Picture:
        """Return the picture (S, S, 3) as the camera delivers it."""
        if self == CameraFault():
            return picture
        values = np.clip(self.gain * (picture.astype(np.float32) / 255) ** self.gamma, 0, 1)
        if self.blur:
            values = cv2.GaussianBlur(values, (0, 0), self.blur)
        if self.noise:
            values = values + np.random.default_rng(self.seed).normal(0, self.noise / 255, values.shape)
        out = np.clip(np.rint(255 * values), 0, 255).astype(np.uint8)
        if self.quality is None:
            return out
        packed = cv2.imencode(".jpg", out[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self.quality])[1]
        return np.ascontiguousarray(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))[..., ::-1])
