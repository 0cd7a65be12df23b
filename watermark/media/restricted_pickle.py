"""Read the arrays of a pickle without running any of its code.

A pickle is a program that names classes and calls them. Here no name is ever imported: each admitted name stands for an
inert record that only stores its arguments, and any other name is refused. Arrays are built afterwards from the
records, with every size checked, so that numpy never receives a state that the file invented.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watermark.errors import MediaError

BROKEN = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip
"""Errors that reading a damaged pickle, or building arrays from its records, may raise."""

_NUMBERS = re.compile("[fiu][248]|[iub]1")
_NUMBERS_AND_TEXT = re.compile("[fiu][248]|[iub]1|U[0-9]{1,5}")


class ForbiddenNameError(MediaError):
    """A pickle contains a name that is not admitted; nothing of it was run.

    Attributes:
        name: The module and the name in it, as the pickle writes them.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the pickle names {name}, which is not admitted; nothing of it was run")
        self.name = name


class Record:
    """An inert record of one call in the pickle."""

    arguments: tuple[Any, ...]
    state: Any

    def __new__(cls, *arguments: Any) -> Any:  # noqa: ANN401
        """Store the arguments of the call."""
        record = object.__new__(cls)
        record.arguments, record.state = arguments, None
        return record

    def __setstate__(self, state: object) -> None:
        """Store the state of the object."""
        self.state = state


class Array(Record):
    """Record of `numpy._reconstruct`; the array's state follows."""


class Buffer(Record):
    """Record of `numpy._frombuffer(bytes, dtype, shape, order)`."""


class Scalar(Record):
    """Record of `numpy.scalar(dtype, bytes)`."""


class DType(Record):
    """Record of `numpy.dtype(kind, align, copy)`, with the byte order in its state."""


class Bytes(Record):
    """Record of `_codecs.encode(text, "latin1")` or `bytes()`, the two ways protocol 2 writes bytes."""


class Ignored(Record):
    """Record of a name that is not needed."""


NUMPY_NAMES: Mapping[str, type[Record]] = {
    "numpy.ndarray": Array,
    "numpy.dtype": DType,
    **{f"numpy.{core}.multiarray._reconstruct": Array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": Scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": Buffer for core in ("core", "_core")},
    "_codecs.encode": Bytes,
}
"""Names under which numpy's arrays and numbers are pickled, and the records that stand for them."""


class _Unpickler(pickle.Unpickler):
    """Resolve admitted names to records and refuse all others."""

    def __init__(self, content: bytes, admit: Callable[[str, str], type | None], encoding: str) -> None:
        super().__init__(io.BytesIO(content), encoding=encoding)
        self._admit = admit

    def find_class(self, module: str, name: str) -> type:
        record = None if "." in name else self._admit(module, name)
        if record is None:
            raise ForbiddenNameError(f"{module}.{name}")
        return record

    def persistent_load(self, _: object) -> object:
        raise pickle.UnpicklingError("it points to data outside of it, as files of torch.save do")


def load_restricted(content: bytes, admit: Callable[[str, str], type | None], encoding: str = "ASCII") -> object:
    """Return the content of a pickle, with inert records in place of objects.

    Args:
        content: The pickle.
        admit: Function that returns the record for a module and a name in it, or None for a name that is not admitted.
        encoding: Encoding of text that Python 2 wrote.

    Raises:
        ForbiddenNameError: The pickle contains a name that is not admitted.
        Exception: One of `BROKEN`: the pickle is damaged.
    """
    return _Unpickler(content, admit, encoding).load()


def build_array(record: object, *, text: bool = False) -> NDArray[Any]:
    """Return the array or number that a record stands for.

    Args:
        record: An `Array`, a `Buffer` or a `Scalar`, which becomes an array of shape ().
        text: Whether text is admitted beside numbers.

    Raises:
        ValueError: The record stands for no array, or its parts do not fit together. The errors in `BROKEN` are raised
            too.
    """
    if isinstance(record, Scalar):
        dtype, raw = record.arguments
        return _build((), dtype, raw, fortran=False, text=text)
    if isinstance(record, Buffer):
        raw, dtype, shape, order = record.arguments
        return _build(shape, dtype, raw, fortran=order == "F", text=text)
    shape, dtype, fortran, raw = array_state(record)[-4:]
    return _build(shape, dtype, raw, fortran=bool(fortran), text=text)


def array_state(record: object) -> tuple[Any, ...]:
    """Return the state of an array's record, which ends with shape, dtype, order and bytes.

    Raises:
        ValueError: The record is not that of an array.
    """
    if not isinstance(record, Array) or not isinstance(record.state, tuple) or len(record.state) < 4:
        raise ValueError("no array")
    return record.state


def one_line(error: BaseException) -> str:
    """Return an error's message as one line of at most 120 characters."""
    return " ".join(str(error).split())[:120] or type(error).__name__


def _build(shape: object, dtype: object, raw: object, *, fortran: bool, text: bool) -> NDArray[Any]:
    if not isinstance(shape, tuple) or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError(f"an array of shape {shape!r}")
    if isinstance(raw, Bytes):
        raw = raw.arguments[0] if raw.arguments else b""
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    values = _value_type(dtype, text=text)
    if not isinstance(raw, bytes | bytearray) or len(raw) != math.prod(shape) * values.itemsize:
        raise ValueError(f"an array {shape} whose bytes are not {math.prod(shape)} values")
    return np.frombuffer(bytes(raw), values).reshape(shape, order="F" if fortran else "C")


def _value_type(dtype: object, *, text: bool) -> np.dtype[Any]:
    kind = dtype.arguments[0] if isinstance(dtype, DType) and dtype.arguments else None
    if not isinstance(kind, str) or not (_NUMBERS_AND_TEXT if text else _NUMBERS).fullmatch(kind):
        raise ValueError(f"an array of type {kind!r} where numbers {'or text ' if text else ''}are expected")
    swapped = isinstance(dtype, DType) and isinstance(dtype.state, tuple) and dtype.state[1:2] == (">",)
    return np.dtype(kind).newbyteorder(">" if swapped else "<")
