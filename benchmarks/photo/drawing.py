"""Draw avatars in all styles as genuine pictures: each has one moment of a lively motion, and its exact mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from generator import FaceParams
from generator.avatars import STYLES, Avatar, project_perspective, render, sample_avatar, sample_motion

from .portraits import SEED, Points, Portrait
from .reenacting import RATE, Reenactor

SIZES = (256, 320, 384)
MESH_POINTS = 468
FOLDER = "avatars"
MOTION_SECONDS = 2


TRAIN, VALIDATION, TEST = range(60), range(200, 230), range(240, 280)
"""Numbers of the avatars of each split; the style follows the number, so that every style stands in every split."""


def make_avatars(numbers: range, work: Path) -> list[Portrait]:
    """Return avatars with their reenactments; what is not kept in the folder `work` is drawn."""
    folder, reenactor = work / FOLDER, Reenactor(work)
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        kept = folder / f"{avatar_name(number)}.npz"
        if not kept.is_file():
            portrait, params = draw_avatar(number)
            reenactor.of(portrait, params)
            part = kept.with_suffix(".part.npz")
            np.savez(part, picture=portrait.picture, mesh=portrait.mesh)
            part.replace(kept)
    return kept_avatars(numbers, work)


def kept_avatars(numbers: range, work: Path) -> list[Portrait]:
    """Return those avatars that are kept in the folder `work`, with their reenactments."""
    found, reenactor = [], Reenactor(work)
    for name in map(avatar_name, numbers):
        kept = work / FOLDER / f"{name}.npz"
        if kept.is_file():
            with np.load(kept) as arrays:
                found.append(reenactor.kept(Portrait(name, arrays["picture"], arrays["mesh"])))
    return found


def avatar_name(number: int) -> str:
    """Return the name of an avatar, which begins with its style."""
    return f"{STYLES[number % len(STYLES)]}-{number}"


def draw_avatar(number: int) -> tuple[Portrait, FaceParams]:
    """Return a moment of an avatar, and its face."""
    avatar, params, size = _moment(number)
    face = avatar.driven(params)
    portrait = Portrait(avatar_name(number), render(avatar, face, size).picture, mesh_of(avatar, face, size))
    return portrait, face


def turn_of(number: int) -> float:
    """Return the yaw of an avatar's head in radians."""
    return float(_moment(number)[1].pose[0])


def _moment(number: int) -> tuple[Avatar, FaceParams, int]:
    """Return an avatar, one moment of a motion, and the side of its picture in pixels."""
    rng = np.random.default_rng([SEED, 7, number])
    avatar = sample_avatar(number, STYLES[number % len(STYLES)])
    drive = sample_motion(rng, avatar.shape.values, MOTION_SECONDS * RATE, RATE)
    return avatar, drive[len(drive) - 1], int(rng.choice(SIZES))


def mesh_of(avatar: Avatar, params: FaceParams, size: int) -> Points:
    """Return the (468, 3) points of the face mesh in pixels; the third is depth, larger where farther."""
    head, person = avatar.model.head, avatar.model.body.neutral
    surface = head.expressed(person, params.expression, params.gaze)
    points = head.posed(head.mesh_points_of(person, surface, params.gaze), params.pose)[:MESH_POINTS]
    seen = project_perspective(points, params.camera)
    seen[:, :2] *= size
    seen[:, 2] *= -float(params.camera[0]) * size
    return np.asarray(seen, dtype=np.float32)
