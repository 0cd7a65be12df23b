"""Assess the three kinds of evidence about a file: the credential, the mark and the detector's score.

Each assessment has one word, which the truth table in `verdict` uses, and one or two sentences for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from watermark import GENERATED_SOURCE_TYPES, Credential, CredentialState, MarkReading, PayloadKind

if TYPE_CHECKING:
    from detectors import Score

Said = TypeVar("Said")

COMPOSED_SOURCE_TYPES = frozenset(
    {"composite", "compositeCapture", "digitalArt", "digitalCreation", "dataDrivenMedia", "virtualRecording"}
)
"""Last parts of those that mean that people composed or drew it without a generative model; not mere corrections."""

_RECOMPRESSED = 4
"""Bits of 64 in which a picture's look differs, at most, as a rule after recompression, resizing, blur or noise.

Of 66 pictures 19 in 20 differed in 2 bits or less after JPEG 30, WebP 50, a quarter of the size, blur 2 or noise 10;
with 14 % of the picture replaced half of them differed in 12 or more (results/looks.csv).
"""

_OWN_KINDS = {PayloadKind.CAPTURED: "a recording", PayloadKind.EDITED: "edited by people"}

_PARTLY_GENERATED = frozenset({"compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"})

_REVOKED = ("signingCredential.revoked", "signingCredential.ocsp.revoked")
_FAULTS = {
    "assertion.dataHash.mismatch": "its content is not what was signed",
    "assertion.bmffHash.mismatch": "its content is not what was signed",
    "assertion.boxesHash.mismatch": "its content is not what was signed",
    "assertion.hashedURI.mismatch": "a statement in its credential was exchanged",
    "assertion.missing": "a statement of its credential is missing",
    "claimSignature.mismatch": "the signature does not belong to what it says",
    "ingredient.manifest.missing": "the credential of a picture it was made from is missing",
    "org.facetrail.fileDigest.mismatch": "it is not byte for byte the file that was sealed here",
    "org.facetrail.layout.mismatch": "bytes around its content were changed",
    "org.facetrail.manifest.unreadable": "it holds pieces of a credential that cannot be read any more",
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits at which a calibrated probability counts as evidence.

    Attributes:
        suspect: Scores above this value are high.
        quiet: Scores up to this value are low; scores between the two decide nothing.
        risk: Largest share of untouched faces above `suspect`, and of manipulated ones up to `quiet`, among faces that
            resemble the validation data; None without a guarantee.
    """

    suspect: float = 0.8
    quiet: float = 0.5
    risk: float | None = None

    def __post_init__(self) -> None:
        """Check that the thresholds do not overlap.

        Raises:
            ValueError: The thresholds are not in order within 0 to 1.
        """
        if not 0.0 < self.quiet <= self.suspect <= 1.0:
            raise ValueError(f"thresholds need 0 < quiet <= suspect <= 1, got {self.quiet} and {self.suspect}")


class CredentialEvidence(Enum):
    """The statement of the credential."""

    BROKEN = auto()
    """The credential is not valid: the file or the credential was changed."""
    GENERATED = auto()
    """The credential states that a machine made or changed the picture, or one of its ingredients."""
    COMPOSED = auto()
    """The credential states that people composed or drew the picture."""
    VOUCHED = auto()
    """A trusted signer states something else, or nothing about the origin."""
    SIGNED = auto()
    """An unknown signer states something else, or nothing about the origin."""
    ELSEWHERE = auto()
    """There is no credential, and the mark leads to that of a picture that looks different."""
    NOTHING = auto()
    """There is no credential, or the mark leads to that of this very picture."""


class MarkEvidence(Enum):
    """The statement of the mark."""

    GENERATED = auto()
    """The mark is a generated mark, or one whose kind cannot be read any more."""
    CONTROL = auto()
    """The mark is a control mark."""
    NOTHING = auto()
    """No mark was found, or the search was not possible."""


class ScoreEvidence(Enum):
    """The statement of the score; a higher value has more weight."""

    LOW = 0
    NOTHING = 1
    """The score is between the thresholds, uncalibrated, out of scope, or missing."""
    HIGH = 2


class Evidence(NamedTuple, Generic[Said]):
    """The statement of one kind of evidence.

    Attributes:
        said: The statement in one word.
        reason: Whole sentences for people.
    """

    said: Said
    reason: str


