"""What a puppet looks like: everything about it that does not move."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from generator.errors import PuppetError
from generator.face.face_params import SHAPE, FaceParams, Floats

Style = Literal["flat", "toon", "gloss", "paint", "pencil", "clay", "lowpoly", "pixel", "halftone", "watercolour"]
Hair = Literal["bald", "crop", "bob", "long", "afro", "spikes", "bun", "mohawk", "cap"]
Ears = Literal["human", "pointed", "cat", "bear", "bunny", "horns", "none"]
Skin = Literal["plain", "freckles", "spots", "stripes", "patch", "speckle"]
Backdrop = Literal["plain", "gradient", "radial", "stripes", "dots", "blobs"]

STYLES: tuple[Style, ...] = (
    "flat", "toon", "gloss", "paint", "pencil", "clay", "lowpoly", "pixel", "halftone", "watercolour",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Puppet:
    """One avatar: its head shape and its look. Colours are (3,) RGB in [0, 1]. Compared by object, not by value.

    Attributes:
        identity: Name that is unique for the look and the shape.
        shape: (16,) head shape. scale: Camera scale of its neutral picture, in picture sides per head unit.
        light: (3,) unit vector to the light. seed: Seed of all painted noise.
    """

    identity: str
    style: Style
    shape: Floats
    scale: float
    skin: Floats
    hair: Floats
    iris: Floats
    cloth: Floats
    lips: Floats
    glasses: Floats | None
    backdrop_colours: tuple[Floats, Floats]
    hair_kind: Hair
    ears: Ears
    skin_kind: Skin
    backdrop: Backdrop
    hairline: float
    fringe: float
    waves: int
    hair_volume: float
    iris_size: float
    slit_pupil: bool
    brow_weight: float
    line_weight: float
    blush: float
    beard: float
    light: Floats
    seed: int

    def neutral(self) -> FaceParams:
        """Return the puppet looking straight ahead without expression."""
        return FaceParams.neutral(self.shape, self.scale)


def _hsv(h: float, s: float, v: float) -> Floats:
    return np.array(colorsys.hsv_to_rgb(h % 1.0, s, v), np.float32)


def sample_puppet(rng: np.random.Generator, style: Style | None = None) -> Puppet:
    """Draw a puppet: about two thirds people-like, one third creature-like.

    Raises:
        PuppetError: `style` is not one of `STYLES`.
    """
    if style is not None and style not in STYLES:
        raise PuppetError(f"unknown puppet style {style!r}; choose one of {', '.join(STYLES)}")
    seed = int(rng.integers(1 << 31))
    creature = bool(rng.random() < 0.35)
    shape = np.clip(rng.normal(0, 1.0, len(SHAPE)), -2.2, 2.2).astype(np.float32)
    if creature:
        shape[SHAPE.index("eye_size")] = rng.uniform(0.5, 2.2)
        shape[SHAPE.index("muzzle")] = rng.uniform(0.0, 2.2)
        skin = _hsv(rng.random(), rng.uniform(0.15, 0.75), rng.uniform(0.45, 1.0))
        ears: Ears = rng.choice(["cat", "bear", "bunny", "horns", "pointed", "none"])
        skin_kind: Skin = rng.choice(["plain", "spots", "stripes", "patch", "speckle"])
        hair_kind: Hair = rng.choice(["bald", "bald", "crop", "mohawk", "spikes", "bob"])
    else:
        skin = _hsv(rng.uniform(0.035, 0.09), rng.uniform(0.22, 0.62), rng.uniform(0.38, 1.0))
        ears = rng.choice(["human", "human", "human", "pointed"])
        skin_kind = rng.choice(["plain", "plain", "freckles", "speckle"])
        hair_kind = rng.choice(
            ["bald", "crop", "crop", "bob", "bob", "long", "long", "afro", "spikes", "bun", "mohawk", "cap"]
        )
    natural = rng.random() < 0.5
    hair = (
        _hsv(rng.uniform(0.02, 0.14), rng.uniform(0.2, 0.8), rng.uniform(0.08, 0.85))
        if natural
        else _hsv(rng.random(), rng.uniform(0.3, 0.9), rng.uniform(0.25, 0.95))
    )
    angle, tilt = rng.uniform(-1.1, 1.1), rng.uniform(0.1, 0.9)
    light = np.array([np.sin(angle) * np.cos(tilt), np.sin(tilt), np.cos(angle) * np.cos(tilt)], np.float32)
    chosen: Style = style or rng.choice(STYLES)
    return Puppet(
        identity=f"puppet-{seed:08x}",
        style=str(chosen),  # type: ignore[arg-type]
        shape=shape,
        scale=float(rng.uniform(0.29, 0.36)),
        skin=skin,
        hair=hair,
        iris=_hsv(rng.random(), rng.uniform(0.35, 0.9), rng.uniform(0.25, 0.85)),
        cloth=_hsv(rng.random(), rng.uniform(0.2, 0.85), rng.uniform(0.25, 0.9)),
        lips=_hsv(rng.uniform(-0.06, 0.03), rng.uniform(0.3, 0.7), rng.uniform(0.45, 0.9))
        if not creature
        else skin * 0.62,
        glasses=_hsv(rng.random(), rng.uniform(0.0, 0.8), rng.uniform(0.05, 0.6)) if rng.random() < 0.2 else None,
        backdrop_colours=(
            _hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.35, 1.0)),
            _hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.35, 1.0)),
        ),
        hair_kind=str(hair_kind),  # type: ignore[arg-type]
        ears=str(ears),  # type: ignore[arg-type]
        skin_kind=str(skin_kind),  # type: ignore[arg-type]
        backdrop=str(rng.choice(["plain", "gradient", "radial", "stripes", "dots", "blobs"])),  # type: ignore[arg-type]
        hairline=float(rng.uniform(0.70, 0.80)),
        fringe=float(rng.uniform(0.0, 0.10)),
        waves=int(rng.integers(2, 9)),
        hair_volume=float(rng.uniform(1.06, 1.16)),
        iris_size=float(rng.uniform(0.50, 0.80)),
        slit_pupil=bool(creature and rng.random() < 0.35),
        brow_weight=float(rng.uniform(0.35, 1.0)),
        line_weight=float(rng.uniform(0.35, 0.9)),
        blush=float(rng.uniform(0, 0.45)),
        beard=float(rng.uniform(0.2, 0.7)) if not creature and rng.random() < 0.15 else 0.0,
        light=light,
        seed=seed,
    )


def restyle(puppet: Puppet, style: Style) -> Puppet:
    """Return the same puppet drawn in another style, under another identity."""
    return replace(puppet, style=style, identity=f"{puppet.identity}-{style}")
