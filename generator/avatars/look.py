"""Draw how an avatar looks: colours, hair, clothes, accessories, light, surroundings and framing.

Everything random about a picture is decided here, once for an avatar, so that all frames of it agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generator.face.face_params import ARKIT_PHENOTYPE, Floats

from .colours import mix
from .lights import Light, sample_light
from .palettes import CLOTHES, CREATURES, FRAMES, HAIR, HAIR_FANCY, IRIS, IRIS_FANCY, LIPSTICKS, skin_tone
from .shapes import HeadShape, Kind

Rgb = tuple[int, int, int]

CUTS = ("buzz", "short", "side", "swept", "quiff", "spiky", "bob", "long", "curly", "afro", "pony", "bun", "mohawk")
SETTINGS = ("gradient", "lights", "room", "outdoor", "foliage", "pattern", "city", "studio")
COLLARS = ("crew", "v-neck", "shirt", "turtleneck", "hood", "scarf")
HATS = ("beanie", "cap", "brim", "band", "headphones")
HANDS = ("wave", "chin")


@dataclass(frozen=True, slots=True)
class Hair:
    """Hair of the head. `length`, `volume` and `wave` are in units of head space; `colours` run from roots to tips."""

    cut: str
    colours: tuple[Rgb, Rgb]
    length: float
    volume: float
    wave: float
    part: float
    bangs: bool
    recede: float


@dataclass(frozen=True, slots=True)
class Complexion:
    """Skin and what is painted on it; strengths are in [0, 1] unless the name says a colour."""

    skin: Rgb
    dark: bool
    blush: float
    age: float
    eyebags: float
    freckles: float
    stubble: float
    beard: str
    lips: Rgb | None
    shadow: Rgb | None
    liner: float
    brows: Rgb
    brow_thickness: float
    brow_lift: float
    brow_arch: float
    markings: str
    marking_colour: Rgb


@dataclass(frozen=True, slots=True)
class Eyes:
    """Eyes: `sclera` is its sRGB colour; `size` the iris's polar angle in radians; lashes in [0, 1]."""

    iris: Rgb
    sclera: Rgb
    size: float
    slit: bool
    lashes: float


@dataclass(frozen=True, slots=True)
class Outfit:
    """Clothes and accessories; names are empty where there is none."""

    collar: str
    neckline: float
    colours: tuple[Rgb, Rgb]
    pattern: int
    glasses: float
    glasses_shape: float
    glasses_colour: Rgb
    hat: str
    hat_colour: Rgb
    earrings: str
    earring_colour: Rgb
    hand: str
    hand_side: int
    horns: float
    horn_colour: Rgb


@dataclass(frozen=True, slots=True)
class Look:
    """All visual choices of an avatar.

    Attributes:
        hair: Hair, or None for a bald head.
        complexion: Skin and make-up.
        eyes: Irises, scleras and lashes.
        outfit: Clothes and accessories.
        light: Colours and directions of the light.
        exposure: Factor of the light that reaches the picture, about 0.55 to 1.6.
        gamma: Exponent applied to the finished picture, about 0.8 to 1.25.
        setting: Kind of background, one of `SETTINGS`.
        framing: Camera (scale, tx, ty); the head's height is 2.15 times the scale, 0.35 to 0.75 of the picture.
        pose: (3,) how the head is held when no drive says otherwise.
        mood: How far mouth corners and upper lids are raised when no drive says otherwise, in [0, 1].
    """

    hair: Hair | None
    complexion: Complexion
    eyes: Eyes
    outfit: Outfit
    light: Light
    exposure: float
    gamma: float
    setting: str
    framing: tuple[float, float, float]
    pose: tuple[float, float, float]
    mood: tuple[float, float]


def _pick(rng: np.random.Generator, values: tuple[str, ...], chances: tuple[float, ...]) -> str:
    total = np.asarray(chances) / sum(chances)
    return str(values[int(rng.choice(len(values), p=total))])


def _rgb(values: Floats) -> Rgb:
    red, green, blue = (int(v) for v in np.clip(np.round(values), 0, 255))
    return red, green, blue


