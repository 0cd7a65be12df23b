"""Define the suites: named lists of cells, each a distortion at a severity."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from forensics.errors import InputError

from . import deeperforensics1
from .distortion import Distortion, Frames, Rng, check_frames
from .geometry import jitter, rescale
from .marking import mark_as_control
from .noise import noise
from .platforms import PLATFORMS
from .resampling import INTERPOLATIONS, blur, shrink, there_and_back
from .stills import FIRST_QUALITY, GRID_SHIFT, double_jpeg, jpeg, webp
from .tone import gamma
from .video import AV1, H264, H265, av1, h264, h265, has_encoder


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of a suite.

    Attributes:
        distortion: The distortion to apply.
        severity: Its severity, from 1.
    """

    distortion: Distortion
    severity: int

    @property
    def name(self) -> str:
        """Return the distortion's name."""
        return self.distortion.name

    @property
    def parameter(self) -> str:
        """Return the severity in words."""
        return self.distortion.parameter(self.severity)

    def __str__(self) -> str:
        return f"{self.name} {self.severity}"


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of cells.

    Attributes:
        name: Name that users type.
        summary: One line for a list of suites.
        distortions: The distortions, each at all its severities.
    """

    name: str
    summary: str
    distortions: tuple[Distortion, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Return the cells, distortion by distortion, from mild to hard."""
        return tuple(
            Cell(distortion, severity)
            for distortion in self.distortions
            for severity in range(1, len(distortion.levels) + 1)
        )


_CRF = "crf {:g}"
_QUALITY = "quality {:g}"
_LADDER = (18, 23, 28, 35, 40)
_EMULATION = "an emulation; {}"

_PLATFORMS = tuple(
    Distortion(
        f"platform:{one.name}", one.parameter, (1,), one.share,
        temporal=True, encoder=H264, note=_EMULATION.format(one.source),
    )
    for one in PLATFORMS
)  # fmt: skip

SUITES: tuple[Suite, ...] = (
    Suite(
        "everyday",
        "seven distortions at three severities: 1 is what an upload does, 3 what several do",
        (
            Distortion("jpeg", _QUALITY, (85, 60, 35), jpeg),
            Distortion("webp", _QUALITY, (85, 60, 35), webp),
            Distortion("h264", _CRF, (23, 30, 37), partial(h264, preset="fast"), temporal=True, encoder=H264),
            Distortion("blur", "σ {:g} px", (0.6, 1.2, 2.0), blur),
            Distortion("resize", "× {:g} and back", (0.75, 0.5, 0.33), there_and_back),
            Distortion("noise", "σ {:g} grey levels", (2, 5, 10), noise),
            Distortion("gamma", "exponent {:g}", (0.9, 1.25, 1.6), gamma),
        ),
    ),
    Suite(
        "deeperforensics1",
        "the seven perturbations of DeeperForensics-1.0 at five levels, as published, under true names",
        deeperforensics1.TYPES,
    ),
    Suite(
        "deeperforensics1-mixed",
        "one, two, three or four of the seven at once, types and levels drawn for every clip",
        (deeperforensics1.RANDOM, deeperforensics1.MIXED),
    ),
    Suite(
        "jpeg",
        "true JPEG down to quality 30, once, and twice on misaligned block grids",
        (
            Distortion("jpeg:single", _QUALITY, (95, 85, 75, 65, 50, 30), jpeg),
            Distortion(
                "jpeg:double", f"quality {FIRST_QUALITY}, then {{:g}} on a grid {GRID_SHIFT} px off",
                (95, 85, 75, 65, 50, 30), double_jpeg,
            ),
        ),
    ),
    Suite(
        "webp", "WebP down to quality 30", (Distortion("webp:lossy", _QUALITY, (95, 85, 75, 65, 50, 30), webp),)
    ),
    Suite(
        "h264", "H.264 up to crf 40", (Distortion("h264:crf", _CRF, _LADDER, h264, temporal=True, encoder=H264),)
    ),
    Suite(
        "h265", "H.265 up to crf 40", (Distortion("h265:crf", _CRF, _LADDER, h265, temporal=True, encoder=H265),)
    ),
    Suite(
        "av1", "AV1 up to crf 58, on its own scale to 63",
        (Distortion("av1:crf", _CRF, (25, 32, 40, 50, 58), av1, temporal=True, encoder=AV1),),
    ),
    Suite(
        "resize", "smaller frames by five interpolations; the face is cut from the smaller frame",
        tuple(
            Distortion(f"resize:{name}", "× {:g}", (0.75, 0.5, 0.25), partial(shrink, interpolation=name))
            for name in INTERPOLATIONS
        ),
    ),
    Suite(
        "blur", "Gaussian blur up to 3 pixels",
        (Distortion("blur:gaussian", "σ {:g} px", (0.5, 1.0, 1.5, 2.0, 3.0), blur),),
    ),
    Suite(
        "noise", "white Gaussian noise up to 25 grey levels",
        (Distortion("noise:gaussian", "σ {:g} grey levels", (2.5, 5, 10, 15, 25), noise),),
    ),
    Suite(
        "gamma", "darker and brighter",
        (
            Distortion("gamma:darker", "exponent {:g}", (1.25, 1.6, 2.2), gamma),
            Distortion("gamma:brighter", "exponent {:g}", (0.8, 0.625, 0.45), gamma),
        ),
    ),
    Suite(
        "crop", "another face detector's boxes: jittered, wider, tighter; the pixels stay",
        (
            Distortion("crop:jitter", "up to {:.0%} of the side", (0.05, 0.1, 0.2), move=jitter),
            Distortion("crop:wider", "sides × {:g}", (1.1, 1.25, 1.5), move=rescale),
            Distortion("crop:tighter", "sides × {:g}", (0.9, 0.8, 0.65), move=rescale),
        ),
    ),
    Suite("platform", "what sharing does, emulated; every profile", _PLATFORMS),
    *(Suite(one.name, f"{one.parameter(1)}; {one.note}", (one,)) for one in _PLATFORMS),
    Suite(
        "mark", "every clip marked under a control payload; the score should not move",
        (
            Distortion(
                "mark:control", "marked by us, under a key of its own", (1,), mark_as_control,
                note="forged samples that carry a mark already carry two; under 128 px there is none",
            ),
        ),
    ),
)  # fmt: skip

