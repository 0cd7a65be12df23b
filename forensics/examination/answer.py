"""Say what a score means before saying the score: the answer at the detector's stated risk."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .evidence import ScoreEvidence, Thresholds, height_of

if TYPE_CHECKING:
    from detectors import Score


class Says(StrEnum):
    """The three answers about a face."""

    MANIPULATED = "likely manipulated"
    NO_SIGN = "no sign of manipulation found"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the detector's score allows to say about a file.

    Attributes:
        says: The answer.
        because: One or two sentences: the risk at which it holds, or why there is none.
        risk: Largest share of either class that gets the answer of the other; None without a guarantee.
        detector: Name of the detector; None where no face was scored.
        measured_on: What the detector's errors were measured on; empty where its card does not say so.
    """

    says: Says
    because: str
    risk: float | None = None
    detector: str | None = None
    measured_on: str = ""

    @property
    def sentence(self) -> str:
        """Return the answer as text for people, the finding first."""
        measured = f" Detector {self.detector} was measured on {self.measured_on}." if self.measured_on else ""
        return f"{self.says[0].upper()}{self.says[1:]}. {self.because}{measured}"


def answer_of(score: Score | None, thresholds: Thresholds, no_score_reason: str = "", measured_on: str = "") -> Answer:
    """Return the answer that a score allows.

    Args:
        score: The decisive score, None without one.
        thresholds: The detector's limits of high and low scores.
        no_score_reason: Reason for a missing score, as the end of a sentence.
        measured_on: What the detector's errors were measured on.
    """
    if score is None:
        return Answer(Says.CANNOT_TELL, f"No face was scored: {no_score_reason}.")
    says = says_of(score, thresholds)
    if says is Says.CANNOT_TELL:
        return Answer(says, _undecided(score), thresholds.risk, score.detector, measured_on)
    kind, verb = ("untouched", "called so") if says is Says.MANIPULATED else ("manipulated", "passed so")
    because = "The detector states no risk for this answer."
    if thresholds.risk is not None:
        because = f"Of {kind} faces like those it was checked on, at most {100 * thresholds.risk:g} % are {verb}."
    if says is Says.NO_SIGN:
        because += " That vouches for nothing: kinds of manipulation that it never saw pass more often."
    return Answer(says, because, thresholds.risk, score.detector, measured_on)


def says_of(score: Score | None, thresholds: Thresholds) -> Says:
    """Return the answer in one phrase."""
    height = height_of(score, thresholds)
    if height is ScoreEvidence.HIGH:
        return Says.MANIPULATED
    return Says.NO_SIGN if height is ScoreEvidence.LOW else Says.CANNOT_TELL


def _undecided(score: Score) -> str:
    if not score.in_scope:
        return "The face is unlike those that the detector was checked on, or too small."
    if not score.calibrated:
        return "The detector's scores are not calibrated."
    return "The score lies where both untouched and manipulated faces are common."
