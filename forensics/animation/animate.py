"""Animate files: decode, track, and pass the frames to the generator, which seals its output."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensics.errors import InputError, UsageError
from forensics.execution.progress import Report, silent, subrange
from forensics.synthesis.generator_forger import Engine, engine_for, open_animator
from generator import (
    MOTION_SUFFIXES,
    AnimateConfig,
    Animator,
    DriveSequence,
    FaceParams,
    GeometryAnimator,
    mouth_never_shuts,
    read_motion,
)
from generator.trackers import TRACKERS, find_tracker, read_landmarks
from watermark import (
    CLIP_SUFFIXES,
    STILL_SUFFIXES,
    Deployment,
    Ingredient,
    SealReceipt,
    TooSmallError,
    check_clip,
    check_size,
    holds_alpha,
    open_clip,
    read_mark,
    read_media,
    sweep,
)

from .drive_sound import DriveSound, sound_of
from .preset_choice import check_settings, choose_preset, choose_tracker
from .small_source import check_source, track_any_size
from .source_faces import best_frame, choose_face, several_faces
from .tracking import TrackerChoice, naming, open_tracker, track_file

_LOG = logging.getLogger(__name__)

Frames = NDArray[np.uint8]

_TRACKING_ENDS = 0.3


@dataclass(frozen=True, slots=True)
class AnimationRequest:
    """A request to the generator.

    Attributes:
        source: Picture whose identity and style are kept, or a clip, of which the sharpest frontal frame is taken.
        drive: Clip, picture or saved motion to follow.
        out: Clip, picture or folder of frames to write.
        engine: The model and the device that it runs on.
        config: Settings of the animation; `mode` decides its mode.
        mode: Whether to follow the drive's change, or its pose itself; None follows the change of a clip and the pose
            of a picture, which has no change.
        tracker: The tracker of both faces; its box and landmarks are the source's.
        fresh: Whether to discard what an interrupted run left, and start again.
        fps: Frames a second of a motion file; None for those that it states.
    """

    source: Path
    drive: Path
    out: Path
    engine: Engine = field(default_factory=Engine)
    config: AnimateConfig = field(default_factory=AnimateConfig)
    mode: Literal["relative", "absolute"] | None = None
    tracker: TrackerChoice = field(default_factory=TrackerChoice)
    fresh: bool = False
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall time of an animation, by part, in seconds.

    Attributes:
        total: The whole animation.
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
    """The result of an animation.

    Attributes:
        path: The file, or the folder of frames.
        receipt: The seal receipt of the file, or of the first frame.
        frames: Number of frames.
        engine: The model and the device that it ran on.
        config: Settings of the animation.
        evaluations: Evaluations of the U-Net per frame.
        continued: Whether an interrupted run had already done a part of the work.
        seconds: Wall time.
        sound: Whether the drive's sound was kept.
        notes: What a person should know about the result, one sentence each.
    """

    path: Path
    receipt: SealReceipt
    frames: int
    engine: Engine
    config: AnimateConfig
    evaluations: float
    continued: bool
    seconds: Seconds
    sound: DriveSound = field(default_factory=DriveSound)
    notes: tuple[str, ...] = ()


def animate_file(
    request: AnimationRequest,
    deployment: Deployment,
    report: Report = silent,
    motions: dict[Path, DriveSequence] | None = None,
) -> Animation:
    """Animate a source picture by a drive and seal the result.

    Args:
        request: The files and settings of the animation.
        deployment: The deployment whose mark and signature the result carries.
        report: Progress callback.
        motions: Motions of drives that were read already with the same tracker; what is read now is added.

    Raises:
        InputError: Source, drive, tracker and weights do not fit each other or the output.
        GeneratorError: A face was not found, weights cannot be used, or a setting is out of range.
        WatermarkError: A file cannot be read, or the output cannot be written.
    """
    started = time.perf_counter()
    check_request(request)
    sweep(request.out.parent)
    chosen = choose_preset(request.engine, request.config, request.drive, request.tracker)
    engine = engine_for(chosen)
    check_settings(engine, request.config)
    request = replace(request, tracker=choose_tracker(request.tracker, engine.face_model))
    check_tracker(request, engine)
    source = load_source(request.source, request.tracker, pasted_back=request.config.paste_back)
    if request.config.paste_back or engine.layered:
        refuse_marked(request.source, source.still, deployment)
    known = {} if motions is None else motions
    if request.drive not in known:
        tracking = subrange(report, 0.0, _TRACKING_ENDS)
        known[request.drive] = load_drive(request.drive, request.tracker, tracking, request.fps)
    drive = known[request.drive]
    if drive.face_model != engine.face_model:
        raise InputError(
            f"{request.drive}: is a motion of the face model {drive.face_model}, and the preset {engine.preset} draws "
            f"{engine.face_model} faces; track the clip again with {_trackers_of(engine.face_model)}",
            request.drive,
        )
    check_length(request, drive)
    sound = sound_of(request.drive, request.out, len(drive) / drive.fps)
    report(0.0, "tracking the source")
    params = track_source(request.source, source.still, request.tracker)
    source = source.noting(_other_faces(request.tracker, source.still))
    report(0.0, "loading the model")
    animator = open_animator(engine)
    tracked = time.perf_counter()
    scene = source, params, drive
    return _generated(request, engine, animator, scene, deployment, report, (started, tracked), sound)


def _generated(
    request: AnimationRequest,
    engine: Engine,
    animator: Animator | GeometryAnimator,
    scene: tuple[SourcePicture, FaceParams, DriveSequence],
    deployment: Deployment,
    report: Report,
    times: tuple[float, float],
    sound: DriveSound,
) -> Animation:
    started, tracked = times
    config = replace(request.config, mode=mode_for(request, scene[2]))
    source, image = scene[0].for_output(request.out, len(scene[2]), layered=engine.layered)
    if config.anchor is None and engine.layered:
        config = replace(config, anchor=scene[2].anchor)
    made = animator.animate_to(
        request.out,
        image,
        *scene[1:],
        deployment,
        config=config,
        ingredients=ingredients_of(request),
        progress=_paced(report, started),
        fresh=request.fresh,
        audio_from=sound.kept,
    )
    ended = time.perf_counter()
    parts = {name: made.seconds.get(name, 0.0) for name in ("denoise", "mark", "encode")}
    seconds = Seconds(total=ended - started, track=tracked - started, **parts)
    return Animation(
        request.out, made.receipt, made.frames, engine, config, made.evaluations, made.continued, seconds, sound,
        (*source.notes, *notes_on(engine, scene[2], config)),
    )  # fmt: skip


def notes_on(engine: Engine, drive: DriveSequence, config: AnimateConfig) -> tuple[str, ...]:
    """Return what a person should know about the motion of a drive."""
    if not engine.layered or config.mode != "relative" or config.anchor is not None:
        return ()
    if mouth_never_shuts(drive):
        return ("the drive's mouth is never shut, so its opening was taken as it is, not relative to a rest",)
    return ()


def _paced(report: Report, started: float) -> Callable[[int, int], None]:
    """Return a progress callback for generation that shows the elapsed share, however long the tracking took."""
    begun = time.perf_counter()

    def progress(done: int, total: int) -> None:
        now = time.perf_counter()
        left = (now - begun) * (total - done) / max(done, 1)
        report((now - started) / (now - started + left), f"generating {total} frames")

    return progress


def check_request(request: AnimationRequest) -> None:
    """Check that the output can be written, before anything slow begins.

    Raises:
        InputError: The suffix is unknown, or the output's folder is missing.
    """
    out = request.out
    if out.suffix and out.suffix.lower() not in (*CLIP_SUFFIXES, *STILL_SUFFIXES):
        known = ", ".join(dict.fromkeys((*CLIP_SUFFIXES, *STILL_SUFFIXES)))
        raise InputError(f"{out}: unknown kind of output; use {known} or a folder", out)
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; make it or choose another one", out)


def check_tracker(request: AnimationRequest, engine: Engine) -> None:
    """Check that the tracker uses the face model of the weights, before it tracks.

    Raises:
        UsageError: The tracker reads another face model.
    """
    reads = find_tracker(request.tracker.name or TRACKERS[0].name).face_model
    if reads != engine.face_model:
        raise UsageError(
            f"tracker {request.tracker.name} reads {reads} faces and the weights draw {engine.face_model} faces; add "
            f"{_trackers_of(engine.face_model)}"
        )


def _trackers_of(face_model: str) -> str:
    return " or ".join(f"--tracker {spec.name}" for spec in TRACKERS if spec.face_model == face_model)


def check_length(request: AnimationRequest, drive: DriveSequence) -> None:
    """Check that the length of the drive fits the output.

    Raises:
        InputError: The output is a clip of one frame, or a picture of many frames.
        MediaError: The output's format cannot show so many frames a second.
    """
    suffix = request.out.suffix.lower()
    if not suffix:
        return
    if len(drive) < 2 and suffix not in STILL_SUFFIXES:
        raise InputError(f"{request.drive}: a drive of one frame makes no clip; name a .png as output", request.drive)
    if len(drive) > 1 and suffix not in CLIP_SUFFIXES:
        raise InputError(
            f"{request.drive}: a drive of {len(drive)} frames makes no picture; name one of "
            f"{', '.join(CLIP_SUFFIXES)} or a folder as output",
            request.drive,
        )
    if len(drive) > 1:
        check_clip(request.out, drive.fps)


def mode_for(request: AnimationRequest, drive: DriveSequence) -> Literal["relative", "absolute"]:
    """Return how motion is transferred where the request leaves it open."""
    return request.mode or ("absolute" if len(drive) == 1 else "relative")


def ingredients_of(request: AnimationRequest) -> tuple[Ingredient, ...]:
    """Return the files that the claim names; a saved motion contains no picture and is left out.

    With paste-back the result is derived from the source, which is then its parent.
    """
    source = Ingredient(request.source, request.source.name, "parentOf" if request.config.paste_back else "inputTo")
    if request.drive.suffix.lower() in MOTION_SUFFIXES:
        return (source,)
    return source, Ingredient(request.drive, request.drive.name, "inputTo")


@dataclass(frozen=True, slots=True, eq=False)
class SourcePicture:
    """The picture of a source.

    Attributes:
        still: (H, W, 3) uint8 RGB, over white where it is transparent.
        notes: What a person should know about it, one sentence each.
        alpha: (H, W) uint8, how opaque each pixel of a transparent picture is; None for others.
    """

    still: Frames
    notes: tuple[str, ...] = ()
    alpha: Frames | None = None

    def noting(self, note: str) -> SourcePicture:
        """Return the picture with a further note; an empty one is none."""
        return replace(self, notes=(*self.notes, note)) if note else self

    def for_output(self, out: Path, frames: int, *, layered: bool) -> tuple[SourcePicture, Frames]:
        """Return the picture, with a note where its transparency is lost, and the array to animate: RGB or RGBA."""
        if self.alpha is None:
            return self, self.still
        if not layered:
            return self.noting("the source is transparent, and networks that draw whole pictures put it on white"), (
                self.still
            )
        if not holds_alpha(out, moving=frames > 1):
            way = ".webp, .mov, .webm or a folder" if frames > 1 else ".png or .webp"
            return self.noting(
                f"the source is transparent and {out.suffix} holds no transparency, so it stands on white; name {way}"
            ), self.still
        return self, np.concatenate([self.still, self.alpha[..., None]], -1)


def load_source(path: Path, choice: TrackerChoice, *, pasted_back: bool = False) -> SourcePicture:
    """Read the source picture, or the sharpest frontal frame of a clip.

    Args:
        path: The file.
        choice: The tracker, whose face mesh finds the face in a clip.
        pasted_back: Whether the result is put back into the picture, which must then be able to carry the mark.

    Raises:
        InputError: The picture is too small, or the clip shows no face.
        GeneratorError: The tracker cannot be loaded.
        MediaError: The file cannot be read.
    """
    if read_media(path, max_frames=1).fps is None:
        return SourcePicture(load_still(path, pasted_back=pasted_back), alpha=read_media(path).alpha)
    clip = open_clip(path)
    index, still = best_frame(clip, open_tracker(choice))
    _check_still(path, still, pasted_back=pasted_back)
    return SourcePicture(still, (f"the source is frame {index} of {path.name}, the sharpest that faces the camera",))


def _other_faces(choice: TrackerChoice, still: Frames) -> str:
    """Return a line about further faces, where nothing was said about which one is meant."""
    if choice.box is not None or choice.landmarks is not None or choice.face is not None:
        return ""
    return several_faces(open_tracker(choice), still)


def load_still(path: Path, *, pasted_back: bool = False) -> Frames:
    """Read the source picture.

    Args:
        path: The file.
        pasted_back: Whether the result is put back into the picture, which must then be able to carry the mark.

    Raises:
        InputError: The file is a clip, or is too small.
        MediaError: The file cannot be read.
    """
    media = read_media(path, max_frames=1)
    if media.fps is not None:
        raise InputError(f"{path}: is a clip; a source is a picture", path)
    _LOG.info("opened %s: %s", path, media)
    still = np.asarray(media.frames[0], dtype=np.uint8)
    _check_still(path, still, pasted_back=pasted_back)
    return still


def _check_still(path: Path, still: Frames, *, pasted_back: bool) -> None:
    check_source(path, still)
    if pasted_back:
        try:
            check_size(*still.shape[:2])
        except TooSmallError as error:
            raise InputError(f"{path}: {error}; without --paste-back it is large enough", path) from error


def refuse_marked(path: Path, still: Frames, deployment: Deployment) -> None:
    """Check that the source carries no mark of this deployment, which would conflict with the new one.

    Raises:
        InputError: The source carries a mark of this deployment.
    """
    found = read_mark(still, deployment.mark_keys, search=0)
    if found.present:
        raise InputError(
            f"{path}: carries mark {found.id or 'of this deployment'} already, which would be kept beside the "
            "new one; take the unmarked original, or animate with --preset mini and without --paste-back",
            path,
        )


def load_drive(path: Path, choice: TrackerChoice, report: Report = silent, fps: float | None = None) -> DriveSequence:
    """Read a saved motion, or track the face of a clip or picture.

    Args:
        path: A motion file, a clip or a picture.
        choice: The tracker; what says where the face is belongs to the source and is not used.
        report: Progress callback.
        fps: Frames a second of a motion file; None for those that it states.

    Raises:
        MotionFileError: The file is not a motion.
        UsageError: The drive is not a motion file, and a frame rate is given.
        InputError: No face was found; the message names the file, the frames and the choices.
        GeneratorError: The tracker cannot be loaded.
        MediaError: The file cannot be read.
    """
    if path.suffix.lower() in MOTION_SUFFIXES:
        motion = read_motion(path, fps)
        _LOG.info("read the motion %s: %d frames of a %s face", path, len(motion), motion.face_model)
        return motion
    if fps is not None:
        raise UsageError(f"--fps is for motion files ({', '.join(MOTION_SUFFIXES)}); {path} has a rate of its own")
    report(0.0, "tracking the drive")
    try:
        return track_file(path, replace(choice, box=None, landmarks=None, face=None), report)
    except InputError as error:
        raise InputError(f"{error}; `facetrail track` takes them for a drive and writes a motion", path) from error


def track_source(path: Path, still: Frames, choice: TrackerChoice) -> FaceParams:
    """Track the face of the source picture.

    Args:
        path: The file, named in error messages.
        still: (H, W, 3) uint8 RGB.
        choice: The tracker, and the place of the face.

    Raises:
        InputError: No face was found; the message names the file and the choices.
        GeneratorError: The tracker cannot be loaded, or the landmarks are not usable.
    """
    landmarks = None if choice.landmarks is None else read_landmarks(choice.landmarks)
    tracker = open_tracker(choice)
    with naming(path):
        box = choice.box if choice.face is None else choose_face(path, tracker, still, choice.face)
        return track_any_size(tracker, still, box, landmarks)
