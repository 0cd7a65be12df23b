"""Derive one verdict from the credential, the mark and the detector's score.

The order of trust is: a broken signature first, then the statement of a valid signature, then the mark in the pixels,
then the detector. A detector never contradicts a signed "generated", and absence proves nothing. The best finding of a
file is NOTHING_FOUND, which guarantees nothing.

`TABLE` is the whole decision. The first row that fits counts:

| credential | mark | score | finding |
|---|---|---|---|
| broken or revoked | any | any | ALTERED |
| valid, says generated (itself or an ingredient) | control | any | CONFLICTING |
| valid, says generated (itself or an ingredient) | any other | any | DECLARED |
| valid, says anything else | generated or unreadable | any | CONFLICTING |
| none; the mark leads to a picture that looks different | any | any | CONFLICTING |
| none, or recovered for this picture | generated or unreadable | any | MARKED |
| valid, says composed by people | none or control | high | SUSPECT |
| valid, says composed by people | none or control | any other | DECLARED |
| trusted, says anything else | none or control | high | CONFLICTING |
| any other | none or control | high | SUSPECT |
| any other | none or control | low | NOTHING_FOUND |
| any other | none or control | between, uncalibrated, out of scope or missing | INCONCLUSIVE |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from watermark import GENERATED_SOURCE_TYPES

from .evidence import (
    CredentialEvidence,
    MarkEvidence,
    ScoreEvidence,
    Thresholds,
    assess_credential,
    assess_mark,
    assess_score,
    says_generated,
)

if TYPE_CHECKING:
    from detectors import Score
    from watermark import MarkReading, Provenance

__all__ = ["GENERATED_SOURCE_TYPES", "TABLE", "Finding", "Row", "Thresholds", "Verdict", "judge", "says_generated"]


class Finding(StrEnum):
    """The conclusion from the evidence about a file."""

    DECLARED = "declared"
    MARKED = "marked"
    ALTERED = "altered"
    CONFLICTING = "conflicting"
    SUSPECT = "suspect"
    INCONCLUSIVE = "inconclusive"
    NOTHING_FOUND = "nothing_found"

    @property
    def deserves_attention(self) -> bool:
        """Return whether a person should inspect the file."""
        return self not in (Finding.INCONCLUSIVE, Finding.NOTHING_FOUND)

    @property
    def words(self) -> str:
        """Return the finding as a title, such as `NOTHING FOUND`."""
        return self.value.replace("_", " ").upper()

    @property
    def meaning(self) -> str:
        """Return the meaning of the finding in one sentence for people."""
        return _MEANINGS[self]


_MEANINGS = {
    Finding.DECLARED: "A valid credential says that the picture was generated, changed by a machine or put together.",
    Finding.MARKED: "The pixels carry the mark of generated pictures.",
    Finding.ALTERED: "The credential does not hold: the file or its credential was changed, or the signer was revoked.",
    Finding.CONFLICTING: "The witnesses contradict each other.",
    Finding.SUSPECT: "The detector sees a manipulation.",
    Finding.INCONCLUSIVE: "The evidence decides nothing.",
    Finding.NOTHING_FOUND: "Nothing was found; that vouches for nothing.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding about one file.

    Attributes:
        finding: The conclusion from the evidence.
        reasons: Plain sentences, one entry for each kind of evidence, the decisive one first.
    """

    finding: Finding
    reasons: tuple[str, ...]


