"""What we say about a file before signing it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from watermark.errors import SealError
from watermark.mark.payload import Payload, PayloadKind

Relationship = Literal["inputTo", "parentOf", "componentOf"]


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A file that went into the one being sealed.

    Attributes:
        path: The file, read when sealing.
        title: Its name for people.
        relationship: "inputTo" for what a model was given, "parentOf" for the file this one was derived from,
            "componentOf" for a part.
    """

    path: Path
    title: str
    relationship: Relationship


class SourceType(StrEnum):
    """How a trained model took part, or that none did (IPTC NewsCodes, scheme digitalsourcetype)."""

    TRAINED = "trainedAlgorithmicMedia"
    COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    EDITED = "compositeSynthetic"

    @property
    def uri(self) -> str:
        """The term's address, as manifests and XMP name it."""
        return f"http://cv.iptc.org/newscodes/digitalsourcetype/{self.value}"


@dataclass(frozen=True, slots=True)
class Claim:
    """The content of a manifest.

    A GENERATED payload claims media made by a trained model: whole (TRAINED), or pasted back into real footage, which
    is then its one "parentOf" ingredient (COMPOSITE); or put together from parts by plain software, of footage that is
    its "parentOf" ingredient likewise (EDITED). A CONTROL payload claims a genuine picture that was opened and
    marked, and needs its original as a "parentOf" ingredient.

    Attributes:
        payload: What the mark says.
        title: The file's name for people.
        agent: The software that made the pixels.
        agent_version: Its version.
        seed: Seed of the generation, or None.
        ingredients: What went in.
        model_digest: SHA-256 of the model's weights as a whole, or None.
        source_type: How a model took part in a GENERATED file.
        weights: Name and SHA-256 of each file of weights.
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

    @property
    def is_composite(self) -> bool:
        """Whether pixels were put into other footage."""
        return self.payload.kind is PayloadKind.GENERATED and self.source_type is not SourceType.TRAINED

    @property
    def by_model(self) -> bool:
        """Whether a trained model made any of the pixels."""
        return self.payload.kind is PayloadKind.GENERATED and self.source_type is not SourceType.EDITED

    @property
    def opens_parent(self) -> bool:
        """Whether the file was derived from another one instead of being created."""
        return self.is_composite or self.payload.kind is PayloadKind.CONTROL


def check_claim(claim: Claim) -> None:
    """Refuse a claim that contradicts itself, before any work is done for it.

    Raises:
        SealError: A control file or a composite does not name the one file it was derived from, or a file that claims
            to be wholly generated names one.
    """
    parents = sum(ingredient.relationship == "parentOf" for ingredient in claim.ingredients)
    if claim.opens_parent and parents != 1:
        kind = "composite" if claim.is_composite else "control"
        raise SealError(
            f"{claim.title}: a {kind} claim needs its original as a parentOf ingredient, exactly one; it has {parents}"
        )
    if not claim.opens_parent and parents:
        raise SealError(
            f"{claim.title}: a file derived from another one is not wholly generated; "
            "set source_type to COMPOSITE or EDITED, or record the ingredient as inputTo"
        )
