"""Decode the part of CBOR (RFC 8949) that COSE signatures use."""

from __future__ import annotations

from typing import Any

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_DEEPEST = 16
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


def decode(data: bytes) -> Any:  # noqa: ANN401
    """Return the one item that fills `data`; the number of a tag is left out.

    Raises:
        ValueError: The data are cut off, followed by more, or use floats or indefinite lengths.
    """
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes follow the CBOR item")
    return value


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if at >= len(data):
        raise ValueError("the CBOR item is cut off")
    if depth > _DEEPEST:
        raise ValueError(f"the CBOR item is nested deeper than {_DEEPEST} levels")
    major, argument, at = _head(data, at)
    if major in (_UNSIGNED, _NEGATIVE):
        return (argument if major == _UNSIGNED else -1 - argument), at
    if major in (_BYTES, _TEXT):
        content = data[at : at + argument]
        if len(content) < argument:
            raise ValueError("the CBOR string is cut off")
        return (content if major == _BYTES else content.decode()), at + argument
    if major == _TAG:
        return _item(data, at, depth + 1)
    if major not in (_ARRAY, _MAP):
        if argument not in _SIMPLE:
            raise ValueError(f"CBOR simple value {argument} is not expected in a signature")
        return _SIMPLE[argument], at
    items = []
    for _ in range(argument * (2 if major == _MAP else 1)):
        item, at = _item(data, at, depth + 1)
        items.append(item)
    return (items if major == _ARRAY else _map(items)), at


def _map(items: list[Any]) -> dict[Any, Any]:
    """Build a map from its keys and values, which alternate."""
    if any(isinstance(key, list | dict) for key in items[::2]):
        raise ValueError("a CBOR list or map is not expected as a key")
    content = dict(zip(items[::2], items[1::2], strict=True))
    if 2 * len(content) != len(items):
        raise ValueError("a CBOR map names a key twice")
    return content


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return major type, argument, and the offset of the content (RFC 8949, section 3)."""
    major, short = data[at] >> 5, data[at] & 31
    if short < 24:
        return major, short, at + 1
    if short > 27:
        raise ValueError("CBOR of indefinite length is not expected in a signature")
    width = 1 << short - 24
    if at + 1 + width > len(data):
        raise ValueError("the CBOR head is cut off")
    if major > _TAG and short > 24:
        raise ValueError("CBOR floats are not expected in a signature")
    return major, int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width
