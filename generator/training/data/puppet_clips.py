"""Render clips of moving puppets on demand: any number of identities, with exact parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from generator import puppets
from generator.face.face_params import DriveSequence, FaceParams, find_layout
from generator.puppets import STYLES, Puppet, render, sample_motion, sample_puppet

from .clip import Clip, Moment

_LENGTH, _FPS = 250, 25.0
VALIDATION_SEED = 2_000_003
"""Added to the run's seed for identities that training never uses."""


@dataclass(frozen=True, slots=True)
class Casting:
    """Choose which puppets are drawn.

    Attributes:
        seed: Seed of the identities.
        styles: Their styles; empty for any.
    """

    seed: int
    styles: tuple[str, ...] = ()

    @staticmethod
    def for_training(seed: int, holdout_styles: tuple[str, ...]) -> Casting:
        """Return the puppets of training: any style except the held-out ones."""
        return Casting(seed, tuple(s for s in STYLES if s not in holdout_styles) if holdout_styles else ())

    @staticmethod
    def for_validation(seed: int, holdout_styles: tuple[str, ...]) -> Casting:
        """Return puppets of identities that training never uses, in the held-out styles where there are any."""
        return Casting(seed + VALIDATION_SEED, tuple(holdout_styles))

    def draw(self, rng: np.random.Generator, identity: int) -> Puppet:
        """Draw puppet number `identity`; `rng` decides everything except its style where styles are given."""
        if not self.styles:
            return sample_puppet(rng)
        return sample_puppet(rng, self.styles[identity % len(self.styles)])  # type: ignore[arg-type]


def blurred(rng: np.random.Generator, params: FaceParams) -> FaceParams:
    """Return a puppet's parameters with the errors of a good tracker."""
    layout = find_layout("puppet")
    expression = params.expression + rng.normal(0, 0.04, len(params.expression))
    return FaceParams(
        shape=(params.shape + rng.normal(0, 0.15, len(params.shape))).astype(np.float32),
        expression=np.clip(expression, layout.low, layout.high).astype(np.float32),
        pose=(params.pose + rng.normal(0, 0.03, 3)).astype(np.float32),
        gaze=np.clip(params.gaze + rng.normal(0, 0.08, 2), -1, 1).astype(np.float32),
        camera=(params.camera * (1 + rng.normal(0, 0.012, 3))).astype(np.float32),
    )


@lru_cache(maxsize=32)
def _play(casting: Casting, number: int) -> tuple[Puppet, DriveSequence]:
    rng = np.random.default_rng((casting.seed, number))
    puppet = casting.draw(rng, number)
    return puppet, sample_motion(rng, puppet, _LENGTH, _FPS)


@dataclass(frozen=True, slots=True)
class PuppetClips:
    """Render ten seconds of motion per puppet; every number is another puppet.

    Attributes:
        casting: Puppets to draw.
        size: Side of the pictures.
    """

    casting: Casting
    size: int

    def at(self, number: int) -> Clip:
        """Return the clip that example `number` is taken from."""
        puppet, motion = _play(self.casting, number)

        def draw(indices: Sequence[int]) -> list[Moment]:
            frames = [render(puppet, motion[index], self.size) for index in indices]
            return [Moment(frame.image, frame.labels) for frame in frames]

        return Clip(puppet.identity, motion, draw)


def puppets_digest() -> str:
    """Return the SHA-256 of the code that renders puppets; together with the seed it identifies the data."""
    digest = hashlib.sha256()
    folder = Path(puppets.__file__).parent
    heads = (folder.parent / "face" / f"{name}.py" for name in ("head_model", "head_mesh"))
    for path in (*sorted(folder.glob("*.py")), *heads):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def believed(rng: np.random.Generator, params: FaceParams, share: float) -> FaceParams:
    """Return a source's parameters, with tracking errors in a share of cases."""
    return blurred(rng, params) if rng.random() < share else params


def same_head(params: FaceParams, source: FaceParams) -> FaceParams:
    """Return a frame's parameters on the source's head, which is Facial Alignment within one clip."""
    return replace(params, shape=source.shape)