class EvidenceSource(Enum):
    """The evidence that decides a row."""

    CREDENTIAL = 0
    MARK = 1
    DETECTOR = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the truth table.

    Attributes:
        words: Possible statements of the credential.
        pixels: Possible statements of the mark.
        heights: Possible statements of the score.
        finding: The resulting finding.
        decisive: The evidence whose reason comes first.
    """

    words: frozenset[CredentialEvidence]
    pixels: frozenset[MarkEvidence]
    heights: frozenset[ScoreEvidence]
    finding: Finding
    decisive: EvidenceSource

    def fits(self, word: CredentialEvidence, pixels: MarkEvidence, height: ScoreEvidence) -> bool:
        """Return whether the row fits the statements of the evidence."""
        return word in self.words and pixels in self.pixels and height in self.heights


_ANY_WORD, _ANY_PIXELS, _ANY_HEIGHT = frozenset(CredentialEvidence), frozenset(MarkEvidence), frozenset(ScoreEvidence)
_GENERATED = frozenset({CredentialEvidence.GENERATED})
_COMPOSED = frozenset({CredentialEvidence.COMPOSED})
_SAYS_ELSE = frozenset({CredentialEvidence.COMPOSED, CredentialEvidence.VOUCHED, CredentialEvidence.SIGNED})
_MARKED = frozenset({MarkEvidence.GENERATED})
_CONTROL = frozenset({MarkEvidence.CONTROL})
_HIGH = frozenset({ScoreEvidence.HIGH})
_LOW = frozenset({ScoreEvidence.LOW})

TABLE = (
    Row(frozenset({CredentialEvidence.BROKEN}), _ANY_PIXELS, _ANY_HEIGHT, Finding.ALTERED, EvidenceSource.CREDENTIAL),
    Row(_GENERATED, _CONTROL, _ANY_HEIGHT, Finding.CONFLICTING, EvidenceSource.MARK),
    Row(_GENERATED, _ANY_PIXELS, _ANY_HEIGHT, Finding.DECLARED, EvidenceSource.CREDENTIAL),
    Row(_SAYS_ELSE, _MARKED, _ANY_HEIGHT, Finding.CONFLICTING, EvidenceSource.MARK),
    Row(
        frozenset({CredentialEvidence.ELSEWHERE}),
        _ANY_PIXELS,
        _ANY_HEIGHT,
        Finding.CONFLICTING,
        EvidenceSource.CREDENTIAL,
    ),
    Row(frozenset({CredentialEvidence.NOTHING}), _MARKED, _ANY_HEIGHT, Finding.MARKED, EvidenceSource.MARK),
    Row(_COMPOSED, _ANY_PIXELS, _HIGH, Finding.SUSPECT, EvidenceSource.DETECTOR),
    Row(_COMPOSED, _ANY_PIXELS, _ANY_HEIGHT, Finding.DECLARED, EvidenceSource.CREDENTIAL),
    Row(frozenset({CredentialEvidence.VOUCHED}), _ANY_PIXELS, _HIGH, Finding.CONFLICTING, EvidenceSource.DETECTOR),
    Row(_ANY_WORD, _ANY_PIXELS, _HIGH, Finding.SUSPECT, EvidenceSource.DETECTOR),
    Row(_ANY_WORD, _ANY_PIXELS, _LOW, Finding.NOTHING_FOUND, EvidenceSource.DETECTOR),
    Row(_ANY_WORD, _ANY_PIXELS, _ANY_HEIGHT, Finding.INCONCLUSIVE, EvidenceSource.DETECTOR),
)
"""The truth table; the first row that fits counts, and the last row always fits."""


def judge(
    provenance: Provenance,
    score: Score | None,
    *,
    no_score_reason: str = "no detector was run",
    thresholds: Thresholds | None = None,
    scored: str = "",
    part_mark: MarkReading | None = None,
    part_where: str = "",
) -> Verdict:
    """Compute the verdict on a file from its credential, mark and score.

    Args:
        provenance: Credential and mark, as read from the file.
        score: The detector's score, None without one; for several faces that of the most suspicious.
        no_score_reason: Reason for a missing score, as the end of a sentence.
        thresholds: The limits of high and low scores.
        scored: Name of what the score belongs to, such as "face 2 of 3"; empty for the one face of a still.
        part_mark: The mark that only parts of a clip show; it replaces the whole clip's reading.
        part_where: The parts, in words.

    Returns:
        The finding, with one reason for each kind of evidence.
    """
    credential = assess_credential(provenance.credential)
    mark = (
        assess_mark(provenance.mark, not_looked_for=provenance.mark_not_looked_for)
        if part_mark is None
        else assess_mark(part_mark, part_where)
    )
    height = assess_score(score, no_score_reason, thresholds or Thresholds(), scored)
    row = next(row for row in TABLE if row.fits(credential.said, mark.said, height.said))
    reasons = [credential.reason, mark.reason, height.reason]
    reasons.insert(0, reasons.pop(row.decisive.value))
    return Verdict(row.finding, tuple(reasons))
