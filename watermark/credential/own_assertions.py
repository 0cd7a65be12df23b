"""Define the further assertions that an owner adds to the manifest of a file, and check them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watermark.errors import SealError
from watermark.mark.payload import PayloadKind

from .source_types import GENERATED_SOURCE_TYPES, stated_source_types

TRAINING_LABELS = ("cawg.training-mining", "c2pa.training-mining")
"""Labels of assertions that say whether models may be trained on a file."""

_WRITTEN_HERE = (
    "c2pa.actions",
    "c2pa.hash",
    "c2pa.ingredient",
    "c2pa.soft-binding",
    "c2pa.thumbnail",
    "c2pa.ai-disclosure",
    "org.facetrail.",
)
"""Beginnings of labels that this package or the library writes, because they follow from what is signed."""


@dataclass(frozen=True, slots=True)
class OwnAssertion:
    """A further assertion of a file's owner.

    Attributes:
        label: Its label, as the C2PA specification or its publisher names it, for example `cawg.metadata`.
        data: Its content, as JSON.
    """

    label: str
    data: Mapping[str, Any]


def check_assertions(assertions: Sequence[OwnAssertion], kind: PayloadKind) -> None:
    """Check that an owner's assertions take the place of none that is written here, and do not contradict the kind.

    Args:
        assertions: The assertions.
        kind: What the owner states about the file.

    Raises:
        SealError: One of them does, or a label stands twice.
    """
    labels = [one.label for one in assertions]
    for one in assertions:
        if one.label.startswith(_WRITTEN_HERE):
            raise SealError(f"{one.label}: is an assertion that is written here, from what is signed; leave it out")
        if labels.count(one.label) > 1:
            raise SealError(f"{one.label}: stands twice among the assertions; write one")
        generated = GENERATED_SOURCE_TYPES.intersection(stated_source_types(one.data))
        if kind is not PayloadKind.GENERATED and generated:
            raise SealError(f"{one.label}: says {', '.join(sorted(generated))}, but the file is signed as {kind}")


def vouched_labels(assertions: Sequence[OwnAssertion]) -> tuple[str, ...]:
    """Return the labels of the assertions that a person named in a CAWG identity vouches for; at least one is written.

    Args:
        assertions: The owner's assertions.
    """
    own = tuple(one.label for one in assertions)
    return own if any(label in TRAINING_LABELS for label in own) else (*own, TRAINING_LABELS[0])
