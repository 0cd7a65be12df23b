"""Draw true frames of many puppets once for the training of the judge, and cache them in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.storage.files import write_whole
from generator import FaceParams
from generator.face import find_layout
from generator.puppets import STYLES, Puppet, render, sample_motion, sample_puppet

from .face_net import Floats, Pictures
from .true_values import BLINKS, true_values

Note = Callable[[str], None]

TRAINING_SEED = 77
"""Seed of the judge's puppets; `generation.EVALUATION_SEED` produces others."""

_LAYOUT = find_layout("puppet")
_MOTION_FRAMES = 60
_TOGETHER = 100
"""Number of puppets in one file."""


@dataclass(frozen=True, slots=True)
class Examples:
    """True frames and their true values.

    Attributes:
        pictures: (N, 256, 256, 3).
        puppets: (N, 256, 256) mask of the puppet, without the background.
        cameras: (N, 3) scale, x, y in picture sides.
        truths: (N, 36) in the order of `PARTS`.
        identities: (N,) numbers of the puppets; frames of one puppet follow each other.
    """

    pictures: Pictures
    puppets: NDArray[np.bool_]
    cameras: Floats
    truths: Floats
    identities: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.truths)


def training_puppet(number: int, seed: int = TRAINING_SEED) -> tuple[Puppet, np.random.Generator]:
    """Draw the judge's puppet of this number, with the style in turn; return it with the random generator."""
    rng = np.random.default_rng((seed, number))
    return sample_puppet(rng, STYLES[number % len(STYLES)]), rng


def draw_examples(
    puppets: int, frames: int, seed: int = TRAINING_SEED, folder: Path | None = None, note: Note = lambda _: None
) -> Examples:
    """Draw true frames of many puppets of all styles.

    Args:
        puppets: Number of puppets.
        frames: Number of frames of each puppet.
        seed: Seed of the puppets.
        folder: Cache folder; frames drawn there before with the same seed and number of frames are not drawn again.
        note: Progress callback.
    """
    parts = []
    for first in range(0, puppets, _TOGETHER):
        last = min(first + _TOGETHER, puppets)
        path = None if folder is None else folder / f"{seed}-{frames}-{first:05d}-{last:05d}.npz"
        if path is None or not path.exists():
            part = _together([row for number in range(first, last) for row in _draw(number, frames, seed)])
            if path is not None:
                write_whole(path, partial(np.savez, **part))  # type: ignore[arg-type]
        else:
            with np.load(path, allow_pickle=False) as kept:
                part = {field.name: kept[field.name] for field in fields(Examples)}
        parts.append(part)
        note(f"{last} of {puppets} puppets drawn")
    return Examples(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _draw(number: int, frames: int, seed: int) -> Iterator[tuple[NDArray[Any], ...]]:
    puppet, rng = training_puppet(number, seed)
    motion = sample_motion(rng, puppet, _MOTION_FRAMES)
    for chosen in rng.choice(_MOTION_FRAMES, frames, replace=False):
        params = varied(motion[int(chosen)], rng)
        frame = render(puppet, params)
        yield (
            frame.image, frame.labels != 0, params.camera, true_values(puppet, params, frame),
            np.array(number),
        )  # fmt: skip


def varied(params: FaceParams, rng: np.random.Generator) -> FaceParams:
    """Shut the eyes of every fourth frame wholly or partly, and draw an unusual expression for every fifth."""
    expression, gaze = params.expression.copy(), params.gaze
    if rng.random() < 0.2:
        expression = rng.uniform(_LAYOUT.low, _LAYOUT.high).astype(np.float32)
        expression[list(BLINKS)] *= rng.random() < 0.3
        gaze = rng.uniform(-1, 1, 2).astype(np.float32)
    if rng.random() < 0.25:
        expression[list(BLINKS)] = rng.choice([1.0, rng.random()])
    return replace(params, expression=expression, gaze=gaze)


def _together(rows: list[tuple[NDArray[Any], ...]]) -> dict[str, NDArray[Any]]:
    names = [field.name for field in fields(Examples)]
    return {name: np.stack(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
