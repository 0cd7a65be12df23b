"""Render avatars in all styles, with the exact places of the 478 points of the face mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.avatars import STYLES, Avatar, render, sample_avatar, sample_motion
from generator.face.face_params import FaceParams, Floats
from generator.geometry import view_of

SIZE = 192
"""Side of a picture in pixels."""

POSES = 6
CHUNK = 10
FIRST_SEED = 600_000
"""The first avatar's seed; no other training or measurement of the project draws avatars from here on."""

_SHARE = (0.40, 0.62)
"""Longer side of the mesh's box as a share of the picture."""

Pictures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Pictures of avatars.

    Attributes:
        pictures: (N, SIZE, SIZE, 3) uint8 RGB.
        materials: (N, SIZE, SIZE) numbers in `generator.avatars.MATERIALS`.
        points: (N, 478, 3) x, y in pixels and depth in pixels, nearer is smaller.
    """

    pictures: Pictures
    materials: Pictures
    points: Floats

    def __len__(self) -> int:
        return len(self.pictures)


def draw_examples(avatars: int, folder: Path, say: Callable[[str], None], first: int = FIRST_SEED) -> Examples:
    """Render avatars, each in several poses, or read what was rendered before.

    Args:
        avatars: Number of avatars; their styles alternate.
        folder: Where chunks of pictures are kept, so that an interrupted run goes on.
        say: Progress callback; receives a line of text.
        first: Seed of the first avatar.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks = []
    for start in range(first, first + avatars, CHUNK):
        path = folder / f"avatars-{start}.npz"
        if not path.is_file():
            drawn = _join([_draw(seed) for seed in range(start, min(start + CHUNK, first + avatars))])
            partial = path.with_suffix(".part.npz")
            np.savez(partial, pictures=drawn.pictures, materials=drawn.materials, points=drawn.points)
            partial.rename(path)
            say(f"drew {path.name}")
        with np.load(path) as arrays:
            chunks.append(Examples(arrays["pictures"], arrays["materials"], arrays["points"]))
    return _join(chunks)


def _draw(seed: int) -> Examples:
    avatar = sample_avatar(seed, STYLES[seed % len(STYLES)])
    rng = np.random.default_rng([seed, 11])
    rest = avatar.params()
    motion = sample_motion(rng, rest.shape, POSES, 0.8, rest.camera)
    return _join([_frame(avatar, _framed(avatar, motion[index], rng)) for index in range(POSES)])


def _framed(avatar: Avatar, params: FaceParams, rng: np.random.Generator) -> FaceParams:
    """Return parameters whose camera shows the face at a random size, somewhere near the middle."""
    flat = points_of(avatar, params, SIZE)[:, :2] / SIZE
    low, high = flat.min(0), flat.max(0)
    grown = rng.uniform(*_SHARE) / float((high - low).max())
    aim = rng.uniform(0.40, 0.60, 2)
    camera = np.array(params.camera, np.float64)
    camera[1:] = aim - ((low + high) / 2 - camera[1:]) * grown
    camera[0] *= grown
    return replace(params, camera=camera.astype(np.float32))


def _frame(avatar: Avatar, params: FaceParams) -> Examples:
    drawn = render(avatar, params, SIZE)
    step = drawn.buffer.samples
    materials = np.ascontiguousarray(drawn.buffer.material[::step, ::step])
    return Examples(drawn.picture[None], materials[None], points_of(avatar, params, SIZE)[None])


def points_of(avatar: Avatar, params: FaceParams, size: int) -> Floats:
    """Return the 478 points of an avatar in a picture, as in `Examples`."""
    head, person = avatar.model.head, avatar.model.body.neutral
    moved = head.mesh_points_of(person, head.expressed(person, params.expression, params.gaze), params.gaze)
    points = view_of(params, size).project(moved)
    return np.concatenate([points[:, :2], -points[:, 2:]], 1).astype(np.float32)


def _join(parts: list[Examples]) -> Examples:
    return Examples(
        np.concatenate([part.pictures for part in parts]),
        np.concatenate([part.materials for part in parts]),
        np.concatenate([part.points for part in parts]),
    )


def sheet(pictures: list[Pictures], columns: int) -> Pictures:
    """Return pictures of one size side by side."""
    rows = [np.concatenate(pictures[start : start + columns], 1) for start in range(0, len(pictures), columns)]
    full = [row for row in rows if row.shape[1] == rows[0].shape[1]]
    last = [
        cv2.copyMakeBorder(row, 0, 0, 0, rows[0].shape[1] - row.shape[1], cv2.BORDER_CONSTANT)
        for row in rows[len(full) :]
    ]
    return np.concatenate([*full, *[np.asarray(row, np.uint8) for row in last]])
