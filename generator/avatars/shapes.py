"""Sample the shapes of heads: phenotypes first, then controls that vary together as they do on people.

Controls drawn independently give odd faces: one lid heavy and the other feature of the same eye light, a wide nose with
narrow nostrils, full cheeks on a lean neck. Here each control is a sum of a few factors, which are normal and shared by
a whole group, and of a small remainder of its own. Factors also depend on the phenotype: fullness follows the weight,
softness the age and the gender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np

from generator.face.face_params import ARKIT_PHENOTYPE, Floats

from .head import AvatarHead, NeutralHead, avatar_head
from .proportions import REALISTIC, Proportions, anime, cartoon

Kind = Literal["real", "cartoon", "anime"]
"""What kind of character: its proportions and the range of its features."""

FACTORS: Mapping[str, Mapping[str, float]] = {
    "long face": {
        "head-scale-vert": 0.10, "head-scale-horiz": -0.10, "chin-height": 0.18, "nose-scale-vert": 0.14,
        "forehead-scale-vert": 0.04, "mouth-trans-vert": -0.05, "cheek-trans-vert": 0.05,
    },
    "strong jaw": {
        "chin-width": 0.22, "chin-bones": 0.22, "chin-jaw-drop": 0.15, "chin-prominent": 0.14, "neck-scale-horiz": 0.12,
        "eyebrows-trans-depth": 0.12, "forehead-trans-depth": -0.06,
    },
    "fullness": {
        "cheek-volume": 0.22, "cheek-inner": 0.16, "head-fat": 0.14, "neck-double": 0.10, "measure-neck-circ": 0.10,
        "cheek-bones": -0.08,
    },
    "cheekbones": {"cheek-bones": 0.25, "cheek-trans-vert": 0.14, "cheek-volume": -0.10},
    "large eyes": {
        "eye-scale": 0.22, "eye-height1": 0.12, "eye-height2": 0.16, "eye-height3": 0.12, "eye-trans-horiz": -0.06,
    },
    "wide eyes": {"eye-trans-horiz": -0.16, "nose-width1": 0.10, "nose-width2": 0.06},
    "raised eye corners": {"eye-corner1": 0.09, "eye-corner2": -0.09, "eyebrows-angle": 0.08},
    "soft lids": {"eye-bag": 0.20, "eye-bag-height": 0.10, "eye-eyefold": 0.16, "eye-eyefold-angle": 0.08},
    "deep eyes": {"eye-push1": -0.12, "eye-push2": -0.12, "eyebrows-trans-depth": 0.10, "eyebrows-trans-vert": -0.10},
    "large nose": {
        "nose-scale-depth": 0.22, "nose-scale-vert": 0.10, "nose-volume": 0.18, "nose-point": 0.05, "nose-base": 0.06,
    },
    "broad nose": {
        "nose-scale-horiz": 0.24, "nose-nostrils-width": 0.20, "nose-flaring": 0.16, "nose-point-width": 0.18,
        "nose-width2": 0.12, "nose-width3": 0.16,
    },
    "arched nose": {"nose-hump": 0.24, "nose-curve": -0.14, "nose-greek": 0.12, "nose-point": -0.16,
                    "nose-septumangle": 0.08},
    "wide mouth": {"mouth-scale-horiz": 0.24, "mouth-lowerlip-width": 0.10, "mouth-upperlip-width": 0.10,
                   "mouth-dimples": 0.08},
    "full lips": {
        "mouth-lowerlip-volume": 0.26, "mouth-upperlip-volume": 0.26, "mouth-lowerlip-height": 0.16,
        "mouth-upperlip-height": 0.16, "mouth-scale-vert": 0.08,
    },
    "bowed lips": {"mouth-cupidsbow": 0.22, "mouth-cupidsbow-width": 0.12, "mouth-philtrum-volume": 0.14},
    "cheerful mouth": {"mouth-angles": 0.12},
    "large ears": {"ear-scale": 0.22, "ear-scale-vert": 0.16, "ear-lobe": 0.16, "ear-scale-depth": 0.10},
    "ears that stand off": {"ear-wing": 0.20, "ear-flap": 0.12, "ear-rot": 0.10},
    "large skull": {"head-back-scale-depth": 0.20, "head-scale-depth": 0.10, "forehead-trans-depth": 0.10,
                    "forehead-nubian": 0.05},
    "age": {"head-age": 0.20, "mouth-laugh-lines": 0.16, "eye-bag": 0.10, "mouth-lowerlip-volume": -0.05},
}  # fmt: skip
"""How much one standard deviation of each factor moves each control, by the control's name without its folder."""

