"""One verdict from three witnesses: the credential, the mark and the detector.

The order of trust: a broken signature first, then what a valid signature says, then the mark in the pixels, then the
detector. A detector never contradicts a signed "generated", absence proves nothing, and no finding calls a file
genuine: the best it can get is NOTHING_FOUND.

| credential | mark | score | finding |
|---|---|---|---|
| altered | any | any | ALTERED |
| valid, says generated | control | any | CONFLICTING |
| valid, says generated | any other | any | DECLARED |
| valid, says otherwise | generated or unreadable | any | CONFLICTING |
| absent or recovered | generated or unreadable | any | MARKED |
| trusted, says otherwise | none or control | high | CONFLICTING |
| any other | none or control | high | SUSPECT |
| any other | none or control | low | NOTHING_FOUND |
| any other | none or control | between, uncalibrated, out of scope or missing | INCONCLUSIVE |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

from watermark import Credential, CredentialState, MarkReading, PayloadKind, Provenance

if TYPE_CHECKING:
    from detectors import Score

GENERATED_SOURCE_TYPES = frozenset(
    {"trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic", "algorithmicMedia"}
)
"""Last parts of the IPTC digital source types that say a machine made or changed the picture."""


class Finding(StrEnum):
    """What the evidence about a file adds up to."""

    DECLARED = "declared"
    MARKED = "marked"
    ALTERED = "altered"
    CONFLICTING = "conflicting"
    SUSPECT = "suspect"
    INCONCLUSIVE = "inconclusive"
    NOTHING_FOUND = "nothing_found"

    @property
    def deserves_attention(self) -> bool:
        """Whether a person should look at the file."""
        return self not in (Finding.INCONCLUSIVE, Finding.NOTHING_FOUND)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a calibrated probability starts to mean something.

    Attributes:
        suspect: Above this a score is high.
        quiet: Up to this a score is low; between the two it decides nothing.
    """

    suspect: float = 0.8
    quiet: float = 0.5

    def __post_init__(self) -> None:
        """Refuse thresholds that overlap.

        Raises:
            ValueError: They are not in order within 0 to 1.
        """
        if not 0.0 < self.quiet <= self.suspect <= 1.0:
            raise ValueError(f"thresholds need 0 < quiet <= suspect <= 1, got {self.quiet} and {self.suspect}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding about one file.

    Attributes:
        finding: What the evidence adds up to.
        reasons: Plain sentences, the decisive one first.
    """

    finding: Finding
    reasons: tuple[str, ...]


class _Word(Enum):
    """What the credential says."""

    BROKEN = auto()
    GENERATED = auto()
    OTHERWISE = auto()
    NOTHING = auto()


class _Pixels(Enum):
    """What the mark says."""

    GENERATED = auto()
    CONTROL = auto()
    NOTHING = auto()


class _Height(Enum):
    """What the score says."""

    HIGH = auto()
    LOW = auto()
    NOTHING = auto()


def judge(
    provenance: Provenance,
    score: Score | None,
    *,
    no_score_reason: str = "no detector was run",
    thresholds: Thresholds | None = None,
) -> Verdict:
    """Weigh a file's credential, mark and score.

    Args:
        provenance: Credential and mark, as read from the file.
        score: The detector's answer, None where there is none.
        no_score_reason: Why there is none, as the end of a sentence.
        thresholds: Where a score is high or low.

    Returns:
        The finding, with one reason for each witness.
    """
    thresholds = thresholds or Thresholds()
    word, word_reason = _hear_credential(provenance.credential)
    pixels, pixels_reason = _hear_mark(provenance.mark)
    height, height_reason = _hear_score(score, no_score_reason, thresholds)
    trusted = provenance.credential.state is CredentialState.TRUSTED
    finding = _decide(word, pixels, height, trusted=trusted)
    if finding is Finding.MARKED or (finding is Finding.CONFLICTING and pixels is not _Pixels.NOTHING):
        return Verdict(finding, (pixels_reason, word_reason, height_reason))
    if finding in (Finding.SUSPECT, Finding.INCONCLUSIVE) or (finding is Finding.CONFLICTING):
        return Verdict(finding, (height_reason, word_reason, pixels_reason))
    return Verdict(finding, (word_reason, pixels_reason, height_reason))


def _decide(word: _Word, pixels: _Pixels, height: _Height, *, trusted: bool) -> Finding:
    if word is _Word.BROKEN:
        return Finding.ALTERED
    if word is _Word.GENERATED:
        return Finding.CONFLICTING if pixels is _Pixels.CONTROL else Finding.DECLARED
    if pixels is _Pixels.GENERATED:
        return Finding.CONFLICTING if word is _Word.OTHERWISE else Finding.MARKED
    if height is _Height.HIGH:
        return Finding.CONFLICTING if word is _Word.OTHERWISE and trusted else Finding.SUSPECT
    return Finding.NOTHING_FOUND if height is _Height.LOW else Finding.INCONCLUSIVE


def says_generated(source_type: str | None) -> bool:
    """Tell whether an IPTC digital source type says that a machine made or changed the picture.

    Args:
        source_type: The URI or its last part.
    """
    return source_type is not None and source_type.rpartition("/")[2] in GENERATED_SOURCE_TYPES


def _hear_credential(credential: Credential) -> tuple[_Word, str]:
    signer = f"signed by {credential.signer}" if credential.signer else "signed by an unnamed signer"
    match credential.state:
        case CredentialState.ALTERED:
            codes = f" ({', '.join(credential.codes)})" if credential.codes else ""
            return _Word.BROKEN, f"The file was changed after it was signed, or its credential is broken{codes}."
        case CredentialState.TRUSTED | CredentialState.VALID_UNKNOWN_SIGNER:
            trust = "whom we trust" if credential.state is CredentialState.TRUSTED else "whom we do not know"
            if says_generated(credential.source_type):
                return _Word.GENERATED, f"A valid credential, {signer}, {trust}, says that a machine made the picture."
            return (
                _Word.OTHERWISE,
                f"A valid credential, {signer}, {trust}, does not say that a machine made the picture.",
            )
        case CredentialState.RECOVERED_BY_MARK:
            return (
                _Word.NOTHING,
                "The file carries no credential, but its mark leads to the one we stored when it was made.",
            )
        case _:
            return _Word.NOTHING, "The file carries no credential; that proves nothing, credentials are easily lost."


def _hear_mark(mark: MarkReading | None) -> tuple[_Pixels, str]:
    if mark is None:
        return _Pixels.NOTHING, "The mark could not be looked for."
    if not mark.present:
        return _Pixels.NOTHING, "No mark of ours was found in the pixels; that proves nothing."
    if mark.kind is PayloadKind.CONTROL:
        return (
            _Pixels.CONTROL,
            f"The pixels carry control mark {mark.id}, which is put on genuine pictures for measurements.",
        )
    if mark.id is None:
        return _Pixels.GENERATED, "The pixels carry a mark of ours whose id can no longer be read."
    owner = "of this installation" if mark.ours else "whose origin this installation cannot confirm"
    return _Pixels.GENERATED, f"The pixels carry generator mark {mark.id} {owner}."


def _hear_score(score: Score | None, no_score_reason: str, thresholds: Thresholds) -> tuple[_Height, str]:
    if score is None:
        return _Height.NOTHING, f"There is no score: {no_score_reason}."
    number = f"Detector {score.detector} gives {score.probability:.2f}"
    if not score.in_scope:
        return (
            _Height.NOTHING,
            f"{number}, but the picture lies outside what it was trained on, so this decides nothing.",
        )
    if not score.calibrated:
        return _Height.NOTHING, f"{number}, but it is not calibrated, so this decides nothing."
    if score.probability > thresholds.suspect:
        return _Height.HIGH, f"{number}, above {thresholds.suspect:.2f}: it looks manipulated."
    if score.probability <= thresholds.quiet:
        return _Height.LOW, f"{number}, not above {thresholds.quiet:.2f}: it saw no sign of manipulation."
    return (
        _Height.NOTHING,
        f"{number}, between {thresholds.quiet:.2f} and {thresholds.suspect:.2f}: this decides nothing.",
    )
