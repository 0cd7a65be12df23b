"""Read from assertions where a file comes from: IPTC digital source types, in actions and in signed metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

GENERATED_SOURCE_TYPES = frozenset(
    {
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
        "algorithmicMedia",
        "trainedAlgorithmicData",
    }
)
"""Last parts of the IPTC digital source types that say a machine made or changed the picture."""

_SPELLINGS = {term.lower(): term for term in GENERATED_SOURCE_TYPES}

# Assertions of signed metadata that may name a source type as IPTC does.
_METADATA_LABELS = ("c2pa.metadata", "cawg.metadata", "stds.")


def source_types_of(manifests: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return every source type that manifests state, in actions or in signed metadata, each once."""
    stated = (
        text
        for manifest in manifests
        for assertion in manifest.get("assertions", [])
        if assertion["label"].startswith(("c2pa.actions", *_METADATA_LABELS))
        for text in _stated(assertion["data"])
    )
    return tuple(dict.fromkeys(term(text) for text in stated if text))


def _stated(data: Any, *, inside: bool = False) -> Iterator[str]:  # noqa: ANN401 - parsed JSON
    """Yield the texts that stand under a key `digitalSourceType` of any vocabulary, at any depth."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _stated(value, inside=inside or key.lower().endswith("digitalsourcetype"))
    elif isinstance(data, list):
        for value in data:
            yield from _stated(value, inside=inside)
    elif inside and isinstance(data, str):
        yield data


def stated_source_types(data: object) -> tuple[str, ...]:
    """Return the last part of every digital source type that the content of an assertion states.

    Args:
        data: Parsed JSON.
    """
    return tuple(dict.fromkeys(term(text) for text in _stated(data) if text))


def term(address: object) -> str:
    """Return the last part of a term's address or short name; a known one in its own spelling."""
    last = re.split(r"[/#:]", str(address).partition("?")[0].strip().rstrip("/#"))[-1]
    return _SPELLINGS.get(last.lower(), last)
