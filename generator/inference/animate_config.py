"""Define the user's settings of an animation, and each preset's defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass

from generator.errors import GenerationError
from generator.face.alignment import Mode, Retarget
from generator.geometry import REGIONS
from generator.network.config import ModelConfig

from .sampling import FEW_STEPS, Sampler, SamplerName, check_sampler
from .windows import SHORTEST, check_window

_DDIM_DEFAULTS = {"mini": (2, 1.0), "sd15": (25, 3.5)}
"""Steps and guidance of DDIM by preset."""
_OVERLAP = 4

SIZES = (256, 2048)
"""Least and largest side of a square that geometry draws, pixels."""

STRONGEST = 3.0
"""Largest strength of a region's motion."""


@dataclass(frozen=True, slots=True)
class AnimateConfig:
    """Configure an animation.

    Attributes:
        steps: Denoising steps; None takes 2 for `mini` and 25 for `sd15` with DDIM, and 4 with LCM and TCD.
        seed: Seed of the noise and the mark's id.
        mode: "relative" adds the drive's change to the source's own pose and expression; "absolute" copies it.
        eyes: Gain on lid motion. mouth: Gain on mouth motion. chunk: Number of frames denoised together without
            temporal modules.
        sampler: "lcm" and "tcd" are for weights distilled to few steps.
        guidance: Scale of classifier-free guidance, 1 for none; None takes 3.5 for `sd15` with DDIM, else 1.
        expression: Lambda of the Expression Adapter; 0 leaves the expression to the spatial maps.
        window: Longest window of the temporal modules, 12 to 32 frames.
        overlap: Number of frames that neighbouring windows share; None takes 4 with DDIM, and 0 with LCM and TCD.
        paste_back: Whether the generated square is pasted back into the source picture, at its resolution.
        size: Side of the square that `geometry` draws, 256 to 2048 pixels; None takes the source's own, up to 512, and
            up to 1024 where it is pasted back. The networks draw their own size.
        anchor: Frame of the drive that shows the source's own face and moment; its change is then transferred without
            any scaling. None compares with the drive's neutral moment. For `geometry` only.
        regions: Regions of the face that follow the drive ("eyes", "lips", "pose"), each with its strength; the others
            stay as in the source. None moves all as the drive does. For `geometry` only.

    Raises:
        GenerationError: A size is out of range, a gain or a scale is negative or not finite, the sampler does not exist
            or cannot take so many steps, or such windows are not possible.
    """

    steps: int | None = None
    seed: int = 0
    mode: Mode = "relative"
    eyes: float = 1.0
    mouth: float = 1.0
    chunk: int = 8
    sampler: SamplerName = "ddim"
    guidance: float | None = None
    expression: float = 1.0
    window: int = 24
    overlap: int | None = None
    paste_back: bool = False
    size: int | None = None
    anchor: int | None = None
    regions: tuple[tuple[str, float], ...] | None = None

    def __post_init__(self) -> None:
        if self.size is not None and not (SIZES[0] <= self.size <= SIZES[1] and self.size % 2 == 0):
            raise GenerationError(f"size is {self.size}; give an even number of pixels from {SIZES[0]} to {SIZES[1]}")
        if self.anchor is not None and self.anchor < 0:
            raise GenerationError(f"anchor is {self.anchor}; give the number of a frame, the first is 0")
        for name, strength in self.regions or ():
            if name not in REGIONS:
                raise GenerationError(f"no region {name!r}; there are: {', '.join(REGIONS)}")
            if not 0 <= strength <= STRONGEST:
                raise GenerationError(f"the strength of {name} is {strength}; give a number from 0 to {STRONGEST:g}")
        for name in ("eyes", "mouth", "guidance", "expression"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise GenerationError(f"{name} is {value}; give a number that is not negative")
        check_sampler(self.sampler, 1 if self.steps is None else self.steps)
        check_window(self.window, self.overlap or 0)

    @property
    def retarget(self) -> Retarget:
        """Return the settings of the motion transfer."""
        return Retarget(self.mode, self.eyes, self.mouth)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings with the defaults of a model's preset filled in.

    Attributes:
        sampler: Sampler of the steps. guidance: Scale of classifier-free guidance. expression: Lambda of the Expression
            Adapter.
        chunk: Number of frames denoised together without temporal modules.
        window: Longest window with them. overlap: Number of frames that windows share.
    """

    sampler: Sampler
    guidance: float
    expression: float
    chunk: int
    window: int
    overlap: int


def settle(config: AnimateConfig, model: ModelConfig) -> Settings:
    """Fill in the defaults of a model's preset."""
    few = config.sampler != "ddim"
    steps, guidance = (FEW_STEPS, 1.0) if few else _DDIM_DEFAULTS[model.preset]
    overlap = 0 if few else max(min(_OVERLAP, (config.window - SHORTEST) // 2), 0)
    return Settings(
        sampler=Sampler(config.sampler, steps if config.steps is None else config.steps, model.prediction, config.seed),
        guidance=guidance if config.guidance is None else config.guidance,
        expression=config.expression,
        chunk=config.chunk,
        window=config.window,
        overlap=overlap if config.overlap is None else config.overlap,
    )
