"""Build the cases on which a generator is measured: one avatar driven by another's motion, with every true frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from generator import DriveSequence, FaceParams
from generator.avatars import (
    Avatar,
    FrameTruth,
    avatar_truth,
    coefficients,
    render,
    sample_avatar,
    sample_motion,
    with_residual,
)

from .reading import Pictures, Readings, true_readings

COPY, GEOMETRY, TRUTH = "copy of the source", "geometry", "true frames"
"""Names of what is measured beside a network; `geometry` is the preset of that name."""

STILL = 4
"""Number of equal moments with open eyes at the end of every drive; one more moment with shut eyes follows."""

LONGEST = 60
"""Number of moments of the drawn motion from which the measured ones are taken."""

FRAMING = (0.28, 0.36)
"""Least and largest scale of a source's head, in picture sides: every generator takes such a picture whole."""

_RATE = 12.5


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One avatar to animate.

    Attributes:
        name: Name of the avatar, for intervals over identities.
        source: The avatar.
        picture: (S, S, 3) its picture at rest.
        params: Its face in that picture.
        drive: Another avatar's motion: `moving` consecutive moments, then `STILL` equal ones with open eyes, then one
            with shut eyes.
        moving: Number of moving moments.
    """

    name: str
    source: Avatar
    picture: Pictures
    params: FaceParams
    drive: DriveSequence
    moving: int


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The true frames of a case.

    Attributes:
        pictures: (T, S, S, 3) what a perfect generator would draw.
        frames: What is known of every pixel of them.
        motion: The aligned motion they were drawn from.
        readings: The true places and values of the face.
    """

    pictures: Pictures
    frames: tuple[FrameTruth, ...]
    motion: DriveSequence
    readings: Readings


def sample_case(seed: int, number: int, styles: Sequence[str], moving: int, size: int) -> Case:
    """Draw an avatar and another one's motion; the same seed and number produce the same case.

    Args:
        seed: A seed that training does not use.
        number: Number of the case; styles alternate.
        styles: Styles of the sources; drivers have none, because only their motion is used.
        moving: Consecutive moments of motion, 2 to 60.
        size: Side of the pictures.
    """
    rng = np.random.default_rng((seed, number))
    own, other = (int(value) for value in rng.integers(1 << 31, size=2))
    source = sample_avatar(own, styles[number % len(styles)])
    camera = np.array([rng.uniform(*FRAMING), 0.5, 0.5], np.float32)
    params = with_residual(source, replace(source.params(), camera=camera))
    motion = sample_motion(rng, sample_avatar(other, "real").shape.values, LONGEST, _RATE, camera)
    start = int(rng.integers(LONGEST - moving + 1))
    drive = _resting(motion.take(range(start, start + moving)), camera)
    return Case(f"{source.style} {own}", source, render(source, params, size).picture, params, drive, moving)


def _resting(motion: DriveSequence, camera: NDArray[np.floating]) -> DriveSequence:
    """Return a motion with `STILL` moments at rest behind it, and one with shut eyes."""
    count = len(motion)
    held = motion.take([*range(count), *[0] * (STILL + 1)])
    for values, rest in ((held.expression, 0), (held.pose, 0), (held.gaze, 0), (held.camera, camera)):
        values[count:] = rest
    held.expression[-1] = coefficients({"eyeBlink": 1.0})
    return held


def draw_truth(case: Case, motion: DriveSequence) -> Truth:
    """Draw the frames that a perfect generator would produce.

    Args:
        case: The case with the source.
        motion: The drive aligned to it, as recorded in the generator's clip.
    """
    size = len(case.picture)
    moments = [case.source.driven(motion[index]) for index in range(len(motion))]
    pictures = np.stack([render(case.source, moment, size).picture for moment in moments])
    frames = tuple(avatar_truth(case.source, moment, size, samples=1) for moment in moments)
    return Truth(pictures, frames, motion, true_readings(case.source, moments, frames))


def baselines(case: Case, truth: Truth) -> Mapping[str, Pictures]:
    """Return the frames (T, S, S, 3) of the baseline that needs no generator, and the true ones."""
    return {COPY: np.repeat(case.picture[None], len(truth.motion), 0), TRUTH: truth.pictures}
