"""Read a run's settings from TOML strictly; the error for an unknown key suggests the nearest known one."""

from __future__ import annotations

import tomllib
from collections.abc import Container, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from forensics.errors import InputError, did_you_mean

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
            meant = did_you_mean(str(key), known) or f"did you mean {' or '.join(known)}?"
            raise InputError(f"{path}: unknown {key!r}; {meant}", path)


def overlay(
    path: Path, settings: Settings, *, fixed: Container[str] = (), former: Mapping[str, str] | None = None
) -> Settings:
    """Return a frozen dataclass with the file's keys laid over it; a field that is a dataclass is a table.

    A list is read as a tuple. A string is read as a member of an enumeration where one is wanted, and as a path,
    relative to the file's folder, where a path is wanted.

    Args:
        path: A TOML file whose keys are fields of the dataclass.
        settings: What holds where the file says nothing.
        fixed: Fields that a file may not set, by their dotted names.
        former: Names of fields by those that they had in older files.

    Raises:
        InputError: The file is no TOML, a key is unknown, or a value is of another type.
        OSError: The file cannot be read.
    """
    names = former or {}
    values = {names.get(key, key): value for key, value in read_toml(path).items()}
    return _laid_over(path, "", values, settings, fixed)


def _laid_over(path: Path, table: str, values: dict[str, Any], settings: Settings, fixed: Container[str]) -> Settings:
    types = get_type_hints(type(settings))
    names = [entry.name for entry in fields(settings)]  # type: ignore[arg-type]
    check_keys(path, values, [name for name in names if f"{table}{name}" not in fixed])
    read = {}
    for key, value in values.items():
        before = getattr(settings, key)
        if is_dataclass(before) and isinstance(value, dict):
            read[key] = _laid_over(path, f"{table}{key}.", value, before, fixed)
        else:
            read[key] = _typed(path, value, types[key])
            if not _fits(read[key], types[key]):
                raise InputError(f"{path}: {table}{key} is {value!r}, expected {_words(types[key])}", path)
    return replace(settings, **read)  # type: ignore[type-var]


def _typed(path: Path, value: Any, wanted: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    """Return a value in the type that is wanted, where TOML has no such type."""
    if not isinstance(value, str):
        return _tuples(value)
    for option in get_args(wanted) or (wanted,):
        if option is Path:
            return path.parent / value
        if isinstance(option, type) and issubclass(option, Enum):
            check_keys(path, [value], [str(member.value) for member in option])
            return option(value)
    return value


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
        return " or ".join(_words(option) for option in get_args(wanted) if option is not NoneType)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return " or ".join(repr(member.value) for member in wanted)
    return "a table" if is_dataclass(wanted) else str(wanted.__name__)


def _tuples(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