def _hair(rng: np.random.Generator, kind: Kind, shape: HeadShape) -> Hair | None:
    old = float(shape.values[ARKIT_PHENOTYPE.index("age")]) > 0.55
    african, asian = (float(shape.values[ARKIT_PHENOTYPE.index(name)]) for name in ("african", "asian"))
    fair = max(0.0, -african - asian)
    names = tuple(HAIR)
    light = np.array([0.25 + max(african, 0) + max(asian, 0), 0.3, 0.25, 0.08, *(1.2 * fair * np.ones(4)), 0, 0])
    light[4:8] *= (0.25, 0.5, 0.6, 0.15)
    if old:
        light[8:] = (0.7, 0.5)
    name = _pick(rng, names, tuple(light))
    fancy = rng.random() < {"real": 0.02, "cartoon": 0.2, "anime": 0.5}[kind]
    base = np.array(HAIR_FANCY[_pick(rng, tuple(HAIR_FANCY), (1,) * len(HAIR_FANCY))] if fancy else HAIR[name])
    base = np.clip(base * (1 + 0.08 * rng.normal()), 14, 240)
    tips = base * rng.uniform(1.05, 1.35)
    if kind != "real" and rng.random() < 0.12:
        tips = np.array(HAIR_FANCY[_pick(rng, tuple(HAIR_FANCY), (1,) * len(HAIR_FANCY))])
    feminine = {"bob": 0.2, "long": 0.3, "curly": 0.12, "pony": 0.12, "bun": 0.1, "side": 0.06, "afro": 0.05}
    masculine = {
        "short": 0.2, "side": 0.18, "swept": 0.14, "quiff": 0.12, "buzz": 0.08, "spiky": 0.06, "curly": 0.06,
        "afro": 0.03, "mohawk": 0.015, "long": 0.03, "": 0.08,
    }  # fmt: skip
    chances = dict(feminine if shape.feminine else masculine)
    if african > 0.25:
        chances |= {"afro": 0.2, "curly": 0.2, "buzz": 0.15 if not shape.feminine else 0.03}
    if kind != "real":
        chances.pop("buzz", None)
    if kind == "anime":
        chances = (
            {"bob": 0.3, "long": 0.4, "pony": 0.2, "bun": 0.1} if shape.feminine
            else {"spiky": 0.4, "swept": 0.2, "side": 0.2, "bob": 0.1, "quiff": 0.1}
        )  # fmt: skip
    cut = _pick(rng, tuple(chances), tuple(chances.values()))
    recede = rng.uniform(-0.05, 0.03) - {"real": 0.06, "cartoon": 0.10, "anime": 0.20}[kind]
    if old and not shape.feminine:
        recede += rng.uniform(0.05, 0.18)
    drawn = Hair(
        cut=cut,
        colours=(_rgb(base), _rgb(np.clip(tips, 14, 248))),
        length=rng.uniform(0.75, 1.15),
        volume=rng.uniform(0.05, 0.12),
        wave=rng.uniform(0.015, 0.05) if rng.random() < 0.5 else 0.0,
        part=float(rng.choice([0.0, 0.22, -0.22])),
        bangs=bool(rng.random() < (0.85 if kind == "anime" else 0.4)),
        recede=float(recede),
    )
    return drawn if cut else None


