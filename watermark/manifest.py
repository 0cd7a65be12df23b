"""A claim as a C2PA manifest definition.

Rules that the C2PA library enforces and this layout follows: the first action is `c2pa.created` with a source type or
`c2pa.opened` with an ingredient; `c2pa.watermarked.bound` needs a `c2pa.soft-binding` assertion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .claim import Claim, Ingredient
from .payload import ID_BITS, PayloadKind

SOFT_BINDING = "org.facetrail.tile.1"
TRAINED_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

# Assertions the signer vouches for itself; the library would list them as merely gathered.
CREATED_ASSERTIONS = ("c2pa.actions", "c2pa.soft-binding")

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def manifest_definition(claim: Claim, media_type: str) -> dict[str, Json]:
    """Return the manifest definition of a claim.

    Args:
        claim: What is said.
        media_type: Media type of the sealed file.
    """
    return {
        "claim_generator_info": [{"name": "facetrail", "version": claim.agent_version}],
        "title": claim.title,
        "format": media_type,
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {"actions": [_first_action(claim), {"action": "c2pa.watermarked.bound"}]},
            },
            {"label": "c2pa.soft-binding", "data": _soft_binding(claim)},
            {"label": "cawg.training-mining", "data": {"entries": _training_mining()}},
        ],
    }


def ingredient_definition(index: int, ingredient: Ingredient) -> dict[str, Json]:
    """Return the definition of a claim's ingredient; actions refer to it by its label."""
    label = ingredient_label(index)
    return {
        "title": ingredient.title,
        "relationship": ingredient.relationship,
        "label": label,
        "instance_id": f"xmp:iid:{label}",
    }


def ingredient_label(index: int) -> str:
    """Return the label of a claim's n-th ingredient."""
    return f"ingredient{index}"


def _first_action(claim: Claim) -> dict[str, Json]:
    parameters: dict[str, Json] = {}
    if claim.ingredients:
        parameters["ingredientIds"] = [ingredient_label(i) for i in range(len(claim.ingredients))]
    if claim.seed is not None:
        parameters["org.facetrail.seed"] = claim.seed
    if claim.model_digest is not None:
        parameters["org.facetrail.model-sha256"] = claim.model_digest
    action: dict[str, Json] = {"softwareAgent": {"name": claim.agent, "version": claim.agent_version}}
    if parameters:
        action["parameters"] = parameters
    if claim.payload.kind is PayloadKind.CONTROL:
        return {"action": "c2pa.opened", **action}
    return {"action": "c2pa.created", "digitalSourceType": TRAINED_MEDIA, **action}


def _soft_binding(claim: Claim) -> dict[str, Json]:
    # A list of integers is stored as a byte string, the type the assertion asks for.
    value: Json = list(claim.payload.id.to_bytes(ID_BITS // 8, "big"))
    return {"alg": SOFT_BINDING, "blocks": [{"scope": {}, "value": value}]}


def _training_mining() -> dict[str, Json]:
    uses = ("cawg.ai_generative_training", "cawg.ai_training", "cawg.ai_inference", "cawg.data_mining")
    return {use: {"use": "notAllowed"} for use in uses}
