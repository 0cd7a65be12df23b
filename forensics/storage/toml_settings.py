"""Read a run's settings from TOML strictly; the error for an unknown key suggests the nearest known one."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from forensics.errors import InputError

Settings = TypeVar("Settings")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the parsed content of a TOML file.

    Raises:
        InputError: The file is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no TOML file: {error}", path) from error


def check_keys(path: Path, given: Iterable[str], known: list[str]) -> None:
    """Check that every key is known.

    Raises:
        InputError: A key is unknown; the message suggests the nearest known one.
    """
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1) or known
            raise InputError(f"{path}: unknown {key!r}; did you mean {' or '.join(near)}?", path)


def overlay(path: Path, settings: Settings) -> Settings:
    """Return a frozen dataclass with the file's keys replaced; a field that is a dataclass is a table.

    Args:
        path: A TOML file whose keys are fields of the dataclass.
        settings: The values of all keys that the file does not set.

    Raises:
        InputError: The file is not TOML, a key is unknown, or a value is of another type.
    """
    return _laid_over(path, "", read_toml(path), settings)


def _laid_over(path: Path, table: str, values: dict[str, Any], settings: Settings) -> Settings:
    types = get_type_hints(type(settings))
    check_keys(path, values, [entry.name for entry in fields(settings)])  # type: ignore[arg-type]
    read = {}
    for key, value in values.items():
        before = getattr(settings, key)
        if is_dataclass(before) and isinstance(value, dict):
            read[key] = _laid_over(path, f"{table}{key}.", value, before)
        else:
            read[key] = _tuples(value)
            if not _fits(read[key], types[key]):
                raise InputError(f"{path}: {table}{key} is {value!r}, expected {_words(types[key])}", path)
    return replace(settings, **read)  # type: ignore[type-var]


def _fits(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - a value of any type against a type
    options = get_args(wanted)
    origin = get_origin(wanted)
    if origin is Literal:
        return any(value == option and type(value) is type(option) for option in options)
    if origin in (UnionType, Union):
        return any(_fits(value, option) for option in options)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = options[:1] * len(value) if options[-1] is Ellipsis else options
        return len(kinds) == len(value) and all(map(_fits, value, kinds))
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (float, int) if wanted is float else wanted)


def _words(wanted: Any) -> str:  # noqa: ANN401 - any type
    if get_origin(wanted) is Literal:
        return " or ".join(repr(option) for option in get_args(wanted))
    if get_origin(wanted) is tuple:
        return f"a list of {_words(get_args(wanted)[0])}"
    if get_origin(wanted) in (UnionType, Union):
        return " or ".join(_words(option) for option in get_args(wanted))
    return "a table" if is_dataclass(wanted) else str(wanted.__name__)


def _tuples(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
