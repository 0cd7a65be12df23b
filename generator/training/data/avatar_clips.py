"""Render clips of moving avatars on demand: any number of identities, with exact parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from generator.avatars import Avatar, render, sample_motion
from generator.face.face_params import DriveSequence
from generator.face_models import load_face_model

from .avatar_casting import Casting
from .clip import Clip, Moment
from .video_clips import feature_labels

_LENGTH, _FPS = 250, 25.0


@lru_cache(maxsize=32)
def _play(casting: Casting, number: int) -> tuple[Avatar, DriveSequence]:
    avatar = casting.avatar(number)
    return avatar, sample_motion(np.random.default_rng((casting.seed, number)), avatar.shape.values, _LENGTH, _FPS)


@dataclass(frozen=True, slots=True)
class AvatarClips:
    """Render ten seconds of motion per avatar; every number is another avatar.

    Attributes:
        casting: Avatars to draw.
        size: Side of the pictures.
    """

    casting: Casting
    size: int

    def at(self, number: int) -> Clip:
        """Return the clip that example `number` is taken from."""
        avatar, motion = _play(self.casting, number)
        head = load_face_model("arkit")

        def draw(indices: Sequence[int]) -> list[Moment]:
            return [
                Moment(
                    render(avatar, avatar.driven(motion[index]), self.size).picture,
                    feature_labels(head, motion[index], self.size),
                )
                for index in indices
            ]

        return Clip(self.casting.identity(number), motion, draw)
