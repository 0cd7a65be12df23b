"""Build a readable tree of a credential: the statements on a file, their signers, and the ingredients."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from watermark import Credential, CredentialState

MOST_NODES = 300
DEEPEST = 8

_STATES = {
    CredentialState.TRUSTED: "intact, and signed by someone you trust",
    CredentialState.VALID_UNKNOWN_SIGNER: "intact, but nobody you trust vouches for the signer",
    CredentialState.ALTERED: "broken: the file was changed after it was signed, or its credential is damaged",
    CredentialState.ABSENT: "none; that proves nothing, credentials are easily lost",
    CredentialState.RECOVERED_BY_MARK: "not in the file; its mark led to the one stored when it was made",
}
_ACTIONS = {
    "c2pa.created": "created",
    "c2pa.opened": "opened",
    "c2pa.placed": "placed another file into it",
    "c2pa.edited": "edited",
    "c2pa.converted": "converted",
    "c2pa.transcoded": "encoded anew",
    "c2pa.published": "published",
    "c2pa.watermarked": "marked invisibly",
    "c2pa.watermarked.bound": "marked invisibly, so that the credential can be found again",
}
_SOURCES = {
    "trainedAlgorithmicMedia": "made by a trained model",
    "compositeWithTrainedAlgorithmicMedia": "real footage with a part made by a trained model",
    "compositeSynthetic": "put together from parts, of which some are synthetic",
    "algorithmicMedia": "made by an algorithm",
    "digitalCapture": "captured by a camera",
}
_RELATIONS = {
    "parentOf": "it was made from this file",
    "inputTo": "a model was given this file",
    "componentOf": "this file is a part of it",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the tree.

    Attributes:
        label: Name of the statement.
        text: The statement.
        children: The lines below it.
    """

    label: str
    text: str
    children: tuple[Node, ...] = ()


def tree_of(credential: Credential) -> Node:
    """Build the tree of a credential.

    Args:
        credential: The credential of a file; it may be malformed.
    """
    report = _object(json.loads(credential.manifest_json or "{}"))
    manifests = _object(report.get("manifests"))
    failed = tuple(Node("problem", code) for code in credential.codes[:20])
    lines = _Manifests(manifests).lines(str(report.get("active_manifest")), 0)
    return Node("Credential", _STATES[credential.state], (*failed, *lines))


class _Manifests:
    """A walk from manifest to manifest; a label is entered once, and lines are counted."""

    def __init__(self, manifests: dict[str, Any]) -> None:
        self._manifests = manifests
        self._seen: set[str] = set()
        self._left = MOST_NODES

    def lines(self, label: str, depth: int) -> tuple[Node, ...]:
        """Return the lines of one manifest."""
        manifest = _object(self._manifests.get(label))
        if not manifest or label in self._seen or depth > DEEPEST:
            return ()
        self._seen.add(label)
        signature = _object(manifest.get("signature_info"))
        tools = [f"{one.get('name')} {one.get('version', '')}" for one in _objects(manifest, "claim_generator_info")]
        lines = [
            Node("Title", str(manifest.get("title") or "without a title")),
            Node("Signer", str(signature.get("common_name") or signature.get("issuer") or "unnamed")),
            Node("Signed", str(signature.get("time") or "at a time that nobody has stamped")),
            Node("Software", ", ".join(tools).strip() or "not named"),
            Node("Actions", "what was done, in order", self._actions(manifest)),
        ]
        ingredients = self._ingredients(manifest, depth)
        lines.append(Node("Ingredients", "what went in" if ingredients else "none are named", ingredients))
        return tuple(lines)

    def _actions(self, manifest: dict[str, Any]) -> tuple[Node, ...]:
        found: list[Node] = []
        for assertion in _objects(manifest, "assertions"):
            if not str(assertion.get("label")).startswith("c2pa.actions"):
                continue
            for action in _objects(_object(assertion.get("data")), "actions"):
                if not self._take():
                    return (*found, Node("…", "more are not shown"))
                name = str(action.get("action"))
                source = str(action.get("digitalSourceType") or "").rpartition("/")[2]
                agent = str(_object(action.get("softwareAgent")).get("name") or "")
                words = [_ACTIONS.get(name, ""), _SOURCES.get(source, source), agent and f"with {agent}"]
                found.append(Node(name, ", ".join(word for word in words if word)))
        return tuple(found)

    def _ingredients(self, manifest: dict[str, Any], depth: int) -> tuple[Node, ...]:
        found: list[Node] = []
        for ingredient in _objects(manifest, "ingredients"):
            if not self._take():
                return (*found, Node("…", "more are not shown"))
            relation = str(ingredient.get("relationship") or "")
            inner = self.lines(str(ingredient.get("active_manifest")), depth + 1)
            problems = _objects(_object(_object(ingredient.get("validation_results")).get("activeManifest")), "failure")
            codes = tuple(Node("problem", str(one.get("code"))) for one in problems[:5])
            label = str(ingredient.get("title") or "without a title")
            found.append(Node(label, _RELATIONS.get(relation, relation), (*codes, *inner)))
        return tuple(found)

    def _take(self) -> bool:
        self._left -= 1
        return self._left >= 0


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, dict) else {}


def _objects(parent: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = parent.get(name)
    return [one for one in values if isinstance(one, dict)] if isinstance(values, list) else []
