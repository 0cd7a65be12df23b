"""Read a run's settings from TOML, strictly: an unknown key is an error that offers the nearest one."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from .errors import InputError

Settings = TypeVar("Settings")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the parsed file.

    Raises:
        InputError: The file is no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML file: {error}", path) from error


def check_keys(path: Path, given: Iterable[str], known: list[str]) -> None:
    """Refuse a key that is not known.

    Raises:
        InputError: Names the key and the nearest known one.
    """
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1) or known
            raise InputError(f"{path}: unknown {key!r}; did you mean {' or '.join(near)}?", path)


def overlay(path: Path, settings: Settings) -> Settings:
    """Return a frozen dataclass with the file's top-level keys laid over it.

    Args:
        path: A TOML file whose keys are fields of the dataclass.
        settings: What holds where the file says nothing.

    Raises:
        InputError: The file is no TOML, a key is unknown, or a value is of another type.
    """
    values = read_toml(path)
    known = {entry.name: type(getattr(settings, entry.name)) for entry in fields(settings)}  # type: ignore[arg-type]
    check_keys(path, values, list(known))
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (known[key], int) if known[key] is float else known[key]):
            raise InputError(f"{path}: {key} is {value!r}, expected {known[key].__name__}", path)
    return replace(settings, **values)  # type: ignore[type-var]
