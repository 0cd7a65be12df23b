"""Animate for the page: from a source and a motion to a sealed file for download."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np

from forensics.animation.animate import Frames, load_drive, load_still, refuse_marked, track_source
from forensics.animation.drive_sound import sound_of
from forensics.animation.streamed_clip import open_frames
from forensics.animation.tracking import STILL_RATE, TrackerChoice
from forensics.errors import InputError
from forensics.execution.progress import Report, silent, subrange
from generator import AnimateConfig, DriveSequence, FaceParams, puppets
from watermark import Ingredient, SealReceipt, encode_still

from .context import AppContext
from .pose_sliders import RATE, between, data_address, posed, puppet_of
from .sessions import Session

SOURCE_SIZE = 512
LONGEST_SECONDS = 8
_TRACKED, _LOADED = 0.3, 0.35


class Motion(StrEnum):
    """The origin of the motion; the page shows the values."""

    SAMPLED = "a sampled motion"
    SLIDERS = "between two poses of the sliders"
    STILL = "hold one pose (a picture)"
    DRIVE = "follow a video"


@dataclass(frozen=True, slots=True)
class AnimateRequest:
    """What the tab was asked for.

    Attributes:
        upload: An uploaded source, None for a puppet.
        puppets_seed: Of the puppets that stand to choice.
        puppet: Which of them.
        motion: Where the motion comes from.
        drive: An uploaded drive.
        start: Values of the sliders at the start, or of the pose that is held.
        end: Their values in the middle.
        seconds: Length of a motion that is made here.
        motion_seed: Of a sampled motion.
        steps: Denoising steps, None for the model's own.
        seed: Of the noise and the mark.
        whole_picture: Put the face back into the source picture, which keeps its size.
    """

    upload: Path | None
    puppets_seed: int
    puppet: int
    motion: Motion
    drive: Path | None
    start: tuple[float, ...]
    end: tuple[float, ...]
    seconds: float = 2.0
    motion_seed: int = 0
    steps: int | None = None
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
        context: Generator and deployment.
        session: The session whose folder receives the file.
        report: Progress callback.

    Raises:
        InputError: A file is missing or shows no face, or source and drive do not fit.
        GeneratorError: A setting is out of range.
        WatermarkError: A file cannot be read, or the result cannot be written.
        LeftError: The browser has gone.
    """
    report = session.watched(report)
    folder = session.new_folder()
    report(0.0, "reading the source")
    still, params, source = _source(request, folder)
    if request.whole_picture:
        refuse_marked(source, still, context.deployment)
    drive, ingredients = _drive(request, subrange(report, 0.0, _TRACKED))
    report(_TRACKED, "loading the model")
    animator = context.animator()
    step = subrange(report, _LOADED, 1.0)

    def drawn(done: int, total: int) -> None:
        step(done / total, f"drawing, marking and sealing {total} frames" if total > 1 else "drawing, marking, sealing")

    made = animator.animate_to(
        folder / ("animation.png" if len(drive) == 1 else "animation.mp4"),
        still,
        params,
        drive,
        context.deployment,
        config=AnimateConfig(
            steps=request.steps,
            seed=request.seed,
            mode="relative" if len(drive) > 1 and request.motion is Motion.DRIVE else "absolute",
            paste_back=request.whole_picture,
        ),
        ingredients=(Ingredient(source, source.name, "parentOf" if request.whole_picture else "inputTo"), *ingredients),
        progress=drawn,
        audio_from=_sound(request, drive),
    )
    sealed = made.receipt.path
    named = sealed.with_name(f"facetrail-{made.receipt.payload.hex}{sealed.suffix}")
    sealed.rename(named)
    return AnimateResult(named, made.receipt, made.frames)


def _source(request: AnimateRequest, folder: Path) -> tuple[Frames, FaceParams, Path]:
    if request.upload is not None:
        still = load_still(request.upload, pasted_back=request.whole_picture)
        return still, track_source(request.upload, still, TrackerChoice()), request.upload
    puppet = puppet_of(request.puppets_seed, request.puppet)
    still = puppets.render(puppet, puppet.neutral(), SOURCE_SIZE).image
    path = folder / f"puppet-{request.puppets_seed}-{request.puppet}.png"
    encode_still(still, path)
    return still, puppet.neutral(), path


def _drive(request: AnimateRequest, report: Report) -> tuple[DriveSequence, tuple[Ingredient, ...]]:
    if request.motion is not Motion.DRIVE:
        return motion_of(request), ()
    if request.drive is None:
        raise InputError("choose a video for the face to follow, or another kind of motion")
    if request.drive.suffix.lower() == ".npz":
        drive = load_drive(request.drive, TrackerChoice())
        _check_length(request.drive, len(drive), drive.fps)
        return drive, ()
    frames, fps = open_frames(request.drive)
    _check_length(request.drive, len(frames), fps or STILL_RATE)
    drive = load_drive(request.drive, TrackerChoice(), report)
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


def motion_of(request: AnimateRequest) -> DriveSequence:
    """Make the motion of the sliders or a sampled one, for the puppet that was asked for.

    Args:
        request: What is wanted; it does not follow a drive.
    """
    puppet = puppet_of(request.puppets_seed, request.puppet)
    neutral = puppet.neutral()
    frames = max(2, round(min(request.seconds, LONGEST_SECONDS) * RATE))
    if request.motion is Motion.STILL:
        return DriveSequence.still(posed(neutral, request.start), RATE)
    if request.motion is Motion.SLIDERS:
        return between(posed(neutral, request.start), posed(neutral, request.end), frames)
    return puppets.sample_motion(np.random.default_rng(request.motion_seed), puppet, frames, RATE)


def play(request: AnimateRequest, report: Report = silent) -> str:
    """Draw a motion on the puppet itself, small, as the source of an `<img>`, without the generator.

    Args:
        request: The request.
        report: Progress callback.

    Raises:
        InputError: The motion follows a drive, which is only tracked for the animation itself.
    """
    if request.motion is Motion.DRIVE:
        raise InputError("a video's motion is read when it is animated; choose another kind of motion to see it first")
    puppet, motion = puppet_of(request.puppets_seed, request.puppet), motion_of(request)
    shots = []
    for index in range(len(motion)):
        report(index / len(motion), "drawing the motion")
        shots.append(puppets.render(puppet, motion[index], 160).image)
    return data_address(shots[0]) if len(shots) == 1 else _moving(shots, motion.fps)


def _moving(shots: list[Frames], fps: float) -> str:
    """Return frames as the source of an animated WebP."""
    moving = cv2.Animation()
    moving.frames = [np.ascontiguousarray(shot[..., ::-1]) for shot in shots]
    moving.durations = [round(1000 / fps)] * len(shots)
    done, buffer = cv2.imencodeanimation(".webp", moving)
    if not done:
        raise InputError("the motion cannot be drawn here; animate it at once")
    return f"data:image/webp;base64,{base64.b64encode(buffer.tobytes()).decode()}"