DEFAULT_LIMIT = 0.6
LIMITS: Mapping[str, float] = {
    "head-angle": 0.1, "head-scale-horiz": 0.25, "head-scale-vert": 0.25, "head-trans-vert": 0.2, "head-fat": 0.3,
    "head-trans-depth": 0.2, "forehead-scale-vert": 0.1, "forehead-nubian": 0.15, "cheek-volume": 0.35,
    "eye-corner1": 0.25, "eye-corner2": 0.25, "eyebrows-angle": 0.25, "eyebrows-trans-depth": 0.35,
    "eye-height1": 0.35, "eye-height2": 0.35, "eye-height3": 0.35, "eye-eyefold": 0.35, "eye-epicanthus": 0.4,
    "ear-flap": 0.3, "ear-wing": 0.4, "ear-scale": 0.5, "neck-double": 0.35, "chin-jaw-drop": 0.4, "chin-cleft": 0.4,
    "mouth-angles": 0.3, "mouth-trans-vert": 0.25, "mouth-trans-depth": 0.3, "nose-trans-vert": 0.25,
    "measure-neck-height": 0.3, "neck-trans-vert": 0.2, "neck-trans-depth": 0.2, "mouth-laugh-lines": 0.4,
    "nose-compression": 0.25, "head-age": 0.4, "eye-bag": 0.45, "chin-prognathism": 0.3,
}  # fmt: skip
"""Greatest magnitude of a control; values approach it without a jump. Others may reach `DEFAULT_LIMIT`."""

HEAD_FORMS = ("head-oval", "head-round", "head-square", "head-rectangular", "head-diamond",
              "head-invertedtriangular", "head-triangular")  # fmt: skip
"""Controls that exclude each other: a head gets at most one of them, up to 0.35."""

_SINGLE = {*HEAD_FORMS, "ear-shape-pointed", "ear-shape-round", "ear-shape-square", "ear-shape-triangle",
           "chin-triangle", "head-angle"}  # fmt: skip
_REMAINDER = 0.07
_AGES = ((-0.8, -0.3), (-0.1, 0.25), (0.25, 0.6), (0.6, 0.95))
_AGE_CHANCES = (0.14, 0.5, 0.22, 0.14)
_SIDEWAYS = 0.05


@dataclass(frozen=True, slots=True)
class HeadShape:
    """The shape of one character's head.

    Attributes:
        values: (120,) coefficients of the layout "arkit".
        asymmetry: (70,) strengths of `AvatarHead.asymmetry_names`; small.
        proportions: Exaggerations; those of people by default.
    """

    values: Floats
    asymmetry: Floats
    proportions: Proportions = REALISTIC

    @property
    def feminine(self) -> bool:
        """Return whether the phenotype lies on the feminine side of the mean of genders."""
        return bool(self.values[ARKIT_PHENOTYPE.index("gender")] > 0)

    def build(self, head: AvatarHead | None = None) -> NeutralHead:
        """Return the head without expression."""
        model = avatar_head() if head is None else head
        exaggerated = None if self.proportions == REALISTIC else self.proportions
        return model.neutral(self.values, self.asymmetry, exaggerated)

    def with_controls(self, **controls: float) -> HeadShape:
        """Return the same head with these controls, named without folder and with _ for -."""
        values = self.values.copy()
        plain = [name.split("/")[-1].replace("-", "_") for name in avatar_head().shape_names]
        for name, value in controls.items():
            values[plain.index(name)] = value
        return replace(self, values=values)


@cache
def _loadings() -> tuple[Floats, Floats, Floats]:
    """Return factors (F, C), limits (C,) and remainders (C,) of the controls."""
    names = [name.split("/")[1] for name in avatar_head().asset.controls]
    loadings = np.zeros((len(FACTORS), len(names)), np.float32)
    for row, factor in enumerate(FACTORS.values()):
        for name, value in factor.items():
            loadings[row, names.index(name)] = value
    limits = np.array([LIMITS.get(name, DEFAULT_LIMIT) for name in names], np.float32)
    alone = np.array([name in _SINGLE or name.startswith("neck") for name in names])
    remainder = np.where(alone, 0, np.minimum(_REMAINDER, 0.25 * limits)).astype(np.float32)
    return loadings, limits, remainder


def sample_phenotype(rng: np.random.Generator) -> Floats:
    """Draw age, gender, build and ancestry, (7,)."""
    low, high = _AGES[int(rng.choice(len(_AGES), p=_AGE_CHANCES))]
    share = rng.dirichlet([0.6] * 3)
    age, side = rng.uniform(low, high), rng.choice([-1.0, 1.0])
    child = age < -0.3
    values = [
        age,
        side * np.clip(rng.normal(0.35 if child else 0.75, 0.15), 0, 1),
        np.clip(rng.normal(-0.1 * side, 0.3), -0.8, 0.8),
        np.clip(rng.normal(0, 0.35), -0.8, 0.8),
        *((3 * share - 1) / 2),
    ]
    return np.array(values, np.float32)


