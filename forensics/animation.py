"""Animate files: decode, track, hand to the generator, seal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generator import AnimateConfig, DriveSequence, FaceParams
from generator.errors import NoFaceError
from watermark import Deployment, Ingredient, SealReceipt, TooSmallError, check_size, read_media

from .errors import InputError
from .forger import load_animator
from .progress import Report, part, silent

Frames = NDArray[np.uint8]
Box = tuple[float, float, float, float]

STILL_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True, slots=True)
class AnimationRequest:
    """What a user asks the generator for.

    Attributes:
        source: Picture whose identity and style stay.
        drive: Clip, picture or saved motion to follow.
        out: Clip, picture or folder of frames to write.
        preset: Size of the model.
        weights: Folder of its weights, None for those in the package.
        steps: Denoising steps, None for the preset's.
        mode: Follow the drive's change, or its pose as it is; None follows the change of a clip and the pose of a
            picture, which has no change.
        seed: Of the denoising.
        box: Where the source's face is, (left, top, right, bottom) in pixels; None looks for it.
    """

    source: Path
    drive: Path
    out: Path
    preset: str = "mini"
    weights: Path | None = None
    steps: int | None = None
    mode: Literal["relative", "absolute"] | None = None
    seed: int = 0
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall time of an animation, by part.

    Attributes:
        total: Everything.
        track: Finding and fitting both faces.
        denoise: Generating.
        mark: Marking.
        encode: Encoding, reading back and signing.
    """

    total: float
    track: float
    denoise: float
    mark: float
    encode: float


@dataclass(frozen=True, slots=True)
class Animation:
    """What came out.

    Attributes:
        path: The file, or the folder of frames.
        receipt: Of the file, or of the first frame.
        frames: How many.
        preset: Of the model.
        seed: Of the denoising.
        seconds: Wall time.
    """

    path: Path
    receipt: SealReceipt
    frames: int
    preset: str
    seed: int
    seconds: Seconds


def animate_file(request: AnimationRequest, deployment: Deployment, report: Report = silent) -> Animation:
    """Animate a source picture by a drive and seal the result.

    Args:
        request: What is wanted.
        deployment: Whose mark and signature it carries.
        report: Is told how far the work is.

    Raises:
        InputError: Source and drive do not fit the output.
        TrackerError: No face was found in the source or the drive.
        WatermarkError: A file cannot be read, or the output cannot be written.
    """
    started = time.perf_counter()
    check_request(request)
    still = load_still(request.source)
    animator = load_animator(request.preset, request.weights)
    report(0.0, "tracking the drive")
    drive = load_drive(request.drive, part(report, 0.0, 0.3))
    check_length(request, drive)
    report(0.3, "tracking the source")
    params = track_source(request.source, still, request.box)
    tracked = time.perf_counter()
    generating = part(report, 0.35, 0.95)
    clip = animator.animate(
        still,
        params,
        drive,
        deployment,
        config=AnimateConfig(steps=request.steps, seed=request.seed, mode=mode_for(request, drive)),
        ingredients=ingredients_of(request),
        title=request.out.name,
        progress=lambda done, total: generating(done / total, f"generating {total} frames"),
    )
    report(0.95, "sealing")
    sealing = time.perf_counter()
    receipt = clip.seal(request.out, deployment)
    ended = time.perf_counter()
    seconds = Seconds(
        total=ended - started,
        track=tracked - started,
        denoise=clip.seconds["denoise"],
        mark=clip.seconds["mark"],
        encode=ended - sealing,
    )
    return Animation(request.out, receipt, len(drive), request.preset, request.seed, seconds)


def check_request(request: AnimationRequest) -> None:
    """Refuse an output that cannot be written, before anything slow begins.

    Raises:
        InputError: The suffix is unknown, or the folder it goes to is missing.
    """
    out = request.out
    if out.suffix and out.suffix.lower() not in (*STILL_SUFFIXES, ".mp4"):
        known = ", ".join((".mp4", *STILL_SUFFIXES))
        raise InputError(f"{out}: unknown kind of output; use {known} or a folder", out)
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; make it or choose another one", out)


def check_length(request: AnimationRequest, drive: DriveSequence) -> None:
    """Refuse a drive whose length does not fit the output.

    Raises:
        InputError: A clip of one frame, or a picture of many.
    """
    suffix = request.out.suffix.lower()
    if suffix == ".mp4" and len(drive) < 2:
        raise InputError(f"{request.drive}: a drive of one frame makes no clip; name a .png as output", request.drive)
    if suffix in STILL_SUFFIXES and len(drive) > 1:
        raise InputError(
            f"{request.drive}: a drive of {len(drive)} frames makes no picture; name a .mp4 or a folder as output",
            request.drive,
        )


def mode_for(request: AnimationRequest, drive: DriveSequence) -> Literal["relative", "absolute"]:
    """Choose how motion is carried over where the request leaves it open."""
    return request.mode or ("absolute" if len(drive) == 1 else "relative")


def ingredients_of(request: AnimationRequest) -> tuple[Ingredient, ...]:
    """Name the files that go into the claim; a saved motion holds no picture and is left out."""
    files = (request.source, request.drive)
    return tuple(Ingredient(path, path.name, "inputTo") for path in files if path.suffix.lower() != ".npz")


def load_still(path: Path) -> Frames:
    """Read the source picture.

    Args:
        path: The file.

    Raises:
        InputError: It is a clip, or too small to carry a mark.
        MediaError: It cannot be read.
    """
    media = read_media(path, max_frames=1)
    if media.fps is not None:
        raise InputError(f"{path}: is a clip; a source is a picture", path)
    try:
        check_size(media.height, media.width)
    except TooSmallError as error:
        raise InputError(f"{path}: {error}", path) from error
    return np.asarray(media.frames[0], dtype=np.uint8)


def load_drive(path: Path, report: Report = silent) -> DriveSequence:
    """Read a saved motion, or track the face of a clip or picture.

    Args:
        path: A `.npz` motion, a clip or a picture.
        report: Is told how far the tracking is.

    Raises:
        MotionFileError: The file is no motion.
        TrackerError: No face was found, or the tracker is not installed; the message names the file.
        MediaError: The file cannot be read.
    """
    if path.suffix.lower() == ".npz":
        return DriveSequence.load(path)
    from generator.trackers import track_clip

    media = read_media(path)

    def stepped(done: int, total: int) -> None:
        report(done / total, "tracking the drive")

    with _named(path):
        return track_clip(media.frames, media.fps or 25.0, progress=stepped)


def track_source(path: Path, still: Frames, box: Box | None = None) -> FaceParams:
    """Track the face of the source picture.

    Args:
        path: The file, for the message.
        still: (H, W, 3) uint8 RGB.
        box: Where the face is, (left, top, right, bottom) in pixels; None looks for it.

    Raises:
        TrackerError: No face was found, or the tracker is not installed; the message names the file.
    """
    from generator.trackers import track_still

    with _named(path):
        return track_still(still, box=box)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Put the file's name in front of a tracker's message, which knows pixels only."""
    try:
        yield
    except NoFaceError as error:
        raise InputError(f"{path}: {error}", path) from error
