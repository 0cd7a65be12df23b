"""Choose the avatars of a run: the numbers of training, of validation and of held-out styles never meet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from generator import avatars
from generator.avatars import STYLES, Avatar, sample_avatar

VALIDATION_SEED = 2_000_003
"""Added to the run's seed for identities that training never uses."""
_APART = 10_000_019
"""Distance between the seeds of two runs."""


@dataclass(frozen=True, slots=True)
class Casting:
    """Choose which avatars are drawn.

    Attributes:
        seed: Seed of the identities.
        styles: Their styles, which take turns.
    """

    seed: int
    styles: tuple[str, ...] = STYLES

    @staticmethod
    def for_training(seed: int, holdout_styles: Sequence[str]) -> Casting:
        """Return the avatars of training: any style except the held-out ones."""
        return Casting(seed, tuple(style for style in STYLES if style not in holdout_styles))

    @staticmethod
    def for_validation(seed: int, styles: Sequence[str]) -> Casting:
        """Return avatars of some styles, of identities that training never uses."""
        return Casting(seed + VALIDATION_SEED, tuple(styles))

    def avatar(self, number: int) -> Avatar:
        """Return avatar number `number` >= 0."""
        return sample_avatar(self.seed * _APART + number, self.styles[number % len(self.styles)])

    def identity(self, number: int) -> str:
        """Return the name of an avatar."""
        return f"{self.styles[number % len(self.styles)]}-{self.seed * _APART + number}"


def avatars_digest() -> str:
    """Return the SHA-256 of the code and asset that draw avatars; together with the seed it identifies the data."""
    digest = hashlib.sha256()
    folder = Path(avatars.__file__).parent
    for path in sorted(each for each in folder.rglob("*") if each.suffix in (".py", ".npz")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
