"""Make avatars: a shape, a look and a style, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from generator.face.face_params import ARKIT_EXPRESSION, FaceParams, Floats

from .backgrounds import paint_background
from .head import avatar_head
from .look import Look, sample_look
from .model import Model, build_model
from .plausibility import plausible_character
from .proportions import REALISTIC, anime, cartoon
from .shapes import HeadShape
from .styles import KINDS, Style, find_style


@dataclass(frozen=True, eq=False)
class Avatar:
    """A character in a style; what is the same in all frames is built once and kept.

    Attributes:
        seed: The number it was drawn from.
        style: One of `STYLES`.
        shape: The head's shape.
        look: All visual choices.
    """

    seed: int
    style: Style
    shape: HeadShape
    look: Look

    @cached_property
    def model(self) -> Model:
        """Return the avatar's model, which is built at the first use."""
        return build_model(self.seed, self.style, self.shape, self.look)

    def params(self) -> FaceParams:
        """Return the avatar as it is when nothing drives it: its framing, pose and mood."""
        expression = avatar_head().layout.neutral()
        smile, wide = self.look.mood
        for name, value in (("mouthSmile", smile), ("eyeWide", wide)):
            for side in ("Left", "Right"):
                expression[ARKIT_EXPRESSION.index(name + side)] = value
        return FaceParams(
            shape=self.shape.values,
            expression=expression,
            pose=np.array(self.look.pose, np.float32),
            gaze=np.zeros(2, np.float32),
            camera=np.array(self.look.framing, np.float32),
            face_model="arkit",
        )

    def driven(self, drive: FaceParams) -> FaceParams:
        """Return parameters with this avatar's shape and another's expression, pose, gaze and camera."""
        return replace(drive, shape=self.shape.values)

    def background(self, size: int) -> Floats:
        """Return what is behind the avatar, (size, size, 3) sRGB in [0, 1]."""
        return _background(self.seed, self.look.setting, size)


@lru_cache(maxsize=16)
def _background(seed: int, setting: str, size: int) -> Floats:
    return paint_background(np.random.default_rng([seed, 3]), setting, size)


def sample_avatar(seed: int, style: str) -> Avatar:
    """Draw an avatar; the same seed and style give the same one.

    The same seed in two styles gives related characters: shapes are drawn in the same order, with the proportions
    that each style has.

    Args:
        seed: At least 0.
        style: One of `STYLES`.

    Raises:
        FaceModelError: There is no style of that name.
    """
    found = find_style(style)
    kind = KINDS[found]
    shape = plausible_character(np.random.default_rng([seed, 1]), kind)
    look = sample_look(np.random.default_rng([seed, 2]), kind, shape)
    if look.outfit.horns or look.complexion.markings:
        shape = shape.with_controls(ear_shape_pointed=1.0)
    return Avatar(seed, found, shape, look)


_IRIS = {"real": 0.43, "cartoon": 0.55, "anime": 0.78}
"""Polar angle of the iris's edge for each kind of character, in radians."""


def restyle(avatar: Avatar, style: str) -> Avatar:
    """Return the same character in another style.

    Shape, colours, hair, clothes and light stay; eyes, chin and neck get the proportions that the style has.

    Args:
        avatar: The character.
        style: One of `STYLES`.

    Raises:
        FaceModelError: There is no style of that name.
    """
    found = find_style(style)
    kind = KINDS[found]
    if kind == KINDS[avatar.style]:
        return Avatar(avatar.seed, found, avatar.shape, avatar.look)
    rng = np.random.default_rng([avatar.seed, 4])
    proportions = {"real": lambda: REALISTIC, "cartoon": lambda: cartoon(rng), "anime": lambda: anime(rng)}[kind]()
    shape = replace(avatar.shape, proportions=proportions)
    eyes = replace(avatar.look.eyes, size=_IRIS[kind])
    return Avatar(avatar.seed, found, shape, replace(avatar.look, eyes=eyes))
