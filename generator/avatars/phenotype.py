"""Turn shape coefficients into the strengths of the asset's targets.

The first seven coefficients are the phenotype, 0 being the mean of adults:

* age: -1.5 is a baby, -0.67 a child of about twelve, 0.17 an adult of about 25, 1 very old;
* gender: -1 is male, 1 female; muscle and weight: -1 is little, 1 is much;
* african, asian, caucasian: 0 in all three is the mean of the three; 1 in one of them and -0.5 in both others is that
  one alone.

Targets of the phenotype are multilinear in these values, as MakeHuman defines them. The other 113 coefficients scale
one control each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import ARKIT_PHENOTYPE, Floats

from .asset import HeadAsset

PHENOTYPE_LOW = np.array([-1.5, -1, -1, -1, -0.5, -0.5, -0.5], np.float32)
PHENOTYPE_HIGH = np.ones(len(ARKIT_PHENOTYPE), np.float32)

_AGES, _AGE_KNOTS = ("baby", "child", "young", "old"), (0.0, 1 / 3, 2 / 3, 1.0)
_MUSCLES = ("minmuscle", "averagemuscle", "maxmuscle")
_WEIGHTS = ("minweight", "averageweight", "maxweight")
_LEVELS = (0.0, 0.5, 1.0)
_PEOPLES = ("african", "asian", "caucasian")
_MEAN_AGE, _AGE_SPAN = 0.6, 0.4


def _shares(value: float, knots: tuple[float, ...]) -> Floats:
    """Return how much each knot counts at a value, linearly between neighbours."""
    identity = np.eye(len(knots))
    return np.array([np.interp(value, knots, row) for row in identity])


@dataclass(frozen=True, slots=True)
class TargetStrengths:
    """Compute the strengths of all targets from shape coefficients.

    Attributes:
        macro: Targets of the phenotype.
        factors: For each of them its row in the tables of gender, age, muscle, weight and people; the last row of
            each table is 1, for targets that do not depend on it.
        positive: (D, 113) 1 where a target belongs to a control's positive direction.
        negative: (D, 113) the same for the negative direction.
    """

    macro: Floats
    factors: Floats
    positive: Floats
    negative: Floats

    @classmethod
    def of(cls, asset: HeadAsset) -> TargetStrengths:
        """Read the roles of the targets from their names."""
        macro, factors = [], []
        for index, name in enumerate(asset.shape_names):
            if name.startswith("macro/"):
                kind, gender, age, *build = name.removeprefix("macro/").split("-")
                muscle, weight = (_MUSCLES.index(build[0]), _WEIGHTS.index(build[1])) if build else (3, 3)
                people = 3 if build else _PEOPLES.index(kind)
                macro.append(index)
                factors.append((("male", "female").index(gender), _AGES.index(age), muscle, weight, people))
        positive = np.zeros((len(asset.shape_names), len(asset.controls)), np.float32)
        negative = positive.copy()
        for control, (more, less) in enumerate(asset.controls.values()):
            positive[list(more), control] = 1
            negative[list(less), control] = 1
        return cls(np.array(macro), np.array(factors).T, positive, negative)

    def phenotype(self, values: Floats) -> Floats:
        """Return the strengths (D,) of the phenotype (7,) alone."""
        age, gender, muscle, weight, *people = (float(value) for value in values)
        share = np.clip((gender + 1) / 2, 0, 1)
        part = np.maximum(1 + 2 * np.array(people), 0) + 1e-6
        tables = (
            np.array([1 - share, share]),
            _shares(_MEAN_AGE + _AGE_SPAN * age, _AGE_KNOTS),
            np.append(_shares((muscle + 1) / 2, _LEVELS), 1),
            np.append(_shares((weight + 1) / 2, _LEVELS), 1),
            np.append(part / part.sum(), 1),
        )
        out = np.zeros(len(self.positive), np.float32)
        out[self.macro] = np.prod([table[rows] for table, rows in zip(tables, self.factors, strict=True)], axis=0)
        return out

    def controls(self, values: Floats) -> Floats:
        """Return the strengths (D,) of the controls (113,) alone."""
        return self.positive @ np.maximum(values, 0) + self.negative @ np.maximum(-values, 0)

    def control_slopes(self, values: Floats) -> Floats:
        """Return how the strengths change with each control, (113, D); at 0 the positive direction counts."""
        return np.where(values >= 0, self.positive, -self.negative).T
