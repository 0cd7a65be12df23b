"""Load what a package exports only on first use, so that importing the package costs nothing.

This module lies outside the four packages, because all of them may need it and not all may import each other.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path


def lazy_door(package: str, source: str) -> Callable[[str], object]:
    """Return the `__getattr__` of a package (PEP 562).

    A package declares its exports as imports under `if TYPE_CHECKING`, where type checkers read them. This function
    reads the same lines and carries out each import at the first use of one of its names.

    Args:
        package: Name of the package, `__name__` there.
        source: Path of its `__init__.py`, `__file__` there.
    """

    def load(name: str) -> object:
        if name not in _places(source):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(_places(source)[name], package), name)

    return load


@cache
def _places(source: str) -> Mapping[str, str]:
    """Return the module, mostly a relative one, of each name that is imported under `if TYPE_CHECKING`."""
    declared = (
        statement
        for block in ast.parse(Path(source).read_text("utf-8")).body
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
    )
    return {
        name.name: "." * statement.level + str(statement.module) for statement in declared for name in statement.names
    }
