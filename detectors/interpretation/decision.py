"""Decide between three answers at a stated risk: likely manipulated, no sign of manipulation, or inconclusive.

Two thresholds come from validation probabilities, one from each class (class-conditional split conformal prediction,
Vovk 2012; Angelopoulos & Bates 2023, §4.3). A genuine sample is called manipulated, and a manipulated one passed
without a sign, at most at the stated risk, whatever the distribution of the scores. A sample that neither class
explains, or that both explain, is inconclusive; this is the price of the guarantee.

The guarantee holds for samples that are exchangeable with the validation samples: other videos of the same kind, one
probability each. It does not hold for pictures of another kind; the scope gate detects those. Videos of one person
resemble each other, so people are exchangeable and videos are not. Where `fit` is given the people in the samples, it
counts only the worst sample of each person. The guarantee then holds for the worst video of a new person, and therefore
for any of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError

from .thresholds import Level

Floats = NDArray[np.float64]
RISK = 0.1
"""Default risk; nine validation samples of a class are enough to guarantee it."""


class Call(StrEnum):
    """List the three possible answers."""

    MANIPULATED = "likely manipulated"
    INCONCLUSIVE = "inconclusive"
    NO_SIGN = "no sign of manipulation"


@dataclass(frozen=True, slots=True)
class ConformalDecision:
    """Store two thresholds on a probability, and the risk that they guarantee.

    Attributes:
        lower: Probabilities strictly below show no sign; 0 where the manipulated samples are too few for the risk.
        upper: Probabilities strictly above are likely manipulated; 1 where the genuine samples are too few.
        alpha: Largest share of either class that receives the answer of the other class.
        confidence: Confidence with which these thresholds keep the risk (Clopper & Pearson 1934); None where it is kept
            on average over validation sets.
        n_positive: Manipulated validation samples behind `lower`.
        n_negative: Genuine validation samples behind `upper`.
        level: Whether one probability belongs to a frame or to a video.
        people: Whether the numbers count people (the worst sample of each) instead of samples.
    """

    lower: float
    upper: float
    alpha: float
    confidence: float | None
    n_positive: int
    n_negative: int
    level: Level = "video"
    people: bool = False

    @classmethod
    def fit(
        cls,
        labels: NDArray[np.integer],
        probabilities: Floats,
        alpha: float | None = RISK,
        *,
        confidence: float | None = None,
        level: Level = "video",
        people: Sequence[str] | None = None,
    ) -> ConformalDecision:
        """Fit both thresholds on validation probabilities.

        Args:
            labels: (N,) 0 genuine, 1 manipulated.
            probabilities: (N,) in 0–1, one for each independent sample.
            alpha: Risk, within 0–1. A class keeps it on average from 1/α − 1 samples on, with confidence c from log(1 −
                c)/log(1 − α) on; with fewer samples the answer that it limits is never returned. None takes 0.1, or the
                smallest risk above it that the smaller class keeps on average.
            confidence: Probability over the draw of the validation set with which the risk is kept; None keeps the risk
                on average over those draws.
            level: Whether one probability belongs to a frame or to a video.
            people: (N,) identity of each sample; only the worst sample of a person is then used. None treats the
                samples as independent.

        Raises:
            TrainingError: A class is missing, a probability lies outside 0–1, or risk or confidence does.
        """
        if not (alpha is None or 0 < alpha < 1) or not (confidence is None or 0 < confidence < 1):
            raise TrainingError(f"risk and confidence lie strictly within 0–1, got {alpha!r} and {confidence!r}")
        values, positive = np.asarray(probabilities, dtype=np.float64), np.asarray(labels) == 1
        if values.shape != positive.shape or not ((values >= 0) & (values <= 1)).all():
            raise TrainingError("a decision wants one probability in 0–1 for each label")
        if people is not None and len(people) != len(values):
            raise TrainingError(f"{len(values)} samples come with {len(people)} people; want one each")
        worst = np.arange(len(values)) if people is None else _worst(positive, values, people)
        values, positive = values[worst], positive[worst]
        forged, genuine = np.sort(values[positive]), np.sort(values[~positive])
        if not len(forged) or not len(genuine):
            raise TrainingError(f"a decision wants both classes, got {len(forged)} manipulated, {len(genuine)} genuine")
        alpha = max(RISK, 1 / (1 + min(len(forged), len(genuine)))) if alpha is None else alpha
        below, above = (_allowed(len(part), alpha, confidence) for part in (forged, genuine))
        return cls(
            lower=0.0 if below < 0 else float(forged[below]),
            upper=1.0 if above < 0 else float(genuine[len(genuine) - 1 - above]),
            alpha=alpha,
            confidence=confidence,
            n_positive=len(forged),
            n_negative=len(genuine),
            level=level,
            people=people is not None,
        )

    def decide(self, probability: float) -> Call:
        """Return the answer for a probability; a probability that neither class explains is inconclusive too."""
        flagged, quiet = probability > self.upper, probability < self.lower
        if flagged == quiet:
            return Call.INCONCLUSIVE
        return Call.MANIPULATED if flagged else Call.NO_SIGN

    def sentence(self, call: Call) -> str:
        """Return a plain sentence that states the risk of an answer."""
        if call is Call.INCONCLUSIVE:
            return f"The score is not clear enough for an answer that errs in at most {self.alpha:.0%} of cases."
        kept = "" if self.confidence is None else f" (with {self.confidence:.0%} confidence)"
        group, number = ("genuine", self.n_negative) if call is Call.MANIPULATED else ("manipulated", self.n_positive)
        return (
            f"At most {self.alpha:.0%} of {group} {self.level}s get this answer{kept}, "
            f"as far as they resemble those of the {number} {'people' if self.people else f'{self.level}s'} of the "
            "validation set."
        )


def _worst(positive: NDArray[np.bool_], values: Floats, people: Sequence[str]) -> NDArray[np.intp]:
    """Find the highest genuine and the lowest manipulated sample of each person."""
    badness = np.where(positive, -values, values)
    chosen: dict[tuple[str, bool], int] = {}
    for row in np.argsort(badness, kind="stable"):
        chosen[people[row], bool(positive[row])] = int(row)
    return np.array(sorted(chosen.values()), dtype=np.intp)


def _allowed(count: int, alpha: float, confidence: float | None) -> int:
    """Return how many of `count` samples may lie beyond the threshold; −1 where no number keeps the risk."""
    if confidence is None:
        return math.floor(alpha * (count + 1) + 1e-9) - 1
    # P(true rate > α) = P(Binomial(n, α) ≤ k) when k samples lie beyond a threshold set on the next one
    from scipy.stats import binom  # its import takes a second

    return int((binom.cdf(np.arange(count), count, alpha) <= 1 - confidence).sum()) - 1
