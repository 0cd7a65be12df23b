"""Forge and write the samples of a synthetic corpus; `plan` decides which, and `filming` shows the avatars.

The generator marks its forgeries itself. Footage that is edited here is marked and sealed before it is written.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generator import DriveSequence, FaceParams
from generator.avatars import avatar_truth, render, sample_motion
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

from .filming import at_rest, film, find_truth, ground_truth, make_avatar, sample_drive, source_still
from .forgeries import (
    EYES,
    MOUTH,
    Edited,
    Footage,
    blend_with_itself,
    confine,
    edit_region,
    recode,
    sample_parts,
    swap_faces,
    warp_by_truth,
)
from .plan import PlannedSample, SynthesisConfig

Frames = NDArray[np.uint8]


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


def edit(config: SynthesisConfig, planned: PlannedSample, footage: Footage) -> Edited:
    """Forge by editing.

    Args:
        config: The corpus' settings.
        planned: What is forged, and how.
        footage: What `ground_truth` gives, filmed; for `mesh-warp` only its faces count.
    """
    rng = np.random.default_rng(planned.seed)
    match planned.method:
        case "codec-twin":
            return recode(footage)
        case "self-blend":
            return blend_with_itself(footage, rng)
        case "face-swap" | "partial-swap":
            source = make_avatar(config, planned.source)
            face = find_truth(source, DriveSequence.still(at_rest(source), config.fps), config.size)
            swapped = swap_faces(footage, source_still(source, config.size), face.landmarks[0])
            if planned.method == "face-swap":
                return swapped
            return confine(swapped, footage, sample_parts(len(footage.frames), rng))
        case "mesh-warp":
            own = sample_drive(config, planned.source, planned.motion, is_still=planned.is_still)
            straight = own[int(np.abs(own.pose).sum(1).argmin())]
            source, played = ground_truth(config, planned)
            here = avatar_truth(source, straight, config.size, 1)
            moments = (avatar_truth(source, played[index], config.size, 1) for index in range(len(played)))
            return warp_by_truth(render(source, straight, config.size).picture, here, moments, footage.faces)
        case "mouth-edit" | "eyes-edit":
            return _edit_part(config, planned, footage, rng)
    raise ValueError(f"{planned.method!r} is no edit")


def _edit_part(config: SynthesisConfig, planned: PlannedSample, footage: Footage, rng: np.random.Generator) -> Edited:
    """Replace the mouth, or eyes, brows and gaze, by those of another take of the same avatar."""
    avatar, played = ground_truth(config, planned)
    take = sample_motion(rng, avatar.shape.values, len(played), config.fps)
    mouth = planned.method == "mouth-edit"
    layout = find_layout(played.face_model)
    moving = list(layout.mouth) if mouth else [i for i in range(len(layout.expression)) if i not in layout.mouth]
    expression = played.expression.copy()
    expression[:, moving] = take.expression[:, moving]
    other = replace(played, expression=expression, gaze=played.gaze if mouth else take.gaze)
    return edit_region(footage, film(avatar, other, config.size), MOUTH if mouth else EYES, joined=mouth)


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
