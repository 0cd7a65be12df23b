"""Render the samples of a synthetic corpus; `plan` decides which samples are made.

Puppets take the place of a camera: their pictures are the genuine class. The generator marks its forgeries itself.
Footage that is edited here is marked and sealed before it is written.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forensics.faces import Faces
from generator import DriveSequence, FaceParams, Retarget, align, puppets
from generator.face import find_layout
from watermark import (
    Claim,
    Deployment,
    Ingredient,
    Payload,
    PayloadKind,
    SealReceipt,
    SourceType,
    encode_clip,
    encode_still,
    mark,
    seal,
)

from .forgeries import (
    EYES,
    MOUTH,
    Edited,
    Footage,
    blend_with_itself,
    edit_region,
    recode,
    swap_faces,
    warp_by_mesh,
)
from .plan import PlannedSample, SynthesisConfig, style_of

Frames = NDArray[np.uint8]


def make_puppet(config: SynthesisConfig, number: int) -> puppets.Puppet:
    """Draw one of a corpus' identities.

    Args:
        config: Settings with the seed.
        number: Number of the identity.
    """
    rng = np.random.default_rng([config.seed, 3, number])
    return puppets.sample_puppet(rng, style_of(number))


def sample_drive(config: SynthesisConfig, number: int, motion: int, *, is_still: bool) -> DriveSequence:
    """Draw one of an identity's motions.

    Args:
        config: Settings with seed, length and rate.
        number: Number of the identity.
        motion: Number of the motion.
        is_still: Whether one frame is enough.
    """
    rng = np.random.default_rng([config.seed, 4, number, motion])
    frames = 1 if is_still else config.frames
    return puppets.sample_motion(rng, make_puppet(config, number), frames, config.fps)


def render_clip(puppet: puppets.Puppet, drive: DriveSequence, size: int) -> Footage:
    """Render a puppet frame by frame.

    Args:
        puppet: The puppet.
        drive: Its motion.
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
    """The generator's output: marked frames that can seal themselves."""

    def seal(self, path: Path, deployment: Deployment) -> SealReceipt:
        """Write the clip, marked and signed."""


class Forger(Protocol):
    """The interface that animates a source picture by a drive; the generator behind `open_forger` implements it."""

    @property
    def method(self) -> str:
        """Return the name of the method in the manifest."""

    def forge(self, still: Frames, params: FaceParams, drive: DriveSequence, seed: int) -> MarkedClip:
        """Return the marked clip; a drive of one frame makes a still.

        Args:
            still: (H, W, 3) uint8 RGB source picture.
            params: The source's face parameters.
            drive: The motion.
            seed: Seed of the denoising.
        """


def ground_truth(config: SynthesisConfig, planned: PlannedSample) -> tuple[puppets.Puppet, DriveSequence]:
    """Return the puppet of a sample's footage and its true motion.

    Args:
        config: The corpus' settings.
        planned: The planned sample with source and drive.

    Returns:
        The puppet whose head is seen, and the drive's motion aligned to it and to its place in the picture.
    """
    drive = sample_drive(config, planned.drive, planned.motion, is_still=planned.is_still)
    if planned.method == "face-swap":
        return make_puppet(config, planned.drive), drive
    source = source_of(config, planned)
    if planned.source == planned.drive:
        return source, drive
    return source, align(source.neutral(), drive, Retarget(mode="absolute"))


def source_of(config: SynthesisConfig, planned: PlannedSample) -> puppets.Puppet:
    """Return the puppet whose look a sample shows; for `whole-puppet` it is one that no other sample shows."""
    if planned.method != "whole-puppet":
        return make_puppet(config, planned.source)
    rng = np.random.default_rng([config.seed, 5, planned.source, planned.motion])
    return puppets.sample_puppet(rng, style_of(planned.source))


