"""The four ways a synthetic sample is made. Nothing here decides what is made; `plan` does.

Puppets are the camera: their pictures are the genuine class. Only the animator's output is forged, and it leaves the
generator marked.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generator import DriveSequence, FaceParams, Retarget, align, puppets
from watermark import (
    Claim,
    Deployment,
    Ingredient,
    Payload,
    PayloadKind,
    SealReceipt,
    encode_clip,
    encode_still,
    mark,
    seal,
)

from ..faces import Faces
from .plan import PlannedSample, SynthesisConfig

Frames = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Frames a puppet really played, and where its face was.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB.
        faces: Box and landmarks of every frame.
    """

    frames: Frames
    faces: Faces


def cast_puppet(config: SynthesisConfig, number: int) -> puppets.Puppet:
    """Draw one of a corpus' identities; styles take turns, so that every split has many.

    Args:
        config: Gives the seed.
        number: Which identity.
    """
    rng = np.random.default_rng([config.seed, 3, number])
    return puppets.sample_puppet(rng, puppets.STYLES[number % len(puppets.STYLES)])


def direct_motion(config: SynthesisConfig, number: int, motion: int, *, is_still: bool) -> DriveSequence:
    """Draw one of an identity's motions.

    Args:
        config: Gives seed, length and rate.
        number: Which identity.
        motion: Which of its motions.
        is_still: Whether one frame is enough.
    """
    rng = np.random.default_rng([config.seed, 4, number, motion])
    frames = 1 if is_still else config.frames
    return puppets.sample_motion(rng, cast_puppet(config, number), frames, config.fps)


def film(puppet: puppets.Puppet, drive: DriveSequence, size: int) -> Footage:
    """Draw a puppet frame by frame.

    Args:
        puppet: Who plays.
        drive: What it does.
        size: Height and width, pixels.
    """
    shots = [puppets.render(puppet, drive[index], size) for index in range(len(drive))]
    return Footage(
        frames=np.stack([shot.image for shot in shots]),
        faces=Faces(
            frames=np.arange(len(shots)),
            boxes=np.asarray([shot.box for shot in shots], dtype=np.float32),
            landmarks=np.stack([shot.landmarks for shot in shots]),
        ),
    )


class MarkedClip(Protocol):
    """What the generator hands out: marked frames that know how to seal themselves."""

    def seal(self, path: Path, deployment: Deployment) -> SealReceipt:
        """Write the clip, marked and signed."""


class Forger(Protocol):
    """Moves a source picture by a drive; the generator behind `open_forger` is one."""

    @property
    def method(self) -> str:
        """Name of the method, as in the manifest."""

    def forge(self, still: Frames, params: FaceParams, drive: DriveSequence, seed: int) -> MarkedClip:
        """Return the marked clip; a drive of one frame makes a still.

        Args:
            still: (H, W, 3) uint8 RGB source picture.
            params: The source's face parameters.
            drive: The motion.
            seed: Of the denoising.
        """


def truth_of(config: SynthesisConfig, planned: PlannedSample) -> tuple[puppets.Puppet, DriveSequence]:
    """Say who plays in a sample and what it really does there.

    Args:
        config: The corpus' settings.
        planned: Which source, which drive.

    Returns:
        The source puppet, and the drive's motion aligned to its head and its place in the picture.
    """
    source = cast_puppet(config, planned.source)
    drive = direct_motion(config, planned.drive, planned.motion, is_still=planned.is_still)
    if planned.source == planned.drive:
        return source, drive
    return source, align(source.neutral(), drive, Retarget(mode="absolute"))


def source_still(puppet: puppets.Puppet, size: int) -> Frames:
    """Draw the still a puppet is animated from: looking straight ahead.

    Args:
        puppet: Whose.
        size: Height and width, pixels.
    """
    neutral: FaceParams = puppet.neutral()
    return puppets.render(puppet, neutral, size).image


def encode_genuine(footage: Footage, path: Path, config: SynthesisConfig, *, is_still: bool) -> None:
    """Write genuine footage through the encoder that forged files pass through as well.

    Args:
        footage: What to write.
        path: Where.
        config: Gives the rate.
        is_still: Whether to write a picture.
    """
    if is_still:
        encode_still(footage.frames[0], path)
    else:
        encode_clip(footage.frames, path, config.fps)


def seal_control(
    footage: Footage, path: Path, twin: Path, config: SynthesisConfig, planned: PlannedSample, deployment: Deployment
) -> SealReceipt:
    """Write genuine footage with a control mark, so that only the mark tells it from its plain twin.

    Args:
        footage: What to write.
        path: Where.
        twin: The plain file of the same footage, recorded as what was opened.
        config: Gives the rate.
        planned: Gives the seed.
        deployment: Whose key and identity.
    """
    payload = Payload.random(np.random.default_rng(planned.seed), PayloadKind.CONTROL)
    claim = Claim(
        payload=payload,
        title=path.name,
        agent="facetrail",
        agent_version=version("facetrail"),
        seed=planned.seed,
        ingredients=(Ingredient(twin, twin.name, "parentOf"),),
    )
    frames = footage.frames[0] if planned.is_still else footage.frames
    fps = None if planned.is_still else config.fps
    return seal(mark(frames, payload, deployment.mark_key), path, claim, deployment, fps=fps)