def sample_shape(rng: np.random.Generator, variety: float = 1.0, phenotype: Floats | None = None) -> HeadShape:
    """Draw a head.

    Args:
        rng: Source of randomness.
        variety: Scale of the controls; 1 for people, up to 1.6 for caricatures.
        phenotype: (7,) to use instead of a drawn one.

    Returns:
        A head whose controls stay within `LIMITS` times the larger of 1 and `variety`. It may still be implausible;
        `plausible_shape` draws until it is not.
    """
    given = sample_phenotype(rng) if phenotype is None else np.asarray(phenotype, np.float32)
    loadings, limits, remainder = _loadings()
    factors = rng.normal(0, 1, len(FACTORS))
    names = list(FACTORS)
    age, gender, muscle, weight, _, asian, _ = (float(value) for value in given)
    # The phenotype's own targets carry most of its look and the factors lean the same way, but for eyes: where those
    # targets narrow or tilt them, factors that added to it would give sleepy or slanted faces.
    leans = {
        "fullness": 0.8 * weight, "strong jaw": -0.5 * gender + 0.4 * muscle, "age": 0.6 * age, "soft lids": 0.4 * age,
        "large eyes": 0.25 * gender + 0.8 * max(asian, 0.0) + 0.5 * max(age, 0.0), "full lips": 0.25 * gender,
        "raised eye corners": -1.2 * max(asian, 0.0), "large nose": -0.3 * gender, "large ears": 0.4 * max(age, 0.0),
    }  # fmt: skip
    for name, lean in leans.items():
        factors[names.index(name)] = 0.9 * factors[names.index(name)] + lean
    raw = variety * (np.clip(factors, -2.2, 2.2) @ loadings + rng.normal(0, 1, len(limits)) * remainder)
    bound = limits * max(1.0, variety)
    controls = bound * np.tanh(raw / bound)
    plain = [name.split("/")[1] for name in avatar_head().asset.controls]
    if rng.random() < 0.7:
        controls[plain.index(str(rng.choice(HEAD_FORMS)))] = rng.uniform(0, 0.35)
    return HeadShape(np.concatenate([given, controls]).astype(np.float32), _asymmetry(rng))


def _asymmetry(rng: np.random.Generator) -> Floats:
    """Draw small strengths for about three targets in ten; the whole head is not shifted sideways."""
    names = avatar_head().asymmetry_names
    size = np.array([0.0 if name.startswith(("head/", "neck/")) else _SIDEWAYS for name in names])
    return (np.abs(rng.normal(0, 1, len(names))) * (rng.random(len(names)) < 0.3) * size).astype(np.float32)


_ANIME = {
    "nose_scale_vert": -0.5, "nose_scale_horiz": -0.5, "nose_scale_depth": -0.5, "nose_volume": -0.5,
    "nose_width1": -0.3, "nose_nostrils_width": -0.4, "nose_flaring": -0.4, "nose_point_width": -0.3, "nose_hump": -0.2,
    "mouth_lowerlip_volume": 0.05, "mouth_upperlip_volume": 0.05, "mouth_scale_depth": 0.15, "mouth_laugh_lines": -0.4,
    "mouth_dimples": 0.0, "chin_width": -0.4, "chin_prominent": 0.0, "eye_bag": -0.5, "eye_eyefold": 0.0,
    "cheek_bones": -0.2, "eyebrows_trans_depth": -0.25,
}  # fmt: skip
_CARTOON = {"eyebrows_trans_depth": -0.2, "mouth_laugh_lines": -0.3, "eye_bag": -0.4, "eye_eyefold": 0.0}


def sample_character(rng: np.random.Generator, kind: Kind) -> HeadShape:
    """Draw the head of a person ("real") or of a character with the proportions of a toon style.

    Cartoon characters are people of all ages with stronger features; anime characters are young, with a small nose and
    a flat mouth.
    """
    if kind == "real":
        return sample_shape(rng)
    if kind == "cartoon":
        phenotype = sample_phenotype(rng)
        phenotype[0] = min(float(phenotype[0]), 0.7)
        shape = sample_shape(rng, 1.3, phenotype).with_controls(**_CARTOON)
        return replace(shape, asymmetry=shape.asymmetry * 0, proportions=cartoon(rng))
    phenotype = sample_phenotype(rng)
    phenotype[0] = rng.uniform(-0.5, -0.1)
    shape = sample_shape(rng, 0.8, phenotype).with_controls(**_ANIME)
    return replace(shape, asymmetry=shape.asymmetry * 0, proportions=anime(rng))