def edit(config: SynthesisConfig, planned: PlannedSample, footage: Footage) -> Edited:
    """Forge by editing.

    Args:
        config: The corpus' settings.
        planned: What is forged, and how.
        footage: What `ground_truth` gives, rendered.
    """
    rng = np.random.default_rng(planned.seed)
    match planned.method:
        case "codec-twin":
            return recode(footage)
        case "self-blend":
            return blend_with_itself(footage, rng)
        case "face-swap":
            still = puppets.render(source := make_puppet(config, planned.source), source.neutral(), config.size)
            return swap_faces(footage, still.image, still.landmarks)
        case "mesh-warp":
            own = sample_drive(config, planned.source, planned.motion, is_still=planned.is_still)
            straight = own[int(np.abs(own.pose).sum(1).argmin())]
            source, played = ground_truth(config, planned)
            return warp_by_mesh(puppets.render(source, straight, config.size).image, straight, played, footage.faces)
        case "mouth-edit" | "eyes-edit":
            return _edit_part(config, planned, footage, rng)
    raise ValueError(f"{planned.method!r} is no edit")


def _edit_part(config: SynthesisConfig, planned: PlannedSample, footage: Footage, rng: np.random.Generator) -> Edited:
    """Replace the mouth, or eyes, brows and gaze, by those of another take of the same puppet."""
    puppet, played = ground_truth(config, planned)
    take = puppets.sample_motion(rng, puppet, len(played), config.fps)
    mouth = planned.method == "mouth-edit"
    layout = find_layout(played.face_model)
    moving = list(layout.mouth) if mouth else [i for i in range(len(layout.expression)) if i not in layout.mouth]
    expression = played.expression.copy()
    expression[:, moving] = take.expression[:, moving]
    other = replace(played, expression=expression, gaze=played.gaze if mouth else take.gaze)
    return edit_region(footage, render_clip(puppet, other, config.size), MOUTH if mouth else EYES, joined=mouth)


def source_still(puppet: puppets.Puppet, size: int) -> Frames:
    """Draw the still that a puppet is animated from; it looks straight ahead.

    Args:
        puppet: The puppet.
        size: Height and width, pixels.
    """
    neutral: FaceParams = puppet.neutral()
    return puppets.render(puppet, neutral, size).image


def encode_genuine(footage: Footage, path: Path, config: SynthesisConfig, *, is_still: bool) -> None:
    """Write genuine footage through the encoder that forged files also pass through.

    Args:
        footage: The footage to write.
        path: Path of the file.
        config: Settings with the frame rate.
        is_still: Whether to write a picture.
    """
    if is_still:
        encode_still(footage.frames[0], path)
    else:
        encode_clip(footage.frames, path, config.fps)


def seal_control(
    footage: Footage, path: Path, twin: Path, config: SynthesisConfig, planned: PlannedSample, deployment: Deployment
) -> SealReceipt:
    """Write genuine footage with a control mark, so that it differs from its plain twin only by the mark.

    Args:
        footage: The footage to write.
        path: Path of the file.
        twin: The plain file of the same footage, recorded as the opened file.
        config: Settings with the frame rate.
        planned: The planned sample with its seed.
        deployment: The deployment whose key and identity are used.
    """
    payload = Payload.random(np.random.default_rng(planned.seed), PayloadKind.CONTROL)
    return _seal(footage.frames, path, twin, payload, config, planned, deployment)


def seal_edit(
    edited: Edited, path: Path, genuine: Path, config: SynthesisConfig, planned: PlannedSample, deployment: Deployment
) -> SealReceipt:
    """Mark and write edited footage; its credential names the genuine file as the opened one.

    Args:
        edited: The footage to write.
        path: Path of the file.
        genuine: The file of the footage before the edit.
        config: Settings with the frame rate.
        planned: The planned sample with method and seed.
        deployment: The deployment whose key and identity are used.
    """
    payload = Payload.random(np.random.default_rng(planned.seed), PayloadKind.GENERATED)
    return _seal(edited.frames, path, genuine, payload, config, planned, deployment)


def _seal(
    frames: Frames,
    path: Path,
    parent: Path,
    payload: Payload,
    config: SynthesisConfig,
    planned: PlannedSample,
    deployment: Deployment,
) -> SealReceipt:
    claim = Claim(
        payload=payload,
        title=path.name,
        agent=" ".join(word for word in ("facetrail", planned.method) if word),
        agent_version=version("facetrail"),
        seed=planned.seed,
        ingredients=(Ingredient(parent, parent.name, "parentOf"),),
        source_type=SourceType.COMPOSITE if planned.method == "codec-twin" else SourceType.EDITED,
    )
    shown = frames[0] if planned.is_still else frames
    fps = None if planned.is_still else config.fps
    return seal(mark(shown, payload, deployment.mark_key), path, claim, deployment, fps=fps)
