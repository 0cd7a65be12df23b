"""Read frozen dataclasses from JSON strictly: no unknown key, no other type and no missing field.

A field that has a default may be missing, so that documents written before the field existed stay readable.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
from enum import Enum
from functools import cache
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

_UNDECODED = re.compile("[\ud800-\udfff]")
"""Matches what a byte of a file name that is not UTF-8 is decoded to; only its escape can be written as UTF-8."""

_SCALARS = (str, int, float, bool)


def parse_json(text: str | bytes) -> object:
    """Parse JSON from an untrusted source.

    Args:
        text: The document.

    Raises:
        ValueError: The document is not JSON, is nested too deeply, names a key twice in one object, or contains NaN or
            Infinity.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_twins, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write_json(value: object, *, indent: int | None = None) -> str:
    """Return JSON that `parse_json` reads back and that is valid UTF-8, whatever bytes a file name has.

    Args:
        value: Any value that `json.dumps` accepts, except NaN and Infinity.
        indent: Spaces per level; None for one line.

    Raises:
        ValueError: A number is not finite.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return _UNDECODED.sub(lambda byte: f"\\u{ord(byte[0]):04x}", text)


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return found


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is not a number")


def read_record(kind: type[Record], value: object, where: str = "document") -> Record:
    """Build a value of an annotated type from parsed JSON.

    The type may consist of dataclasses, enums, optional values, tuples, strings, numbers and booleans.

    Args:
        kind: The type to build.
        value: The parsed JSON.
        where: Name of this place in an error message.

    Raises:
        ValueError: The value does not have that shape; the message names the place.
    """
    return cast(Record, _read(kind, value, where))


def _read(kind: object, value: object, where: str) -> object:
    if kind in _SCALARS:
        return _read_scalar(kind, value, where)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        choices = [choice for choice in get_args(kind) if choice is not type(None)]
        return None if value is None and len(choices) < len(get_args(kind)) else _read(choices[0], value, where)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, where)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(cast(type, kind), value, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError as error:
            raise ValueError(f"{where} is {value!r}, expected one of {[member.value for member in kind]}") from error
    return _read_scalar(kind, value, where)


def _read_tuple(kinds: tuple[object, ...], value: object, where: str) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{where} is {value!r}, expected a list")
    if len(kinds) == 2 and kinds[1] is ...:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise ValueError(f"{where} has {len(value)} entries, expected {len(kinds)}")
    return tuple(
        _read(kind, entry, f"{where}[{index}]") for index, (kind, entry) in enumerate(zip(kinds, value, strict=True))
    )


def _read_dataclass(kind: type, value: object, where: str) -> object:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is {value!r}, expected an object")
    hints, required = _fields(kind)
    if not (required <= value.keys() <= hints.keys()):
        missing, unknown = sorted(required - set(value)), sorted(set(value) - set(hints))
        raise ValueError(f"{where} lacks {missing or 'nothing'} and has unknown {unknown or 'nothing'}")
    return kind(**{name: _read(hint, value[name], f"{where}.{name}") for name, hint in hints.items() if name in value})


@cache
def _fields(kind: type) -> tuple[dict[str, object], frozenset[str]]:
    """Return the field types of a dataclass by name, and the names of required fields; computed once per type."""
    hints, fields = get_type_hints(kind), dataclasses.fields(kind)
    missing = dataclasses.MISSING
    required = (field.name for field in fields if field.default is missing and field.default_factory is missing)
    return {field.name: hints[field.name] for field in fields}, frozenset(required)


def _read_scalar(kind: object, value: object, where: str) -> object:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    raise ValueError(f"{where} is {value!r}, expected {getattr(kind, '__name__', kind)}")
