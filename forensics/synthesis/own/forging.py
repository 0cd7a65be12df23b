"""Forge one of a user's files by another or by itself, marked and sealed; the credential names both files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.corpus import Segment, save_masks
from forensics.synthesis.forgeries import (
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
    warp_by_landmarks,
)
from forensics.synthesis.generator_forger import GeneratorForger
from generator import AnimateConfig, DriveSequence, Retarget, align
from watermark import Claim, Deployment, Ingredient, Payload, PayloadKind, SourceType, mark, seal

from .dealing import CONTROL, Planned
from .reading import Limits, Opened, Take, faces_of, take

Frames = NDArray[np.uint8]

_STEADY = (*range(27, 31), 36, 39, 42, 45)
"""Landmarks that an expression moves least: the ridge of the nose and the corners of the eyes."""

_BROWLESS = (*range(27, 36), *range(48, 68), *range(4, 13))
"""Landmarks that lids and brows do not move."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was written.

    Attributes:
        mark_id: Mark in the pixels.
        frames: Number of frames. height: Pixels. width: Pixels.
        mask: Path of the mask, relative to the corpus folder, None where there is none.
        segments: Altered parts of a clip; empty where all of it was altered.
    """

    mark_id: str
    frames: int
    height: int
    width: int
    mask: str | None
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every forgery of a corpus shares.

    Attributes:
        root: The corpus folder.
        limits: How much of each file is used.
        forger: The generator.
        deployment: The deployment whose mark and signature the forgeries carry.
        statement: What the user states about the right to use the files, empty for nothing.
    """

    root: Path
    limits: Limits
    forger: GeneratorForger
    deployment: Deployment
    statement: str

    def take(self, opened: Opened) -> Take:
        """Return frames and face of a file."""
        return take(self.root, opened.file.path, opened.sha256, self.limits)

    def ingredients(self, planned: Planned) -> tuple[Ingredient, ...]:
        """Return the files of a forgery: the altered one as its parent, the other as input."""
        base = planned.base
        other = planned.drive if base is planned.look else planned.look
        used = [Ingredient(base.file.path, base.file.path.name, "parentOf", self.statement)]
        if other is not base:
            used.append(Ingredient(other.file.path, other.file.path.name, "inputTo", self.statement))
        return tuple(used)


def forge(workshop: Workshop, planned: Planned) -> Made:
    """Make and seal one forgery, or a control.

    Raises:
        MediaError: A file cannot be read any more.
        GeneratorError: The generator cannot use source and drive.
        WatermarkError: The file cannot be written or read back; then none is left.
    """
    path = workshop.root / planned.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if planned.method in ("reenactment", "self-reenactment"):
        still, params = _straightest(workshop.take(planned.look))
        drive = workshop.take(planned.drive).drive
        config = AnimateConfig(seed=planned.seed, paste_back=True)
        clip = workshop.forger.animator.animate(
            still, params[0], drive, workshop.deployment, config=config, ingredients=workshop.ingredients(planned),
            title=path.name,
        )  # fmt: skip
        count, height, width, _ = clip.frames.shape
        return Made(clip.seal(path, workshop.deployment).payload.hex, count, height, width, None)
    edited = _edited(workshop, planned)
    mask = None
    if edited.masks is not None:
        mask = f"masks/{planned.id}.npz"
        save_masks(edited.masks, workshop.root / mask)
    count, height, width, _ = edited.frames.shape
    segments = edited.segments(planned.drive.fps if planned.is_clip else None)
    return Made(_seal(workshop, planned, edited.frames, path), count, height, width, mask, segments)


def _edited(workshop: Workshop, planned: Planned) -> Edited:
    rng, look = np.random.default_rng(planned.seed), workshop.take(planned.look)
    match planned.method:
        case "control":
            return Edited(look.footage.frames, look.footage.faces, None)
        case "codec-twin":
            return recode(look.footage)
        case "self-blend":
            return blend_with_itself(look.footage, rng)
        case "mouth-edit" | "eyes-edit":
            mouth = planned.method == "mouth-edit"
            other = _other_moment(look.footage, rng, _STEADY if mouth else _BROWLESS)
            return edit_region(look.footage, other, MOUTH if mouth else EYES, joined=mouth)
        case "mesh-warp":
            still, params = _straightest(look)
            moved = align(params[0], workshop.take(planned.drive).drive, Retarget())
            height, width = still.shape[:2]
            targets = faces_of(_with_residual(moved, params), height, width)
            return warp_by_landmarks(still, faces_of(params, height, width).landmarks[0], targets)
        case "face-swap" | "partial-swap":
            still, params = _straightest(look)
            target = workshop.take(planned.drive).footage
            swapped = swap_faces(target, still, faces_of(params, *still.shape[:2]).landmarks[0])
            if planned.method == "face-swap":
                return swapped
            return confine(swapped, target, sample_parts(len(target.frames), rng))
    raise ValueError(f"{planned.method!r} is no forgery of own files")


def _straightest(look: Take) -> tuple[Frames, DriveSequence]:
    """Return the frame of a file that is turned least, and its face."""
    index = int(np.abs(look.drive.pose).sum(1).argmin())
    return look.footage.frames[index], look.drive.take([index])


def _with_residual(moved: DriveSequence, still: DriveSequence) -> DriveSequence:
    """Return a motion with what a still's own face leaves of the head."""
    if still.residual is None:
        return moved
    return replace(moved, residual=np.repeat(still.residual, len(moved), 0))


def _other_moment(footage: Footage, rng: np.random.Generator, steady: tuple[int, ...]) -> Footage:
    """Return other frames of a clip, moved until the steady landmarks lie over those of each frame."""
    count = len(footage.frames)
    shift = int(rng.integers(max(1, count // 4), max(2, 3 * count // 4 + 1)))
    frames, landmarks = [], []
    for index, points in enumerate(footage.faces.landmarks):
        other = (index + shift) % count
        theirs = footage.faces.landmarks[other]
        move, _ = cv2.estimateAffinePartial2D(theirs[list(steady)], points[list(steady)], method=cv2.LMEDS)
        if move is None:
            move = np.eye(2, 3)
        height, width = footage.frames.shape[1:3]
        frames.append(cv2.warpAffine(footage.frames[other], move, (width, height), borderMode=cv2.BORDER_REPLICATE))
        landmarks.append((theirs @ move[:, :2].T + move[:, 2]).astype(np.float32))
    faces = footage.faces
    return Footage(np.stack(frames).astype(np.uint8), type(faces)(faces.frames, faces.boxes, np.stack(landmarks)))


def _seal(workshop: Workshop, planned: Planned, frames: Frames, path: Path) -> str:
    control = planned.method == CONTROL
    kind = PayloadKind.CONTROL if control else PayloadKind.GENERATED
    payload = Payload.random(np.random.default_rng(planned.seed), kind)
    claim = Claim(
        payload=payload,
        title=path.name,
        agent="facetrail" if control else f"facetrail {planned.method}",
        agent_version=version("facetrail"),
        seed=planned.seed,
        ingredients=workshop.ingredients(planned),
        source_type=SourceType.COMPOSITE if planned.method == "codec-twin" else SourceType.EDITED,
    )
    shown = frames if planned.is_clip else frames[0]
    fps = planned.drive.fps if planned.is_clip else None
    seal(mark(shown, payload, workshop.deployment.mark_key), path, claim, workshop.deployment, fps=fps)
    return payload.hex
