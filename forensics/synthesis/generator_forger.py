"""Adapt the generator to the forger interface of the corpus; no other module calls it for synthesis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.errors import MissingPieceError, UsageError
from generator import (
    AnimateConfig,
    Animator,
    DriveSequence,
    FaceParams,
    GeneratedClip,
    GeometryAnimator,
    Precision,
    fastest_device,
    find_device,
    load_animator,
    read_sizes,
)
from watermark import Deployment

from .methods import GEOMETRY as GEOMETRY  # those who import an engine import its name here

Frames = NDArray[np.uint8]

PRESETS = ("mini",)
"""Presets whose weights are in the package."""

FACE_MODEL = "arkit"
"""Face model of the avatars that corpora show."""


@dataclass(frozen=True, slots=True)
class GeneratorForger:
    """A forger that animates source pictures with a generator, using pose and expression of drives directly.

    Attributes:
        animator: The generator.
        deployment: The deployment whose mark its frames carry.
        preset: Its name.
        steps: Denoising steps, None for the preset's; `geometry` takes none.
    """

    animator: Animator | GeometryAnimator
    deployment: Deployment
    preset: str = GEOMETRY
    steps: int | None = None

    @property
    def method(self) -> str:
        """Return the name of the method in the manifest."""
        return self.preset if self.preset == GEOMETRY else f"anifacediff-{self.preset}"

    def forge(self, still: Frames, params: FaceParams, drive: DriveSequence, seed: int) -> GeneratedClip:
        """Return the marked clip; a drive of one frame makes a still."""
        config = AnimateConfig(steps=self.steps, seed=seed, mode="absolute")
        return self.animator.animate(still, params, drive, self.deployment, config=config)


def open_forger(deployment: Deployment, preset: str = GEOMETRY, steps: int | None = None) -> GeneratorForger:
    """Return the forger of a corpus.

    Args:
        deployment: The deployment whose mark its frames carry.
        preset: One of `GENERATORS`.
        steps: Denoising steps, None for the preset's.

    Raises:
        UsageError: The preset takes no steps, or its weights draw other faces than those of avatars.
        WeightsError: The weights cannot be read.
    """
    if preset == GEOMETRY:
        if steps is not None:
            raise UsageError(f"the preset {GEOMETRY} takes no denoising steps; leave out --steps or choose another one")
        return GeneratorForger(GeometryAnimator(), deployment)
    drawn = read_sizes().face_model
    if drawn != FACE_MODEL:
        raise UsageError(
            f"the weights of {preset} draw {drawn} faces, and avatars are {FACE_MODEL} faces; "
            f"take --generator {GEOMETRY}"
        )
    return GeneratorForger(open_animator(), deployment, preset, steps)


@dataclass(frozen=True, slots=True)
class Engine:
    """The model and its device; `engine_for` fills in what is None.

    Attributes:
        preset: Size of the model; None uses that of the weights.
        weights: Folder of its weights, None for those in the package.
        device: "cpu", "cuda" or "mps"; None uses the CPU for `mini` and the fastest available device for `sd15`.
        dtype: Precision; None uses fp32 on the CPU, bf16 elsewhere.
        compiled: Whether to compile the denoiser.
        flame: FLAME's file, None for the one in the user's models folder.
        face_model: The face model of the weights; `engine_for` reads it from them.
        layered: Whether it moves layers of the source, as `geometry` and `mini` do; read as well.
    """

    preset: str | None = None
    weights: Path | None = None
    device: str | None = None
    dtype: Precision | None = None
    compiled: bool = False
    flame: Path | None = None
    face_model: str = FACE_MODEL
    layered: bool = True


def engine_for(asked: Engine) -> Engine:
    """Return an engine without open choices, without loading the weights.

    Raises:
        MissingPieceError: The preset's weights are not in the package and were not named.
        UsageError: The weights are of another preset.
        WeightsError: The folder is not a model.
        GenerationError: The device does not exist.
    """
    if asked.preset == GEOMETRY:
        return replace(asked, device="cpu", dtype="fp32", face_model=FACE_MODEL, layered=True)
    if asked.weights is None and asked.preset not in (None, *PRESETS):
        raise MissingPieceError(
            f"no weights of preset {asked.preset} are shipped; make a folder of them with `facetrail models import OUT "
            "--base DIR_OR_FILE ...` and name it with --weights OUT"
        )
    found = read_sizes(asked.weights)
    if asked.preset not in (None, found.preset):
        raise UsageError(f"{asked.weights}: holds weights of preset {found.preset}; leave out --preset {asked.preset}")
    device = asked.device or ("cpu" if found.preset == "mini" else fastest_device())
    find_device(device)
    dtype = asked.dtype or ("fp32" if device == "cpu" else "bf16")
    return replace(
        asked,
        preset=found.preset,
        device=device,
        dtype=dtype,
        face_model=found.face_model,
        layered=found.layered,
    )


def open_animator(engine: Engine | None = None) -> Animator | GeometryAnimator:
    """Load the generator of an engine; None loads the shipped `mini`.

    Raises:
        MissingPieceError, UsageError, WeightsError, GenerationError: As for `engine_for`.
        FaceModelError: FLAME's file cannot be used.
    """
    ready = engine_for(engine or Engine())
    if ready.preset == GEOMETRY:
        return GeometryAnimator()
    return load_animator(
        ready.weights,
        device=ready.device or "cpu",
        dtype=ready.dtype or "fp32",
        compiled=ready.compiled,
        flame=ready.flame,
    )
