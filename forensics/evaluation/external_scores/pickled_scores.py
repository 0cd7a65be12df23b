"""Read numbers and names from a pickle without running anything that is in it.

A pickle is a program that names functions and calls them. Here no name is ever imported: numpy's arrays and numbers and
a few containers are recognised by their names and built by us, and any other name ends the reading.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError

_BROKEN = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip
_NUMBERS = re.compile("[fiu][248]|[iub]1|U[0-9]{1,5}")


class _Record:
    """Keeps what a call in the pickle was given."""

    def __new__(cls, *arguments: Any) -> Any:  # noqa: ANN401
        record = object.__new__(cls)
        record.arguments, record.state = arguments, None
        return record

    arguments: tuple[Any, ...]
    state: Any

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Array(_Record):
    """numpy._reconstruct, the array's state to follow."""


class _Buffer(_Record):
    """numpy._frombuffer(bytes, dtype, shape, order)."""


class _Scalar(_Record):
    """numpy.scalar(dtype, bytes)."""


class _DType(_Record):
    """numpy.dtype(kind, align, copy), the byte order in its state."""


class _Bytes(_Record):
    """_codecs.encode(text, "latin1"), the way protocol 2 writes bytes."""


class _Mapping(dict[Any, Any]):
    """collections.OrderedDict, or defaultdict without its factory."""

    def __init__(self, *_: object) -> None:
        super().__init__()


class _Nothing(_Record):
    """A type that is named and not needed."""


_ADMITTED: dict[str, type] = {
    "numpy.ndarray": _Array,
    "numpy.dtype": _DType,
    **{f"numpy.{core}.multiarray._reconstruct": _Array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _Scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _Buffer for core in ("core", "_core")},
    "_codecs.encode": _Bytes,
    "collections.OrderedDict": _Mapping,
    "collections.defaultdict": _Mapping,
    **{f"builtins.{name}": _Nothing for name in ("list", "dict", "float", "int")},
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, path: Path) -> None:
        super().__init__(io.BytesIO(path.read_bytes()))
        self._path = path

    def find_class(self, module: str, name: str) -> type:
        if f"{module}.{name}" not in _ADMITTED:
            raise ScoresError(
                f"{self._path}: the pickle names {module}.{name}, which no table of scores needs and which may run "
                "code; nothing of it was run; save predictions, labels and names as .npz or CSV instead",
                self._path,
            )
        return _ADMITTED[f"{module}.{name}"]

    def persistent_load(self, _: object) -> object:
        raise pickle.UnpicklingError("it points to data outside of it, as files of torch.save do")


def read_pickled(path: Path) -> object:
    """Read a pickle of containers, text, numbers and numpy arrays.

    Raises:
        ScoresError: The file names anything else, or is damaged; nothing of it was run.
        OSError: The file cannot be opened.
    """
    try:
        return _plain(_Unpickler(path).load())
    except _BROKEN as error:
        line = " ".join(str(error).split())[:120] or type(error).__name__
        raise ScoresError(f"{path}: not a readable pickle ({line}); write it again or save it as .npz", path) from None


def _plain(value: object) -> object:
    """Build arrays and numbers from records, in containers of any depth."""
    if isinstance(value, dict):
        return {_plain(key): _plain(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    if isinstance(value, _Scalar):
        dtype, raw = value.arguments
        return _build((), dtype, fortran=False, raw=raw).item()
    if isinstance(value, _Buffer):
        raw, dtype, shape, order = value.arguments
        return _build(shape, dtype, fortran=order == "F", raw=raw)
    if isinstance(value, _Array):
        shape, dtype, fortran, raw = value.state[-4:]
        return _build(shape, dtype, fortran=bool(fortran), raw=raw)
    if isinstance(value, _Record):
        raise ValueError("an object that is no array")
    return value


def _build(shape: object, dtype: object, *, fortran: bool, raw: object) -> NDArray[Any]:
    if not isinstance(shape, tuple) or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError(f"an array of shape {shape!r}")
    kind = dtype.arguments[0] if isinstance(dtype, _DType) and dtype.arguments else None
    if isinstance(raw, list):
        return np.array([_plain(item) for item in raw], dtype=object).reshape(shape)
    if not isinstance(kind, str) or not _NUMBERS.fullmatch(kind):
        raise ValueError(f"an array of type {kind!r} where numbers or text are expected")
    swapped = isinstance(dtype, _DType) and isinstance(dtype.state, tuple) and dtype.state[1:2] == (">",)
    numbers = np.dtype(kind).newbyteorder(">" if swapped else "<")
    if isinstance(raw, _Bytes):
        raw = raw.arguments[0] if raw.arguments else b""
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray) or len(raw) != math.prod(shape) * numbers.itemsize:
        raise ValueError(f"an array {shape} whose bytes do not fit")
    return np.frombuffer(bytes(raw), numbers).reshape(shape, order="F" if fortran else "C")