def says_generated(source_type: str | None) -> bool:
    """Return whether an IPTC digital source type means that a machine made or changed the picture.

    Args:
        source_type: The URI or its last part.
    """
    return source_type is not None and _term(source_type) in GENERATED_SOURCE_TYPES


def assess_credential(credential: Credential) -> Evidence[CredentialEvidence]:
    """Return the statement of the credential with its reason."""
    match credential.state:
        case CredentialState.ALTERED:
            return Evidence(CredentialEvidence.BROKEN, _fault(credential))
        case CredentialState.TRUSTED | CredentialState.VALID_UNKNOWN_SIGNER:
            return _statement(credential)
        case CredentialState.RECOVERED_BY_MARK if credential.looks_different:
            return Evidence(
                CredentialEvidence.ELSEWHERE,
                "The file carries no credential, and its mark leads to that of a picture that looks different: this is "
                "a part or a strong edit of that picture, or the mark was copied from it.",
            )
        case CredentialState.RECOVERED_BY_MARK:
            return _recovered(credential)
        case _ if credential.codes:
            return Evidence(
                CredentialEvidence.NOTHING,
                "The file points to a credential on the network, which was not fetched; that proves nothing.",
            )
        case _:
            return Evidence(
                CredentialEvidence.NOTHING,
                "The file carries no credential; that proves nothing, credentials are easily lost.",
            )


def assess_mark(
    mark: MarkReading | None, where: str = "", *, not_looked_for: str | None = None
) -> Evidence[MarkEvidence]:
    """Return the statement of the mark with its reason.

    Args:
        mark: The reading, None where the pixels could not be decoded.
        where: The parts of a clip that show it, in words; empty where all parts do.
        not_looked_for: Why the mark could not be looked for, as the end of a sentence.
    """
    if mark is None:
        reason = f": {not_looked_for}" if not_looked_for else ""
        return Evidence(MarkEvidence.NOTHING, f"The mark could not be looked for{reason}.")
    if not mark.present:
        return Evidence(MarkEvidence.NOTHING, "No mark of ours was found in the pixels; that proves nothing.")
    place = f" from {where}" if where else ""
    rest = " Elsewhere none could be read: the clip was put together, or coded too strongly there." if where else ""
    if mark.kind is PayloadKind.CONTROL:
        return Evidence(
            MarkEvidence.CONTROL,
            f"The pixels carry control mark {mark.id}{place}, which is put on pictures that were not generated, "
            f"for measurements; it can be copied.{rest}",
        )
    if mark.kind in _OWN_KINDS:
        return Evidence(
            MarkEvidence.CONTROL,
            f"The pixels carry mark {mark.id}{place} of a picture that its owner stated to be "
            f"{_OWN_KINDS[mark.kind]}; it can be copied.{rest}",
        )
    if mark.id is None:
        return Evidence(
            MarkEvidence.GENERATED, f"The pixels carry a mark of ours{place} whose id can no longer be read.{rest}"
        )
    owner = "of this installation" if mark.ours else "whose origin this installation cannot confirm"
    return Evidence(MarkEvidence.GENERATED, f"The pixels carry generator mark {mark.id}{place}, {owner}.{rest}")


def assess_score(
    score: Score | None, no_score_reason: str, thresholds: Thresholds, what: str = ""
) -> Evidence[ScoreEvidence]:
    """Return the statement of the score with its reason.

    Args:
        score: The detector's score, None without one.
        no_score_reason: Reason for a missing score, as the end of a sentence.
        thresholds: The limits of high and low scores.
        what: Name of the scored face, such as "face 2 of 3"; empty for the one face of a still.
    """
    if score is None:
        return Evidence(ScoreEvidence.NOTHING, f"There is no score: {no_score_reason}.")
    number = f"Detector {score.detector} gives {score.probability:.2f}{f' to {what}' if what else ''}"
    height = height_of(score, thresholds)
    if not score.in_scope and not score.scope_known:
        return Evidence(height, f"{number}, but nothing tells what it was trained on, so this decides nothing.")
    if not score.in_scope:
        return Evidence(height, f"{number}, but the face lies outside what it was trained on, so this decides nothing.")
    if not score.calibrated:
        return Evidence(height, f"{number}, but it is not calibrated, so this decides nothing.")
    if height is ScoreEvidence.HIGH:
        risk = _risk(thresholds, "untouched", "high")
        return Evidence(height, f"{number}, above {thresholds.suspect:.2f}: it looks manipulated.{risk}")
    if height is ScoreEvidence.LOW:
        risk = _risk(thresholds, "manipulated", "low")
        return Evidence(height, f"{number}, not above {thresholds.quiet:.2f}: it saw no sign of manipulation.{risk}")
    return Evidence(
        height, f"{number}, between {thresholds.quiet:.2f} and {thresholds.suspect:.2f}: this decides nothing."
    )


