"""Film the avatars of a corpus: who they are, how they move, what a frame shows and where their faces are.

Avatars take the place of people before a camera: their pictures are the genuine class.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forensics.faces import Faces, box_of
from generator import DriveSequence, FaceParams, Retarget, align
from generator.avatars import (
    Avatar,
    Style,
    avatar_head,
    project_perspective,
    render,
    sample_avatar,
    sample_motion,
)
from generator.trackers import MESH_INDEX

from .forgeries import Footage
from .methods import WHOLE_AVATAR
from .plan import PlannedSample, SynthesisConfig, style_of

Frames = NDArray[np.uint8]
Floats = NDArray[np.floating]

_SCALES = (0.27, 0.34)
"""Least and largest scale of a head at rest, in picture sides; the generators then take the picture whole."""

_ACROSS, _DOWN = (0.44, 0.56), (0.46, 0.58)
"""Where the middle of a head may lie, in picture sides."""


@lru_cache(maxsize=12)
def cast(seed: int, style: Style) -> Avatar:
    """Return an avatar, which is built once while few others are asked for."""
    return sample_avatar(seed, style)


def make_avatar(config: SynthesisConfig, number: int) -> Avatar:
    """Return one of a corpus' identities.

    Args:
        config: Settings with the seed.
        number: Number of the identity.
    """
    return cast(_drawn(config.seed, 3, number), style_of(number))


def source_of(config: SynthesisConfig, planned: PlannedSample) -> Avatar:
    """Return the avatar whose look a sample shows; for `whole-avatar` it is one that no other sample shows."""
    if planned.method != WHOLE_AVATAR:
        return make_avatar(config, planned.source)
    return cast(_drawn(config.seed, 5, planned.source, planned.motion), style_of(planned.source))


def at_rest(avatar: Avatar) -> FaceParams:
    """Return an avatar looking straight ahead without expression, as a generator reads it.

    The `residual` carries what the shape alone does not say: asymmetry, and the proportions of toon styles.
    """
    head, scale, across, down = avatar_head(), *avatar.look.framing
    neutral = FaceParams.neutral(avatar.shape.values, face_model="arkit")
    camera = [np.clip(scale, *_SCALES), np.clip(across, *_ACROSS), np.clip(down, *_DOWN)]
    plain = head.mesh_points(neutral.shape, neutral.expression, neutral.gaze)
    own = _mesh(avatar, neutral)
    return replace(neutral, camera=np.array(camera, np.float32), residual=(own - plain).astype(np.float32))


def sample_drive(config: SynthesisConfig, number: int, motion: int, *, is_still: bool) -> DriveSequence:
    """Draw one of an identity's motions.

    Args:
        config: Settings with seed, length and rate.
        number: Number of the identity.
        motion: Number of the motion.
        is_still: Whether one frame is enough.
    """
    rng = np.random.default_rng([config.seed, 4, number, motion])
    avatar = make_avatar(config, number)
    frames = 1 if is_still else config.frames
    return sample_motion(rng, avatar.shape.values, frames, config.fps, at_rest(avatar).camera)


def ground_truth(config: SynthesisConfig, planned: PlannedSample) -> tuple[Avatar, DriveSequence]:
    """Return the avatar of a sample's footage and its true motion.

    Args:
        config: The corpus' settings.
        planned: The planned sample with source and drive.

    Returns:
        The avatar whose head is seen, and the drive's motion aligned to it and to its place in the picture.
    """
    drive = sample_drive(config, planned.drive, planned.motion, is_still=planned.is_still)
    if planned.method == "face-swap":
        return make_avatar(config, planned.drive), drive
    source = source_of(config, planned)
    if planned.source == planned.drive:
        return source, drive
    return source, align(at_rest(source), drive, Retarget(mode="absolute"))


def film(avatar: Avatar, drive: DriveSequence, size: int) -> Footage:
    """Render an avatar frame by frame.

    Args:
        avatar: Who is seen.
        drive: The motion.
        size: Height and width, pixels.
    """
    shots = [render(avatar, drive[index], size) for index in range(len(drive))]
    labels = [shot.buffer.material[1 :: shot.buffer.samples, 1 :: shot.buffer.samples] for shot in shots]
    return Footage(np.stack([shot.picture for shot in shots]), find_truth(avatar, drive, size), np.stack(labels))


def find_truth(avatar: Avatar, drive: DriveSequence, size: int) -> Faces:
    """Return box and landmarks of an avatar's face in every frame, without drawing it."""
    landmarks = []
    for index in range(len(drive)):
        posed = avatar.model.head.posed(_mesh(avatar, drive[index])[MESH_INDEX], drive[index].pose)
        landmarks.append(project_perspective(posed, drive[index].camera)[:, :2] * size)
    points = np.stack(landmarks).astype(np.float32)
    return Faces(np.arange(len(points)), np.stack([box_of(one) for one in points]), points)


def source_still(avatar: Avatar, size: int) -> Frames:
    """Draw the still that an avatar is animated from; it looks straight ahead.

    Args:
        avatar: The avatar.
        size: Height and width, pixels.
    """
    return render(avatar, at_rest(avatar), size).picture


def _mesh(avatar: Avatar, params: FaceParams) -> Floats:
    """Return the 478 points of an avatar's own head (478, 3), not turned."""
    head, person = avatar.model.head, avatar.model.body.neutral
    return head.mesh_points_of(person, head.expressed(person, params.expression, params.gaze), params.gaze)


def _drawn(*entropy: int) -> int:
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
