"""Read the arrays of FLAME's published pickles, which contain numpy, scipy.sparse and chumpy objects."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.errors import FaceModelError
from watermark.media.restricted_pickle import (
    BROKEN,
    NUMPY_NAMES,
    Bytes,
    ForbiddenNameError,
    Ignored,
    Record,
    array_state,
    build_array,
    load_restricted,
    one_line,
)


class _Sparse(Record):
    """Record of a compressed sparse matrix, with its vectors in its state."""


class _Columns(_Sparse):
    """Record of `scipy.sparse.csc_matrix`."""


class _Rows(_Sparse):
    """Record of `scipy.sparse.csr_matrix`."""


class _Chumpy(Record):
    """Record of `chumpy.ch.Ch`, with its value in its state."""


class _Rebuilt(Record):
    """Record of `copyreg._reconstructor(class, base, state)`, with which protocols 0 and 1 create objects."""

    def __new__(cls, kind: object, *_: object) -> Any:  # noqa: ANN401
        if not (isinstance(kind, type) and issubclass(kind, Record)) or kind is _Rebuilt:
            raise pickle.UnpicklingError("an object of no class")
        return kind()


_ADMITTED: Mapping[str, type[Record]] = {
    **NUMPY_NAMES,
    **{f"scipy.sparse.{place}csc_matrix": _Columns for place in ("", "csc.", "_csc.")},
    **{f"scipy.sparse.{place}csr_matrix": _Rows for place in ("", "csr.", "_csr.")},
    "chumpy.ch.Ch": _Chumpy,
    "__builtin__.bytes": Bytes,
    **{f"{module}._reconstructor": _Rebuilt for module in ("copyreg", "copy_reg")},
    **{f"{module}.{name}": Ignored for module in ("builtins", "__builtin__") for name in ("object", "set")},
    "collections.OrderedDict": Ignored,
    "torch._utils._rebuild_tensor_v2": Ignored,
    "torch.storage._load_from_bytes": Ignored,
}
_EXPRESSIONS = ("chumpy.ch", "chumpy.ch_ops", "chumpy.reordering")
"""Modules of chumpy's array expressions, which may appear in keys that are not needed; they are not evaluated."""


def read_pickle(path: Path, content: bytes) -> object:
    """Return the content of a pickle, with inert records in place of objects; `as_array` converts them to arrays.

    Args:
        path: Path of the pickle, for error messages.
        content: The pickle.

    Raises:
        FaceModelError: The pickle contains anything but numpy arrays, scipy.sparse matrices and chumpy.ch.Ch, or is
            damaged.
    """
    try:
        return load_restricted(content, _admit, encoding="latin1")
    except ForbiddenNameError as error:
        raise FaceModelError(
            f"{path}: the pickle names {error.name}, which no FLAME file needs and which may run code; "
            "nothing of it was run; take the file from flame.is.tue.mpg.de"
        ) from None
    except BROKEN as error:
        raise FaceModelError(f"{path}: not a readable pickle ({one_line(error)}); download the file again") from None


def read_object_array(path: Path, content: bytes) -> object:
    """Return the single object of a `.npy` file with a pickled 0-d object array.

    Raises:
        FaceModelError: As for `read_pickle`.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = reader(file)
        if shape != () or dtype != np.dtype(object):
            raise ValueError(f"an array {shape} of {dtype} where one object is expected")
        value = array_state(read_pickle(path, content[file.tell() :]))[-1]
        if not isinstance(value, list) or len(value) != 1:
            raise ValueError("no object in it")
        return value[0]
    except BROKEN as error:
        raise FaceModelError(f"{path}: not a .npy file of one object ({one_line(error)})") from None


def as_array(value: object) -> NDArray[Any]:
    """Return the array that a record stands for; sparse matrices become dense.

    Raises:
        ValueError: The record stands for no array of numbers, or its parts do not fit together.
    """
    try:
        if isinstance(value, _Chumpy):
            value = value.state["x"]
        return _dense(value) if isinstance(value, _Sparse) else build_array(value)
    except BROKEN as error:
        raise ValueError(one_line(error)) from None


def _admit(module: str, name: str) -> type[Record] | None:
    return _ADMITTED.get(f"{module}.{name}", Ignored if module in _EXPRESSIONS else None)


def _dense(record: _Sparse) -> NDArray[Any]:
    parts = record.state
    rows, columns = parts["_shape"] if "_shape" in parts else parts["shape"]
    data, inner, starts = (build_array(parts[name]) for name in ("data", "indices", "indptr"))
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
