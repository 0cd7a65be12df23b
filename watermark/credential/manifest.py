"""Write a claim as a C2PA manifest definition.

This layout follows two rules that the C2PA library enforces. The first action is `c2pa.created` with a source type or
`c2pa.opened` with an ingredient. The action `c2pa.watermarked.bound` needs a `c2pa.soft-binding` assertion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watermark.mark.payload import ID_BITS, SOFT_BINDING, PayloadKind

from .claim import OWN_SOURCE_TYPES, Claim, Ingredient
from .layout import LAYOUT_ASSERTION
from .own_assertions import TRAINING_LABELS, OwnAssertion

GENERATOR = "facetrail"

# Assertions that the signer asserts; without this list the library would record them as merely gathered.
CREATED_ASSERTIONS = ("c2pa.actions", "c2pa.soft-binding", "c2pa.ai-disclosure", LAYOUT_ASSERTION)

_LEAST_PADDING = 256
"""In characters: shorter CBOR texts encode their length in fewer bytes."""

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def manifest_definition(claim: Claim, media_type: str, layout: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """Return the manifest definition of a claim.

    Args:
        claim: The claim.
        media_type: Media type of the sealed file.
        layout: Layout that `recorded_layout` returned for the file.
    """
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": claim.agent_version}],
        "title": claim.title,
        "format": media_type,
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {"actions": [*_actions(claim), {"action": "c2pa.watermarked.bound"}]},
            },
            {"label": "c2pa.soft-binding", "data": _soft_binding(claim)},
            *_disclosure(claim),
            *_layout(layout),
            *own_assertions(claim.assertions),
        ],
    }


def missing_stamp(definition: dict[str, Json], authority: str) -> dict[str, Json]:
    """Return the definition of a manifest that states that a time-stamp authority was asked and did not answer."""
    return _saying(definition, "org.facetrail.time-stamp", {"authority": authority, "outcome": "unavailable"})


def padded(definition: dict[str, Json], count: int) -> dict[str, Json]:
    """Return the definition of a manifest that is longer by `count` bytes than with a count of 0.

    Args:
        definition: Definition of the manifest without padding.
        count: 0 to 65,000; up to this length the size field of a CBOR text has the same number of bytes.
    """
    return _saying(definition, "org.facetrail.padding", {"pad": "0" * (_LEAST_PADDING + count)})


def _saying(definition: dict[str, Json], label: str, data: Json) -> dict[str, Json]:
    assertion: Json = {"label": label, "data": data}
    assertions = definition["assertions"]
    return {**definition, "assertions": [*assertions, assertion] if isinstance(assertions, list) else [assertion]}


def ingredient_definition(index: int, ingredient: Ingredient) -> dict[str, Json]:
    """Return the definition of a claim's ingredient; actions refer to it by its label."""
    label = ingredient_label(index)
    definition: dict[str, Json] = {
        "title": ingredient.title,
        "relationship": ingredient.relationship,
        "label": label,
        "instance_id": f"xmp:iid:{label}",
    }
    return {**definition, "description": ingredient.note} if ingredient.note else definition


def ingredient_label(index: int) -> str:
    """Return the label of a claim's n-th ingredient."""
    return f"ingredient{index}"


def _actions(claim: Claim) -> list[dict[str, Json]]:
    """Return the actions before marking: created; opened (own media); or opened and edited by a model (composite)."""
    made: dict[str, Json] = {"softwareAgent": _software(claim)}
    if parameters := _parameters(claim):
        made["parameters"] = parameters
    if claim.payload.kind is not PayloadKind.GENERATED:
        return _own_actions(claim.payload.kind, made)
    if not claim.is_composite:
        return [{"action": "c2pa.created", "digitalSourceType": claim.source_type.uri, **made}]
    opened: dict[str, Json] = {"action": "c2pa.opened", "parameters": {"ingredientIds": _labels(claim, parent=True)}}
    return [opened, {"action": "c2pa.edited", "digitalSourceType": claim.source_type.uri, **made}]


def _own_actions(kind: PayloadKind, made: Mapping[str, Json]) -> list[dict[str, Json]]:
    """Return the actions on media that no model made: opened, and edited where its owner says so."""
    source_type = OWN_SOURCE_TYPES[kind]
    stated: dict[str, Json] = {} if source_type is None else {"digitalSourceType": source_type.uri}
    if kind is PayloadKind.EDITED:
        return [{"action": "c2pa.opened", **made}, {"action": "c2pa.edited", **stated}]
    return [{"action": "c2pa.opened", **made, **stated}]


def _software(claim: Claim) -> dict[str, Json]:
    software: dict[str, Json] = {"name": claim.agent, "version": claim.agent_version}
    if claim.weights:
        software["org.facetrail.weights-sha256"] = dict(claim.weights)
    return software


def _parameters(claim: Claim) -> dict[str, Json]:
    parameters: dict[str, Json] = {}
    labels = _labels(claim, parent=False) if claim.is_composite else _labels(claim)
    if labels:
        parameters["ingredientIds"] = labels
    if claim.seed is not None:
        parameters["org.facetrail.seed"] = claim.seed
    if claim.model_digest is not None:
        parameters["org.facetrail.model-sha256"] = claim.model_digest
    return parameters


def _labels(claim: Claim, *, parent: bool | None = None) -> list[str]:
    """Return the labels of all ingredients, of the parent, or of all ingredients except the parent."""
    return [
        ingredient_label(index)
        for index, ingredient in enumerate(claim.ingredients)
        if parent is None or parent == (ingredient.relationship == "parentOf")
    ]


def _disclosure(claim: Claim) -> list[dict[str, Json]]:
    """Return the AI disclosure of C2PA 2.4; a person chose the inputs, and nobody approved the output."""
    if not claim.by_model:
        return []
    if claim.model_digest is None:
        return [{"label": "c2pa.ai-disclosure", "data": {"modelType": "c2pa.types.model"}}]
    data: dict[str, Json] = {
        "modelType": "c2pa.types.model.pytorch",
        "modelName": claim.agent,
        "modelIdentifier": f"sha256:{claim.model_digest}",
        "contentProfile": {"humanOversightLevel": "prompt_guided"},
    }
    return [{"label": "c2pa.ai-disclosure", "data": data}]


def _soft_binding(claim: Claim) -> dict[str, Json]:
    # A list of integers is stored as a byte string, the type the assertion asks for.
    value: Json = list(claim.payload.id.to_bytes(ID_BITS // 8, "big"))
    return {"alg": SOFT_BINDING, "blocks": [{"scope": {}, "value": value}]}


def _layout(layout: Mapping[str, Json] | None) -> list[dict[str, Json]]:
    return [] if layout is None else [{"label": LAYOUT_ASSERTION, "data": layout}]


def own_assertions(assertions: Sequence[OwnAssertion]) -> list[Json]:
    """Return an owner's further assertions; without a choice on training among them, nobody may train on the file.

    Args:
        assertions: The assertions, which `check_assertions` has accepted.
    """
    own: list[Json] = [{"label": one.label, "data": one.data} for one in assertions]
    if not any(one.label in TRAINING_LABELS for one in assertions):
        own.append({"label": TRAINING_LABELS[0], "data": {"entries": _training_mining()}})
    return own


def _training_mining() -> dict[str, Json]:
    """Return the choice that nobody may train a model on the file or mine it."""
    uses = ("cawg.ai_generative_training", "cawg.ai_training", "cawg.ai_inference", "cawg.data_mining")
    return {use: {"use": "notAllowed"} for use in uses}
