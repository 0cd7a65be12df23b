"""Build the training examples of layered models from scenes on disk, with colours and sides varied in every pass."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from generator.face.face_params import ARKIT_EXPRESSION

from .avatar_scenes import Scene
from .avatar_shelf import Shelf
from .batch import Example, Picture, stack

_TURNED_X = (0, 3)
"""Channels of the turned surface that point to the side."""


def _swapped() -> list[int]:
    """Return for each coefficient that of the other side of the face."""
    other = {"Left": "Right", "Right": "Left"}
    names = []
    for name in ARKIT_EXPRESSION:
        side = next((side for side in other if name.endswith(side)), None)
        names.append(name if side is None else name.removesuffix(side) + other[side])
    return [ARKIT_EXPRESSION.index(name) for name in names]


_SWAPPED = _swapped()


def mirrored(scene: Scene) -> Scene:
    """Return a scene seen in a mirror."""

    def flip(pictures: Picture) -> Picture:
        return np.ascontiguousarray(pictures[..., ::-1, :])

    turned = flip(scene.turned)
    turned[..., list(_TURNED_X)] = 255 - turned[..., list(_TURNED_X)]
    expression = scene.expression.copy()
    expression[:, : len(_SWAPPED)] = expression[:, _SWAPPED]
    expression[:, len(_SWAPPED)] *= -1
    return Scene(
        flip(scene.source), flip(scene.target), flip(scene.moved), flip(scene.guides), turned,
        np.ascontiguousarray(scene.labels[..., ::-1]), expression,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Tint:
    """Change the colours of all pictures of a scene alike.

    Attributes:
        order: The picture's channels in their new order. table: (256, 3) new value of each level.
    """

    order: tuple[int, int, int]
    table: Picture

    @staticmethod
    def draw(rng: np.random.Generator) -> Tint:
        """Draw a change: channels exchanged in a third of all cases, and brightness, contrast and warmth varied."""
        order = tuple(rng.permutation(3)) if rng.random() < 1 / 3 else (0, 1, 2)
        levels = np.linspace(0, 1, 256)[:, None] ** np.exp(rng.normal(0, 0.2, 3) * 0.5 + rng.normal(0, 0.15))
        gain, lift = np.exp(rng.normal(0, 0.12)), rng.normal(0, 0.03)
        table = np.clip(np.rint(255 * (0.5 + gain * (levels - 0.5) + lift)), 0, 255).astype(np.uint8)
        return Tint((int(order[0]), int(order[1]), int(order[2])), table)

    def apply(self, picture: Picture) -> Picture:
        """Return pictures (..., 3) in the new colours."""
        flat = np.ascontiguousarray(picture[..., self.order]).reshape(-1, 1, 3)
        return np.asarray(cv2.LUT(flat, self.table[None]), np.uint8).reshape(picture.shape)


class AvatarExamples(Dataset[Example]):
    """Build examples from the scenes of a shelf.

    Args:
        shelf: The scenes. count: Number of its first scenes to use.
        seed: Seed of order and variation; None uses the scenes in their order and as they are.
        frames: Frames of a scene in an example; another choice in every pass.
    """

    def __init__(self, shelf: Shelf, count: int, seed: int | None, frames: int) -> None:
        self._shelf, self._numbers, self._seed = shelf, shelf.usable(count), seed
        self._frames = min(frames, shelf.targets)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: int) -> Example:
        """Return example `number` >= 0, which is determined by the seed and the number alone."""
        cv2.setNumThreads(1)
        turn, place = divmod(number, len(self._numbers))
        if self._seed is None:
            return self._example(self._numbers[place], self._shelf.read(self._numbers[place]), range(self._frames))
        order = np.random.default_rng((self._seed, turn, 3)).permutation(len(self._numbers))
        chosen = self._numbers[int(order[place])]
        rng = np.random.default_rng((self._seed, number, 4))
        scene, tint = self._shelf.read(chosen), Tint.draw(rng)
        scene = mirrored(scene) if rng.random() < 0.5 else scene
        frames = rng.choice(len(scene.target), self._frames, replace=False).tolist()
        return self._example(chosen, scene, frames, tint)

    def _example(self, number: int, scene: Scene, frames: list[int] | range, tint: Tint | None = None) -> Example:
        def coloured(pictures: Picture) -> Picture:
            return pictures if tint is None else tint.apply(pictures)

        rows = list(frames)
        maps = {"moved": coloured(scene.moved[rows]), "guides": scene.guides[rows], "turned": scene.turned[rows]}
        return Example(
            source=stack([coloured(scene.source)])[0],
            target=stack(list(coloured(scene.target[rows]))),
            maps={name: stack(list(values)) for name, values in maps.items()},
            expression=torch.from_numpy(np.asarray(scene.expression[rows], np.float32)),
            labels=torch.from_numpy(scene.labels[rows]),
            identity=self._shelf.casting.identity(number),
        )
