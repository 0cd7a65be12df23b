"""Write what an owner states about a file of their own as a C2PA manifest definition, without a mark.

A file without a credential is stated to have been created as its kind says. One that has a credential is opened, and
that credential is kept as its ingredient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watermark.errors import SealError
from watermark.mark.payload import PayloadKind

from .claim import OWN_SOURCE_TYPES, SourceType
from .layout import LAYOUT_ASSERTION
from .manifest import GENERATOR, Json, ingredient_label, training_mining
from .source_types import GENERATED_SOURCE_TYPES, stated_source_types

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

_TRAINING = ("cawg.training-mining", "c2pa.training-mining")


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


def origin_definition(
    title: str,
    kind: PayloadKind,
    media_type: str,
    version: str,
    *,
    has_parent: bool,
    layout: Mapping[str, Json] | None = None,
    assertions: Sequence[OwnAssertion] = (),
) -> dict[str, Json]:
    """Return the manifest definition of a file whose content is not changed.

    Args:
        title: Name of the file for people.
        kind: What its owner states about it.
        media_type: Media type of the file.
        version: Version of this package.
        has_parent: Whether the file has a credential, which is the first ingredient then.
        layout: Layout that `recorded_layout` returned for the file.
        assertions: Further assertions of its owner.
    """
    framed: list[Json] = [] if layout is None else [{"label": LAYOUT_ASSERTION, "data": layout}]
    own: list[Json] = [{"label": one.label, "data": one.data} for one in assertions]
    if not any(one.label in _TRAINING for one in assertions):
        own.append({"label": _TRAINING[0], "data": {"entries": training_mining()}})
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": version}],
        "title": title,
        "format": media_type,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": _actions(kind, version, has_parent=has_parent)}},
            *framed,
            *own,
        ],
    }


def _actions(kind: PayloadKind, version: str, *, has_parent: bool) -> list[Json]:
    source_type = SourceType.TRAINED if kind is PayloadKind.GENERATED else OWN_SOURCE_TYPES[kind]
    stated: dict[str, Json] = {} if source_type is None else {"digitalSourceType": source_type.uri}
    agent: dict[str, Json] = {"softwareAgent": {"name": GENERATOR, "version": version}}
    if not has_parent:
        return [{"action": "c2pa.created", **stated, **agent}]
    opened: dict[str, Json] = {"action": "c2pa.opened", "parameters": {"ingredientIds": [ingredient_label(0)]}, **agent}
    if kind is PayloadKind.CAPTURED:
        return [{**opened, **stated}]
    return [opened, {"action": "c2pa.edited", **stated}]
