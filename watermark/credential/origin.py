"""Write what an owner states about a file of their own as a C2PA manifest definition, without a mark.

A file without a credential is stated to have been created as its kind says. One that has a credential is opened, and
that credential is kept as its ingredient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watermark.mark.payload import PayloadKind

from .claim import OWN_SOURCE_TYPES, SourceType
from .layout import LAYOUT_ASSERTION
from .manifest import GENERATOR, Json, ingredient_label, own_assertions
from .own_assertions import OwnAssertion


@dataclass(frozen=True, slots=True)
class Redaction:
    """Assertions that are taken out of earlier manifests.

    Attributes:
        addresses: Their JUMBF addresses.
        reason: Why, as the C2PA specification names it.
    """

    addresses: tuple[str, ...]
    reason: str


def update_definition(
    title: str,
    media_type: str,
    version: str,
    *,
    layout: Mapping[str, Json] | None = None,
    assertions: Sequence[OwnAssertion] = (),
    redaction: Redaction | None = None,
) -> dict[str, Json]:
    """Return the definition of an update manifest, whose one ingredient is the file itself.

    Args:
        title: Name of the file for people.
        media_type: Media type of the file.
        version: Version of this package.
        layout: Layout that `recorded_layout` returned for the file.
        assertions: Assertions to add.
        redaction: What is taken out, or None for nothing.
    """
    framed: list[Json] = [] if layout is None else [{"label": LAYOUT_ASSERTION, "data": layout}]
    added: list[Json] = [{"label": one.label, "data": one.data} for one in assertions]
    definition: dict[str, Json] = {
        "claim_generator_info": [{"name": GENERATOR, "version": version}],
        "title": title,
        "format": media_type,
        "assertions": [*framed, *added],
    }
    if redaction is None:
        return definition
    actions: list[Json] = [
        {"action": "c2pa.redacted", "reason": redaction.reason, "parameters": {"redacted": address}}
        for address in redaction.addresses
    ]
    opened: Json = {"action": "c2pa.opened", "parameters": {"ingredientIds": [ingredient_label(0)]}}
    stated: Json = {"label": "c2pa.actions", "data": {"actions": [opened, *actions]}}
    return {**definition, "redactions": list(redaction.addresses), "assertions": [stated, *framed, *added]}


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
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": version}],
        "title": title,
        "format": media_type,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": _actions(kind, version, has_parent=has_parent)}},
            *framed,
            *own_assertions(assertions),
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