DISTORTIONS: tuple[Distortion, ...] = tuple(
    {distortion.name: distortion for suite in SUITES for distortion in suite.distortions}.values()
)
"""Every distortion of every suite."""


def find_suite(name: str) -> Suite:
    """Find a suite by its exact name.

    Raises:
        InputError: There is none; the message suggests the nearest names.
    """
    for suite in SUITES:
        if suite.name == name:
            return suite
    names = [suite.name for suite in SUITES]
    raise InputError(f"no suite is named {name!r}; nearest: {_nearest(name, names)}; --suite list names them all")


def find_distortion(name: str) -> Distortion:
    """Find a distortion by its exact name or an alias.

    Raises:
        InputError: There is none; the message suggests the nearest names.
    """
    for distortion in DISTORTIONS:
        if name in (distortion.name, *distortion.aliases):
            return distortion
    raise InputError(f"no distortion is named {name!r}; nearest: {_nearest(name, [one.name for one in DISTORTIONS])}")


def find_cell(name: str, severity: int) -> Cell:
    """Find a cell by the name of its distortion and its severity.

    Raises:
        InputError: There is no such distortion or severity.
    """
    distortion = find_distortion(name)
    distortion.level(severity)
    return Cell(distortion, severity)


def gather_cells(suites: Iterable[str]) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """Return the cells of several suites, each once, and the cells that are unavailable because an encoder is missing.

    Args:
        suites: Names of suites.

    Returns:
        The available cells, in order, and the unavailable ones.

    Raises:
        InputError: A suite has no such name.
    """
    cells = tuple(dict.fromkeys(cell for name in suites for cell in find_suite(name).cells))
    absent = {
        encoder for encoder in {cell.distortion.encoder for cell in cells} if encoder and not has_encoder(encoder)
    }
    return (
        tuple(cell for cell in cells if cell.distortion.encoder not in absent),
        tuple(cell for cell in cells if cell.distortion.encoder in absent),
    )


def distort(frames: Frames, name: str, severity: int, rng: Rng) -> Frames:
    """Distort a clip.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        name: Name or alias of a distortion.
        severity: From 1.
        rng: Random generator for the distortions that need one.

    Returns:
        New frames. Distortions that make frames smaller keep the smaller size; all others keep the shape.

    Raises:
        InputError: The name or severity is unknown, the frames are not (T, H, W, 3) uint8 with T ≥ 1, or a video
            encoder is missing.
    """
    cell = find_cell(name, severity)
    check_frames(frames)
    return np.asarray(cell.distortion.change(frames, cell.distortion.level(severity), rng), dtype=np.uint8)


def _nearest(name: str, names: Sequence[str]) -> str:
    return ", ".join(difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names)
