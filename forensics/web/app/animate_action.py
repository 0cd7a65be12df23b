"""Animate for the page: from a source and a motion to a sealed file for download."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import numpy as np

from forensics.animation.animate import load_drive, load_still
from forensics.animation.drive_sound import sound_of
from forensics.animation.streamed_clip import open_frames
from forensics.animation.tracking import STILL_RATE, TrackerChoice
from forensics.errors import InputError
from forensics.execution.progress import Report, silent, subrange
from generator import MOTION_SUFFIXES, AnimateConfig, DriveSequence, FaceParams, GeometryAnimator
from generator.avatars import sample_motion
from watermark import Ingredient, SealReceipt

from .context import AppContext
from .pose_sliders import RATE, between, posed
from .sessions import Session
from .source_face import FaceChoice, face_of, file_of

LONGEST_SECONDS = 8
_PREPARED, _TRACKED = 0.1, 0.35


class Motion(StrEnum):
    """The origin of the motion; the page shows the values."""

    SAMPLED = "a sampled motion"
    SLIDERS = "between two poses of the sliders"
    STILL = "hold the pose of the sliders (a picture)"
    DRIVE = "follow a video or a motion file"
    CAMERA = "follow my camera, live"


@dataclass(frozen=True, slots=True)
class AnimateRequest:
    """What the tab was asked for.

    Attributes:
        face: The face that moves.
        motion: Where the motion comes from.
        drive: An uploaded drive.
        start: Values of the sliders at the start, or of the pose that is held.
        end: Their values in the middle.
        seconds: Length of a motion that is made here.
        motion_seed: Of a sampled motion.
        seed: Of the mark.
        whole_picture: Put the face back into the source picture, which keeps its size.
    """

    face: FaceChoice
    motion: Motion
    drive: Path | None
    start: tuple[float, ...]
    end: tuple[float, ...]
    seconds: float = 2.0
    motion_seed: int = 0
    seed: int = 0
    whole_picture: bool = False


@dataclass(frozen=True, slots=True)
class AnimateResult:
    """The result for download.

    Attributes:
        path: The sealed file, named by its mark.
        receipt: Receipt of the seal.
        frames: Number of frames.
    """

    path: Path
    receipt: SealReceipt
    frames: int


def animate(request: AnimateRequest, context: AppContext, session: Session, report: Report = silent) -> AnimateResult:
    """Animate the source of a request and seal the result.

    Args:
        request: The request.
        context: The shared context, with the deployment.
        session: The session whose folder receives the file.
        report: Progress callback.

    Raises:
        InputError: A file is missing or shows no face, or the source carries a mark already.
        GeneratorError: A setting is out of range.
        WatermarkError: A file cannot be read, or the result cannot be written.
        SessionClosedError: The browser has gone.
    """
    report = session.watched(report)
    folder = session.new_folder()
    report(0.0, "looking at the face")
    if request.whole_picture and request.face.upload is not None:
        load_still(request.face.upload, pasted_back=True)
    face = face_of(request.face, context.deployment, session)
    source = file_of(request.face, face, folder)
    drive, ingredients = _drive(request, face.params, subrange(report, _PREPARED, _TRACKED))
    step = subrange(report, _TRACKED, 1.0)

    def drawn(done: int, total: int) -> None:
        step(done / total, f"drawing, marking and sealing {total} frames" if total > 1 else "drawing, marking, sealing")

    made = GeometryAnimator().animate_to(
        folder / ("animation.png" if len(drive) == 1 else "animation.mp4"),
        face.still,
        face.params,
        drive,
        context.deployment,
        config=AnimateConfig(
            seed=request.seed, mode=_mode(request, drive), paste_back=request.whole_picture, anchor=drive.anchor
        ),
        ingredients=(Ingredient(source, source.name, "parentOf" if request.whole_picture else "inputTo"), *ingredients),
        progress=drawn,
        audio_from=_sound(request, drive),
    )
    sealed = made.receipt.path
    named = sealed.with_name(f"facetrail-{made.receipt.payload.hex}{sealed.suffix}")
    sealed.rename(named)
    return AnimateResult(named, made.receipt, made.frames)


def _mode(request: AnimateRequest, drive: DriveSequence) -> Literal["relative", "absolute"]:
    """Return how the motion is transferred: poses of the sliders are those of the source itself."""
    by_hand = request.motion in (Motion.SLIDERS, Motion.STILL)
    return "absolute" if by_hand or len(drive) == 1 else "relative"


def _drive(request: AnimateRequest, source: FaceParams, report: Report) -> tuple[DriveSequence, tuple[Ingredient, ...]]:
    if request.motion is not Motion.DRIVE:
        return motion_of(request, source), ()
    if request.drive is None:
        raise InputError("choose a video or a motion file for the face to follow, or another kind of motion")
    if request.drive.suffix.lower() in MOTION_SUFFIXES:
        drive = load_drive(request.drive, TrackerChoice())
        _check_length(request.drive, len(drive), drive.fps)
        return drive, ()
    frames, fps = open_frames(request.drive)
    _check_length(request.drive, len(frames), fps or STILL_RATE)
    drive = load_drive(request.drive, TrackerChoice("arkit"), report)
    return drive, (Ingredient(request.drive, request.drive.name, "inputTo"),)


def _sound(request: AnimateRequest, drive: DriveSequence) -> Path | None:
    """Return the video whose sound the animation keeps."""
    if request.motion is not Motion.DRIVE or request.drive is None or len(drive) < 2:
        return None
    return sound_of(request.drive, Path("animation.mp4"), len(drive) / drive.fps).kept


def _check_length(path: Path, frames: int, fps: float) -> None:
    if frames > LONGEST_SECONDS * fps:
        raise InputError(
            f"{path}: is longer than {LONGEST_SECONDS} s; cut it, or use `facetrail animate` without that limit",
            path,
        )


def motion_of(request: AnimateRequest, source: FaceParams) -> DriveSequence:
    """Return the motion of the sliders or a sampled one, for a source.

    Args:
        request: What is wanted; it does not follow a drive.
        source: The face that moves.
    """
    frames = max(2, round(min(request.seconds, LONGEST_SECONDS) * RATE))
    if request.motion is Motion.STILL:
        return DriveSequence.still(posed(source, request.start), RATE)
    if request.motion is Motion.SLIDERS:
        return between(posed(source, request.start), posed(source, request.end), frames)
    return sample_motion(np.random.default_rng(request.motion_seed), source.shape, frames, RATE, source.camera)