def _complexion(
    rng: np.random.Generator, kind: Kind, shape: HeadShape, hair: Hair | None, creature: bool
) -> Complexion:
    age = float(shape.values[ARKIT_PHENOTYPE.index("age")])
    shares = np.array([shape.values[ARKIT_PHENOTYPE.index(name)] for name in ("african", "asian", "caucasian")])
    shares = (2 * shares + 1) / 3
    tone = float(
        np.clip(shares @ np.array([6.8, 2.6, 1.2]) + rng.normal(0, 0.7) - (1.2 if kind == "anime" else 0.2), 0, 8.9)
    )
    skin = skin_tone(tone)
    if creature:
        skin = np.array(CREATURES[int(rng.integers(len(CREATURES)))], np.float32)
    grown = not shape.feminine and age > -0.15 and kind != "anime"
    makeup = shape.feminine and age > -0.2 and rng.random() < 0.55
    tint = np.array(hair.colours[0] if hair else HAIR[_pick(rng, tuple(HAIR)[:4], (1, 1, 1, 0.5))], np.float32)
    brows = tint * (0.62 if tint.mean() > 120 else 0.75)
    thick = rng.uniform(0.55, 0.85) if shape.feminine else rng.uniform(0.9, 1.4)
    return Complexion(
        skin=_rgb(skin),
        dark=bool(np.mean(skin) < 120),
        blush=rng.uniform(0.1, 0.45) + {"real": 0.0, "cartoon": 0.3, "anime": 0.2}[kind],
        age=float(np.clip((age + 0.3) / 1.2, 0, 1)) if kind != "anime" else 0.0,
        eyebags=rng.uniform(0, 0.6) * (age > 0.2) * (kind == "real"),
        freckles=rng.uniform(0.2, 1.0) if rng.random() < (0.2 if tone < 4 else 0.04) and not creature else 0.0,
        stubble=float(rng.choice([0, 0.4, 0.85, 1.15], p=[0.45, 0.2, 0.2, 0.15])) if grown else 0.0,
        beard=_pick(rng, ("full", "goatee", "moustache"), (0.5, 0.3, 0.2)),
        lips=LIPSTICKS[int(rng.integers(len(LIPSTICKS)))] if makeup and rng.random() < 0.7 else None,
        shadow=_rgb(mix(skin, np.array([90, 60, 80]), 0.6)) if makeup and rng.random() < 0.5 else None,
        liner=0.9 if makeup else 0.4,
        brows=_rgb(brows),
        brow_thickness=thick * (0.6 if kind == "anime" else 1.0),
        brow_lift=rng.uniform(-0.015, 0.025) + {"real": 0.0, "cartoon": 0.03, "anime": 0.03}[kind],
        brow_arch=rng.uniform(0.03, 0.08) if shape.feminine else rng.uniform(0.01, 0.05),
        markings=_pick(rng, ("", "spots", "stripes", "mask"), (1, 1, 1, 1)) if creature else "",
        marking_colour=_rgb(
            mix(skin, np.array([30, 20, 60]) if rng.random() < 0.5 else np.array([250, 240, 200]), 0.55)
        ),
    )


def _sclera(rng: np.random.Generator, kind: Kind, creature: bool) -> Rgb:
    """Draw scleras from white to grey and, on creatures and drawn characters, to black and to colours."""
    roll = rng.random()
    if roll < (0.45 if creature else 0.06 if kind == "cartoon" else 0.03 if kind == "anime" else 0.0):
        return _rgb(rng.uniform(14, 70) + rng.uniform(-8, 8, 3))
    if creature and roll < 0.8:
        return _rgb(np.array([235, 205, 90]) + rng.uniform(-20, 20, 3))
    grey = rng.uniform(205, 246) if rng.random() < 0.6 else rng.uniform(135, 215)
    tint = np.array([1.0, rng.uniform(0.93, 1.0), rng.uniform(0.88, 1.02)])
    return _rgb(grey * tint)


def _eyes(rng: np.random.Generator, kind: Kind, shape: HeadShape, creature: bool) -> Eyes:
    fair = max(0.0, float(shape.values[ARKIT_PHENOTYPE.index("caucasian")]))
    chances = (0.4, 0.35, 0.15, 0.02 + 0.3 * fair, 0.02 + 0.6 * fair, 0.02 + 0.25 * fair, 0.08)
    iris = IRIS[_pick(rng, tuple(IRIS), chances)]
    if creature or (kind != "real" and rng.random() < 0.45):
        iris = IRIS_FANCY[_pick(rng, tuple(IRIS_FANCY), (1,) * len(IRIS_FANCY))]
    size = {"real": 0.43, "cartoon": rng.uniform(0.50, 0.60), "anime": rng.uniform(0.72, 0.84)}[kind]
    lashes = {"real": 0.4, "cartoon": 0.5, "anime": 0.6}[kind] + (0.3 if shape.feminine else 0.0)
    return Eyes(iris, _sclera(rng, kind, creature), size, creature and bool(rng.random() < 0.4), lashes)


