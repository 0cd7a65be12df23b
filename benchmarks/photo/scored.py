"""Scores of pictures with kind, person and distortion, and measures of them with intervals over people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, rankdata

from .portraits import SEED

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
DRAWS = 200
GENUINE, VARIED, MARKED = "genuine", "genuine half of self-blend", "genuine, marked"
UNFORGED = (GENUINE, VARIED, MARKED)
PARTNERS = {"self-blend": VARIED, "reenactment": MARKED}
"""Genuine pictures that a forgery is compared with, where they are not the plain ones."""


@dataclass(slots=True)
class Scored:
    """Probabilities of manipulation, one for each picture.

    Attributes:
        chances: Probability of each picture.
        kinds: One of `UNFORGED`, or the forgery.
        people: Name of the person.
        distortions: What happened to the picture.
        labels: (N,) the classes that measures tell apart.
    """

    chances: Floats
    kinds: list[str]
    people: list[str]
    distortions: list[str]
    labels: Labels

    @classmethod
    def of(cls, chances: Floats, kinds: list[str], people: list[str], distortions: list[str]) -> Scored:
        """Return scores with label 1 for every forgery."""
        return cls(chances, kinds, people, distortions, (~np.isin(kinds, UNFORGED)).astype(np.int64))

    def rows(self, kind: str | None, distortion: str, people: Iterable[str] | None = None) -> NDArray[np.bool_]:
        """Return which pictures are of a kind (None: any forgery), a distortion and, where given, some people."""
        kinds = np.array(self.kinds)
        chosen = ~np.isin(kinds, UNFORGED) if kind is None else (kinds == kind)
        chosen = chosen & (np.array(self.distortions) == distortion)
        if people is not None:
            chosen = chosen & np.isin(self.people, list(people))
        return np.asarray(chosen, dtype=np.bool_)

    def against(self, forgery: str | None, distortion: str) -> NDArray[np.bool_]:
        """Return which pictures are of a forgery (None: any), or of the genuine kind that it is compared with."""
        return self.rows(forgery, distortion) | self.rows(PARTNERS.get(forgery or "", GENUINE), distortion)


def over_clips(scored: Scored) -> Scored:
    """Return one score for each clip: the mean over the frames of one kind, person and distortion."""
    keys = list(zip(scored.kinds, scored.people, scored.distortions, strict=True))
    clips: dict[tuple[str, str, str], list[float]] = {}
    for key, chance in zip(keys, scored.chances.tolist(), strict=True):
        clips.setdefault(key, []).append(chance)
    kinds, people, distortions = ([key[place] for key in clips] for place in range(3))
    return Scored.of(np.array([np.mean(values) for values in clips.values()]), kinds, people, distortions)


def share(
    what: str, name: str, measure: str, truths: Sequence[bool | np.bool_], people: int, note: str = ""
) -> tuple[object, ...]:
    """Return a share with its exact interval (Clopper & Pearson 1934); pictures are taken as independent."""
    total, count = len(truths), sum(map(bool, truths))
    low = 0.0 if count == 0 else float(beta.ppf(0.025, count, total - count + 1))
    high = 1.0 if count == total else float(beta.ppf(0.975, count + 1, total - count))
    return (what, name, measure, "none", count / total, low, high, people or None, total, note)


def row(
    scored: Scored,
    what: str,
    name: str,
    measure: str,
    distortion: str,
    rows: NDArray[np.bool_],
    value: Callable[[Labels, Floats], float],
    note: str = "",
) -> tuple[object, ...]:
    """Return a measure with its bootstrap interval over people."""
    grouped = by_person(scored, rows)
    rng = np.random.default_rng(SEED)
    plain = float(value(*joined(grouped, range(len(grouped)))))
    drawn = [float(value(*joined(grouped, rng.integers(len(grouped), size=len(grouped))))) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return (what, name, measure, distortion, plain, float(low), float(high), len(grouped), int(rows.sum()), note)


def by_person(scored: Scored, rows: NDArray[np.bool_]) -> list[tuple[Labels, Floats]]:
    """Return labels and probabilities of each person."""
    names = np.array(scored.people)
    return [
        (scored.labels[mine], scored.chances[mine])
        for name in sorted(set(names[rows].tolist()))
        if (mine := rows & (names == name)).any()
    ]


def joined(grouped: Sequence[tuple[Labels, Floats]], chosen: Iterable[int]) -> tuple[Labels, Floats]:
    """Return labels and probabilities of chosen people, repeated as they are chosen."""
    picked = [grouped[index] for index in chosen]
    return np.concatenate([labels for labels, _ in picked]), np.concatenate([chances for _, chances in picked])


def auc(labels: Labels, chances: Floats) -> float:
    """Return the area under the receiver's curve, by ranks (Mann & Whitney 1947)."""
    ranks, positive = rankdata(chances), labels == 1
    count = int(positive.sum())
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(labels) - count)))


def _weights(labels: Labels) -> Floats:
    shares = np.bincount(labels, minlength=2) / len(labels)
    return np.asarray(0.5 / shares[labels] / len(labels), dtype=np.float64)


def brier(labels: Labels, chances: Floats) -> float:
    """Return the Brier score, both classes weighted alike."""
    return float((_weights(labels) * (chances - labels) ** 2).sum())


def ece(labels: Labels, chances: Floats) -> float:
    """Return the calibration error over ten bins of equal width (Guo et al. 2017), both classes weighted alike."""
    weights, bins = _weights(labels), np.minimum((10 * chances).astype(np.int64), 9)
    gaps = [
        abs(float((weights[mine] * (chances[mine] - labels[mine])).sum())) for mine in (bins == b for b in range(10))
    ]
    return float(np.sum(gaps))
