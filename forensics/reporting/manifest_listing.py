"""Write the manifests of a credential as entries of a JSON document and as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import cast

from forensics.execution.command_result import JsonObject, visible
from watermark import Credential, ManifestNote, manifest_notes


def manifest_entries(credential: Credential) -> list[JsonObject]:
    """Return one entry for each manifest of a credential, the active one first; ingredients name theirs by label.

    Args:
        credential: The credential of a file.
    """
    plain = json.dumps([asdict(note) for note in manifest_notes(credential)])
    return cast("list[JsonObject]", json.loads(plain))


def manifest_text(credential: Credential) -> str:
    """Return all manifests of a credential as text; each begins with its label.

    Args:
        credential: The credential of a file.
    """
    return "\n".join(visible(line) for note in manifest_notes(credential) for line in _lines(note))


def _lines(note: ManifestNote) -> Iterator[str]:
    """Yield the lines of one manifest."""
    yield f"  manifest    {note.label}"
    told = (
        ("title", note.title),
        ("type", note.media_type),
        ("software", ", ".join(note.software)),
        ("signer", note.signer),
        ("algorithm", note.algorithm),
        ("stamped", note.signed_at),
        ("thumbnail", "yes" if note.has_thumbnail else None),
    )
    yield from (f"    {name:<11} {text}" for name, text in told if text)
    for one in note.certificates:
        yield f"    certificate {one.subject}"
        yield f"                issued by {one.issuer}, {one.not_before[:10]} to {one.not_after[:10]}"
        yield f"                SHA-256 {one.fingerprint}, serial {one.serial}"
    for assertion in note.assertions:
        yield f"    assertion   {assertion.label}"
        for line in json.dumps(assertion.data, indent=2, ensure_ascii=False, sort_keys=True).splitlines():
            yield f"      {line}"
    for ingredient in note.ingredients:
        faults = f" ({', '.join(ingredient.codes)})" if ingredient.codes else ""
        origin = f", manifest {ingredient.manifest}" if ingredient.manifest else ", without a manifest"
        named = ", ".join(part for part in (ingredient.title, ingredient.relationship, ingredient.media_type) if part)
        yield f"    ingredient  {named}{origin}{faults}"
    yield from (f"    redacts     {one}" for one in note.redactions)