def _outfit(rng: np.random.Generator, kind: Kind, shape: HeadShape, hair: Hair | None, creature: bool) -> Outfit:
    first, second = (CLOTHES[int(i)] for i in rng.choice(len(CLOTHES), 2, replace=False))
    tall = hair is not None and hair.cut in ("afro", "mohawk", "bun", "quiff", "spiky", "pony")
    horns = rng.uniform(0.3, 0.7) if creature and rng.random() < 0.6 else 0.0
    hat = "" if tall or horns or rng.random() > 0.15 else _pick(rng, HATS, (0.28, 0.24, 0.2, 0.16, 0.12))
    worn = rng.random() < (0.45 if shape.feminine else 0.08)
    return Outfit(
        collar=_pick(rng, COLLARS, (0.28, 0.2, 0.24, 0.1, 0.12, 0.06)),
        neckline=rng.uniform(0.0, 0.1),
        colours=(first, second),
        pattern=int(rng.choice([0, 0, 0, 1, 2, 3, 4, 5])),
        glasses=rng.uniform(0.19, 0.235)
        if rng.random() < {"real": 0.15, "cartoon": 0.18, "anime": 0.08}[kind]
        else 0.0,
        glasses_shape=rng.uniform(2, 4.5),
        glasses_colour=FRAMES[int(rng.integers(len(FRAMES)))],
        hat=hat,
        hat_colour=CLOTHES[int(rng.integers(len(CLOTHES)))],
        earrings=_pick(rng, ("stud", "hoop", "drop"), (0.4, 0.4, 0.2)) if worn else "",
        earring_colour=((222, 184, 96), (205, 208, 214))[int(rng.integers(2))],
        hand=_pick(rng, HANDS, (0.55, 0.45)) if rng.random() < 0.06 else "",
        hand_side=1 if rng.random() < 0.5 else -1,
        horns=horns,
        horn_colour=((226, 214, 186), (70, 60, 58), (150, 60, 50))[int(rng.integers(3))],
    )


def _framing(rng: np.random.Generator, tall: float) -> tuple[float, float, float]:
    """Draw a camera; heads with tall hair stand lower, so that the hair stays in the picture where it fits."""
    height = rng.uniform(0.35, 0.75)
    scale = height / 2.15
    spare = max(0.0, 0.5 - (1.08 + tall) * scale)
    down = 0.5 + tall * scale * 0.5 + rng.uniform(-0.3, 0.25) * spare
    across = 0.5 + rng.uniform(-0.8, 0.8) * max(0.0, 0.42 - 0.85 * scale) * 0.5
    return float(scale), float(across), float(down)


def sample_look(rng: np.random.Generator, kind: Kind, shape: HeadShape) -> Look:
    """Draw the look that goes with a head."""
    creature = bool(rng.random() < {"real": 0.04, "cartoon": 0.14, "anime": 0.10}[kind])
    hair = _hair(rng, kind, shape)
    complexion = _complexion(rng, kind, shape, hair, creature)
    outfit = _outfit(rng, kind, shape, hair, creature)
    tall = {"afro": 0.35, "mohawk": 0.3, "bun": 0.2, "spiky": 0.3, "quiff": 0.2}.get(hair.cut if hair else "", 0.1)
    yaw, pitch, roll = rng.normal(0, (0.22, 0.07, 0.06))
    return Look(
        hair=hair,
        complexion=complexion,
        eyes=_eyes(rng, kind, shape, creature),
        outfit=replace(outfit, hat="") if hair is None and outfit.hat == "band" else outfit,
        light=sample_light(rng),
        exposure=float(np.clip(np.exp(rng.normal(0.08, 0.22)), 0.65, 1.6)),
        gamma=float(np.clip(rng.normal(1.0, 0.09), 0.8, 1.25)),
        setting=_pick(rng, SETTINGS, (0.16, 0.12, 0.2, 0.18, 0.08, 0.08, 0.1, 0.08)),
        framing=_framing(rng, max(tall, 0.5 * outfit.horns, 0.25 if outfit.hat else 0)),
        pose=(float(np.clip(yaw, -0.6, 0.6)), float(pitch), float(roll)),
        mood=(float(rng.uniform(0.0, 0.45)), float(rng.uniform(0.0, 0.15) + 0.2 * (kind == "cartoon"))),
    )
