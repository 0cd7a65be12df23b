"""The generator behind the corpus' and the command line's idea of it: the one place that knows its call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generator import AnimateConfig, Animator, GeneratedClip
from generator.face_params import DriveSequence, FaceParams
from watermark import Deployment, SealReceipt

Frames = NDArray[np.uint8]
Mode = Literal["relative", "absolute"]


@dataclass(frozen=True, slots=True)
class TimedClip:
    """A generated clip and the time its marking took.

    Attributes:
        clip: The marked clip.
        mark_seconds: Wall time of marking.
    """

    clip: GeneratedClip
    mark_seconds: float

    def seal(self, path: Path, deployment: Deployment) -> SealReceipt:
        """Write the clip, marked and signed."""
        return self.clip.seal(path, deployment)


@dataclass(frozen=True, slots=True)
class GeneratorForger:
    """Moves source pictures by drives with the trained generator.

    Attributes:
        animator: The generator.
        deployment: Whose mark its frames carry.
        preset: Size of the model.
        steps: Denoising steps, None for the preset's.
        mode: Follow the drive's change, or its pose as it is.
    """

    animator: Animator
    deployment: Deployment
    preset: str
    steps: int | None
    mode: Mode

    @classmethod
    def load(
        cls,
        deployment: Deployment,
        *,
        weights: Path | None = None,
        steps: int | None = None,
        mode: Mode = "absolute",
        preset: str = "mini",
    ) -> GeneratorForger:
        """Load the generator.

        Args:
            deployment: Whose mark its frames carry.
            weights: Folder of weights, None for those in the package.
            steps: Denoising steps, None for the preset's.
            mode: Follow the drive's change, or its pose as it is.
            preset: Size of the model.

        Raises:
            WeightsError: The weights are missing or damaged.
        """
        return cls(Animator.from_pretrained(weights), deployment, preset, steps, mode)

    @property
    def method(self) -> str:
        """Name of the method, as in the manifest."""
        return f"anifacediff-{self.preset}"

    def forge(self, still: Frames, params: FaceParams, drive: DriveSequence, seed: int) -> TimedClip:
        """Return the marked clip; a drive of one frame makes a still."""
        config = AnimateConfig(steps=self.steps, seed=seed, mode=self.mode)
        clip = self.animator.animate(still, params, drive, self.deployment, config=config)
        return TimedClip(clip, float(clip.seconds.get("mark", 0.0)))
