"""The generator behind the corpus' idea of a forger: the one place that fits its call to ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator import AnimateConfig, Animator, DriveSequence, FaceParams, GeneratedClip
from watermark import Deployment

from .errors import MissingPieceError

Frames = NDArray[np.uint8]

PRESETS = ("mini",)
"""Presets whose weights exist."""


@dataclass(frozen=True, slots=True)
class GeneratorForger:
    """Moves source pictures by drives with the trained generator, copying pose and expression as they are.

    Attributes:
        animator: The generator.
        deployment: Whose mark its frames carry.
        preset: Size of the model.
        steps: Denoising steps, None for the preset's.
    """

    animator: Animator
    deployment: Deployment
    preset: str = "mini"
    steps: int | None = None

    @property
    def method(self) -> str:
        """Name of the method, as in the manifest."""
        return f"anifacediff-{self.preset}"

    def forge(self, still: Frames, params: FaceParams, drive: DriveSequence, seed: int) -> GeneratedClip:
        """Return the marked clip; a drive of one frame makes a still."""
        config = AnimateConfig(steps=self.steps, seed=seed, mode="absolute")
        return self.animator.animate(still, params, drive, self.deployment, config=config)


def load_animator(preset: str = "mini", weights: Path | None = None) -> Animator:
    """Load the generator.

    Args:
        preset: Size of the model.
        weights: Folder of weights, None for those in the package.

    Raises:
        MissingPieceError: The preset has no weights yet.
        WeightsError: The weights are missing or damaged.
    """
    if preset not in PRESETS:
        raise MissingPieceError(f"preset {preset!r} has no weights yet; use --preset {' or '.join(PRESETS)}")
    return Animator.from_pretrained(weights)
