"""Define what is claimed about a file when it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from watermark.errors import SealError
from watermark.mark.payload import Payload, PayloadKind

from .own_assertions import OwnAssertion, check_assertions

Relationship = Literal["inputTo", "parentOf", "componentOf"]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A file that was used to make the sealed file.

    Attributes:
        path: The file, read when sealing.
        title: Its name for people.
        relationship: "inputTo" for what a model was given, "parentOf" for the file this one was derived from,
            "componentOf" for a part.
        note: What its owner states about it, for instance that it may be used; empty for nothing.
    """

    path: Path
    title: str
    relationship: Relationship
    note: str = ""


class SourceType(StrEnum):
    """Where a file comes from (IPTC NewsCodes, scheme digitalsourcetype): a trained model's part in it, or none."""

    TRAINED = "trainedAlgorithmicMedia"
    COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    EDITED = "compositeSynthetic"
    CAPTURE = "digitalCapture"
    HUMAN_EDITS = "humanEdits"

    @property
    def uri(self) -> str:
        """Return the term's address, as manifests and XMP contain it."""
        return f"http://cv.iptc.org/newscodes/digitalsourcetype/{self.value}"


OWN_SOURCE_TYPES = {
    PayloadKind.CONTROL: None,
    PayloadKind.CAPTURED: SourceType.CAPTURE,
    PayloadKind.EDITED: SourceType.HUMAN_EDITS,
}
"""Source types of media that no model made, by the kind that its owner states."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The content of a manifest.

    A GENERATED payload claims one of three kinds of media. TRAINED media was made as a whole by a trained model.
    COMPOSITE media was made by a trained model and pasted back into real footage, which is its one "parentOf"
    ingredient. EDITED media was composed of parts by software without a model, from footage that is its "parentOf"
    ingredient. The other payloads claim media that was opened and marked, and need the original as a "parentOf"
    ingredient: CONTROL a genuine picture, marked for measurements, CAPTURED a recording, and EDITED one that people
    changed.

    Attributes:
        payload: Payload of the mark.
        title: The file's name for people.
        agent: The software that made the pixels.
        agent_version: Its version.
        seed: Seed of the generation, or None.
        ingredients: Files that were used to make this one.
        model_digest: SHA-256 of the model's weights as a whole, or None.
        source_type: The part a model had in a GENERATED file; for the other kinds it does not count.
        weights: Name and SHA-256 of each file of weights.
        assertions: Further assertions of the file's owner.
        thumbnail: Whether the manifest gets a small picture of the file, where the library can make one.
    """

    payload: Payload
    title: str
    agent: str
    agent_version: str
    seed: int | None = None
    ingredients: tuple[Ingredient, ...] = ()
    model_digest: str | None = None
    source_type: SourceType = SourceType.TRAINED
    weights: tuple[tuple[str, str], ...] = ()
    assertions: tuple[OwnAssertion, ...] = ()
    thumbnail: bool = False

    @property
    def is_composite(self) -> bool:
        """Return whether pixels were pasted into other footage."""
        return self.payload.kind is PayloadKind.GENERATED and self.source_type is not SourceType.TRAINED

    @property
    def by_model(self) -> bool:
        """Return whether a trained model made any of the pixels."""
        return self.payload.kind is PayloadKind.GENERATED and self.source_type is not SourceType.EDITED

    @property
    def opens_parent(self) -> bool:
        """Return whether the file was derived from another one instead of being created."""
        return self.is_composite or self.payload.kind is not PayloadKind.GENERATED

    @property
    def stated_source_type(self) -> SourceType | None:
        """Return the source type that the file states, or None for a control file, of which none is known."""
        return self.source_type if self.payload.kind is PayloadKind.GENERATED else OWN_SOURCE_TYPES[self.payload.kind]


def check_claim(claim: Claim) -> None:
    """Check, before any work is done for it, that a claim does not contradict itself.

    Raises:
        SealError: A control file or a composite does not name the one file it was derived from, a file that claims to
            be wholly generated names one, or its owner's assertions cannot stand there.
    """
    parents = sum(ingredient.relationship == "parentOf" for ingredient in claim.ingredients)
    if claim.opens_parent and parents != 1:
        kind = "composite" if claim.is_composite else claim.payload.kind.value
        raise SealError(
            f"{claim.title}: a {kind} claim needs its original as a parentOf ingredient, exactly one; it has {parents}"
        )
    if not claim.opens_parent and parents:
        raise SealError(
            f"{claim.title}: a file derived from another one is not wholly generated; "
            "set source_type to COMPOSITE or EDITED, or record the ingredient as inputTo"
        )
    check_assertions(claim.assertions, claim.payload.kind)
