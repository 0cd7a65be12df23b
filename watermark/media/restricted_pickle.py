"""Read the arrays of a pickle without running anything that is in it.

A pickle is a program that names classes and calls them. Here no name is ever imported: each admitted name stands for
an inert record that only keeps what it is given, and any other name ends the reading. Arrays are built afterwards from
the records, with every size and index checked, so that neither numpy nor scipy sees a state that the file made up.
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

from generator.errors import FaceModelError

_BROKEN = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip


class _Record:
    """What a call in the pickle leaves behind."""

    arguments: tuple[Any, ...]
    state: Any

    def __new__(cls, *arguments: Any) -> Any:  # noqa: ANN401
        record = object.__new__(cls)
        record.arguments, record.state = arguments, None
        return record

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Array(_Record):
    """numpy._reconstruct with the array's state to follow."""


class _Buffer(_Record):
    """numpy._frombuffer(bytes, dtype, shape, order)."""


class _DType(_Record):
    """numpy.dtype(kind, align, copy) with the byte order in its state."""


class _Bytes(_Record):
    """_codecs.encode(text, "latin1") or bytes(), the way protocol 2 writes bytes."""


class _Sparse(_Record):
    """A compressed sparse matrix with its vectors in its state."""


class _Columns(_Sparse):
    """scipy.sparse.csc_matrix."""


class _Rows(_Sparse):
    """scipy.sparse.csr_matrix."""


class _Chumpy(_Record):
    """chumpy.ch.Ch with its value in its state."""


class _Unused(_Record):
    """Something that stands beside the arrays and is not needed."""


class _Rebuilt(_Record):
    """copyreg._reconstructor(class, base, state), the way protocols 0 and 1 make objects."""

    def __new__(cls, kind: object, *_: object) -> Any:  # noqa: ANN401
        if not (isinstance(kind, type) and issubclass(kind, _Record)) or kind is _Rebuilt:
            raise pickle.UnpicklingError("an object of no class")
        return kind()


_ADMITTED: dict[str, type[_Record]] = {
    "numpy.ndarray": _Array,
    "numpy.dtype": _DType,
    **{f"numpy.{core}.multiarray._reconstruct": _Array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _Unused for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _Buffer for core in ("core", "_core")},
    **{f"scipy.sparse.{place}csc_matrix": _Columns for place in ("", "csc.", "_csc.")},
    **{f"scipy.sparse.{place}csr_matrix": _Rows for place in ("", "csr.", "_csr.")},
    "chumpy.ch.Ch": _Chumpy,
    "_codecs.encode": _Bytes,
    "__builtin__.bytes": _Bytes,
    **{f"{module}._reconstructor": _Rebuilt for module in ("copyreg", "copy_reg")},
    **{f"{module}.{name}": _Unused for module in ("builtins", "__builtin__") for name in ("object", "set")},
    "collections.OrderedDict": _Unused,
    "torch._utils._rebuild_tensor_v2": _Unused,
    "torch.storage._load_from_bytes": _Unused,
}
_EXPRESSIONS = ("chumpy.ch", "chumpy.ch_ops", "chumpy.reordering")
"""Modules of chumpy's expressions over arrays, which may stand in keys that nobody needs; they are not computed."""


class _Unpickler(pickle.Unpickler):
    """Resolves admitted names to records and refuses all others."""

    def __init__(self, file: io.BytesIO, path: Path) -> None:
        super().__init__(file, encoding="latin1")
        self._path = path

    def find_class(self, module: str, name: str) -> type[_Record]:
        record = _ADMITTED.get(f"{module}.{name}", _Unused if module in _EXPRESSIONS else None)
        if record is None or "." in name:
            raise FaceModelError(
                f"{self._path}: the pickle names {module}.{name}, which no FLAME file needs and which may run code; "
                "nothing of it was run; take the file from flame.is.tue.mpg.de"
            )
        return record


def read_pickle(path: Path, content: bytes) -> object:
    """Return what a pickle holds, with inert records in place of objects; `as_array` turns them into arrays.

    Args:
        path: Named in errors.
        content: The pickle.

    Raises:
        FaceModelError: The pickle names anything but numpy arrays, scipy.sparse matrices and chumpy.ch.Ch, or is
            damaged.
    """
    try:
        return _Unpickler(io.BytesIO(content), path).load()
    except _BROKEN as error:
        raise FaceModelError(f"{path}: not a readable pickle ({_line(error)}); download the file again") from None


