"""Read a table of scores from a pickle without executing any of its content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from forensics.evaluation.errors import ScoresError
from watermark.media.restricted_pickle import (
    BROKEN,
    NUMPY_NAMES,
    Array,
    Buffer,
    ForbiddenNameError,
    Ignored,
    Record,
    Scalar,
    array_state,
    build_array,
    load_restricted,
    one_line,
)


class _Mapping(dict[Any, Any]):
    """Stand-in for collections.OrderedDict, or for defaultdict without its factory."""

    def __init__(self, *_: object) -> None:
        super().__init__()


_ADMITTED: Mapping[str, type] = {
    **NUMPY_NAMES,
    "collections.OrderedDict": _Mapping,
    "collections.defaultdict": _Mapping,
    **{f"builtins.{name}": Ignored for name in ("list", "dict", "float", "int")},
}


def read_pickled(path: Path) -> object:
    """Read a pickle of containers, text, numbers and numpy arrays.

    Raises:
        ScoresError: The file names anything else, or is damaged; nothing of it was executed.
        OSError: The file cannot be opened.
    """
    try:
        return _plain(load_restricted(path.read_bytes(), lambda module, name: _ADMITTED.get(f"{module}.{name}")))
    except ForbiddenNameError as error:
        raise ScoresError(
            f"{path}: the pickle names {error.name}, which no table of scores needs and which may run code; nothing of "
            "it was run; save predictions, labels and names as .npz or CSV instead",
            path,
        ) from None
    except BROKEN as error:
        reason = one_line(error)
        raise ScoresError(
            f"{path}: not a readable pickle ({reason}); write it again or save it as .npz", path
        ) from None


def _plain(value: object) -> object:
    """Return arrays and numbers built from records, in containers of any depth."""
    if isinstance(value, dict):
        return {_plain(key): _plain(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    if isinstance(value, Array) and isinstance(items := array_state(value)[-1], list):
        return np.array([_plain(item) for item in items], dtype=object).reshape(value.state[-4])
    if isinstance(value, Scalar):
        return build_array(value, text=True).item()
    if isinstance(value, Array | Buffer):
        return build_array(value, text=True)
    if isinstance(value, Record):
        raise ValueError("an object that is no array")
    return value