def height_of(score: Score | None, thresholds: Thresholds) -> ScoreEvidence:
    """Return whether a score counts, and whether it is high or low."""
    if score is None or not (score.in_scope and score.calibrated):
        return ScoreEvidence.NOTHING
    if score.probability > thresholds.suspect:
        return ScoreEvidence.HIGH
    return ScoreEvidence.LOW if score.probability <= thresholds.quiet else ScoreEvidence.NOTHING


def _risk(thresholds: Thresholds, kind: str, height: str) -> str:
    if thresholds.risk is None:
        return ""
    return f" Of {kind} faces like those it was checked on, at most {100 * thresholds.risk:g} % score so {height}."


def _fault(credential: Credential) -> str:
    codes = [code for code in credential.codes if not code.startswith("signingCredential.") or code in _REVOKED]
    listed = f" ({', '.join(codes)})" if codes else ""
    if codes and set(codes) <= set(_REVOKED):
        return f"The certificate that signed the credential was revoked, so nothing it says counts{listed}."
    faults = dict.fromkeys(_FAULTS[code] for code in codes if code in _FAULTS)
    what = f": {', and '.join(faults)}" if faults else ""
    return f"The file was changed after it was signed, or its credential is broken{what}{listed}."


def _statement(credential: Credential) -> Evidence[CredentialEvidence]:
    trusted = credential.state is CredentialState.TRUSTED
    signer = f"signed by {credential.signer}" if credential.signer else "signed by an unnamed signer"
    who = f"A valid credential, {signer}, {_trust(credential)},"
    own = {_term(one) for one in (*credential.source_types, credential.source_type or "")}
    if generated := own & GENERATED_SOURCE_TYPES:
        if generated <= _PARTLY_GENERATED:
            return Evidence(
                CredentialEvidence.GENERATED, f"{who} says that a machine made or changed parts of the picture."
            )
        return Evidence(CredentialEvidence.GENERATED, f"{who} says that a machine made the picture.")
    if {_term(one) for one in credential.ingredient_source_types} & GENERATED_SOURCE_TYPES:
        return Evidence(
            CredentialEvidence.GENERATED,
            f"{who} says that a machine made or changed a picture that this one was made from.",
        )
    if own & COMPOSED_SOURCE_TYPES:
        return Evidence(CredentialEvidence.COMPOSED, f"{who} says that people put the picture together or drew it.")
    return Evidence(
        CredentialEvidence.VOUCHED if trusted else CredentialEvidence.SIGNED,
        f"{who} does not say that a machine made the picture.",
    )


def _recovered(credential: Credential) -> Evidence[CredentialEvidence]:
    """Assess a credential that the mark led to: it says where the picture comes from, and no more."""
    distance = credential.perceptual_distance or 0
    of = f"{distance} of 64 bits of its look differ"
    change = (
        f"It looks the same as what was sealed ({of}), but a small change would not show."
        if distance <= _RECOMPRESSED
        else f"It was probably altered since: recompression and resizing usually change less ({of})."
    )
    reason = (
        "The file carries no credential, but its mark leads to the one we stored when it was made. Recovered is not "
        f"unchanged. {change}"
    )
    own = {_term(one) for one in credential.source_types}
    made_from = {_term(one) for one in credential.ingredient_source_types}
    if made_from & GENERATED_SOURCE_TYPES and not own & GENERATED_SOURCE_TYPES:
        return Evidence(
            CredentialEvidence.GENERATED,
            f"{reason} That credential says that a machine made or changed a picture that this one was made from.",
        )
    return Evidence(CredentialEvidence.NOTHING, reason)


def _trust(credential: Credential) -> str:
    if credential.state is CredentialState.TRUSTED:
        return "whom we trust"
    if "signingCredential.expired" in credential.codes:
        return "whose certificate had expired"
    if "org.facetrail.signer.notAllowed" in credential.codes:
        return "who is not among those we allow"
    if "org.facetrail.signer.notForClaims" in credential.codes:
        return "for whom only a time-stamp authority vouches"
    return "whom we do not know"


def _term(source_type: str) -> str:
    return source_type.rpartition("/")[2]