def read_object_array(path: Path, content: bytes) -> object:
    """Return the one object that a `.npy` file with a pickled 0-d object array holds.

    Raises:
        FaceModelError: As `read_pickle`.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = reader(file)
        if shape != () or dtype != np.dtype(object):
            raise ValueError(f"an array {shape} of {dtype} where one object is expected")
        record = read_pickle(path, content[file.tell() :])
        value = _state(record, _Array)[-1]
        if not isinstance(value, list) or len(value) != 1:
            raise ValueError("no object in it")
        return value[0]
    except _BROKEN as error:
        raise FaceModelError(f"{path}: not a .npy file of one object ({_line(error)})") from None


def as_array(value: object) -> NDArray[Any]:
    """Return the array that a record stands for; sparse matrices become dense.

    Raises:
        ValueError: It stands for no array of numbers, or its parts do not fit together.
    """
    try:
        if isinstance(value, _Chumpy):
            value = value.state["x"]
        return _dense(value) if isinstance(value, _Sparse) else _plain(value)
    except _BROKEN as error:
        raise ValueError(_line(error)) from None


def _plain(value: object) -> NDArray[Any]:
    if isinstance(value, _Buffer):
        raw, dtype, shape, order = value.arguments
        return _build(shape, dtype, order == "F", raw)
    shape, dtype, fortran, raw = _state(value, _Array)[-4:]
    return _build(shape, dtype, bool(fortran), raw)


def _state(record: object, kind: type[_Record]) -> tuple[Any, ...]:
    if not isinstance(record, kind) or not isinstance(record.state, tuple) or len(record.state) < 4:
        raise ValueError("no array")
    return record.state


def _build(shape: object, dtype: object, fortran: bool, raw: object) -> NDArray[Any]:
    if not isinstance(shape, tuple) or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError(f"an array of shape {shape!r}")
    if isinstance(raw, _Bytes):
        raw = raw.arguments[0] if raw.arguments else b""
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    numbers = _number_type(dtype)
    if not isinstance(raw, bytes | bytearray) or len(raw) != math.prod(shape) * numbers.itemsize:
        raise ValueError(f"an array {shape} whose bytes are not {math.prod(shape)} numbers")
    return np.frombuffer(bytes(raw), numbers).reshape(shape, order="F" if fortran else "C")


def _number_type(dtype: object) -> np.dtype[Any]:
    kind = dtype.arguments[0] if isinstance(dtype, _DType) and dtype.arguments else None
    if not isinstance(kind, str) or not re.fullmatch("[fiu][248]|[iub]1", kind):
        raise ValueError(f"an array of type {kind!r} where numbers are expected")
    swapped = isinstance(dtype, _DType) and isinstance(dtype.state, tuple) and dtype.state[1:2] == (">",)
    return np.dtype(kind).newbyteorder(">" if swapped else "<")


def _dense(record: _Sparse) -> NDArray[Any]:
    parts = record.state
    rows, columns = parts["_shape"] if "_shape" in parts else parts["shape"]
    data, inner, starts = (_plain(parts[name]) for name in ("data", "indices", "indptr"))
    lines, across = (columns, rows) if isinstance(record, _Columns) else (rows, columns)
    if not 0 < lines * across <= 1 << 24:
        raise ValueError(f"a sparse matrix of shape ({rows}, {columns})")
    fits = data.ndim == inner.ndim == starts.ndim == 1 and len(starts) == lines + 1
    fits = (
        fits and len(inner) == len(data) == starts[-1] and starts[0] == 0 <= starts.min() <= starts.max() <= len(data)
    )
    counts = starts[1:].astype(np.int64) - starts[:-1].astype(np.int64)
    if not fits or (counts < 0).any():
        raise ValueError("a sparse matrix whose parts do not fit together")
    if len(inner) and not 0 <= inner.min() <= inner.max() < across:
        raise ValueError("a sparse matrix with an index outside it")
    dense = np.zeros((lines, across))
    np.add.at(dense, (np.repeat(np.arange(lines), counts), inner.astype(np.int64)), data)
    return dense.T if isinstance(record, _Columns) else dense


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
