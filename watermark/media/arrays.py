"""Read arrays from an untrusted NPZ file: with bounded memory, and without running anything in it."""

from __future__ import annotations

import math
import stat
import struct
import sys
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

MOST_BYTES = 1 << 30
"""More bytes than the parameters of ten hours of motion need, and than the crops or masks of one clip need."""

_MOST_ARRAYS = 64
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, SyntaxError, TypeError,
    tokenize.TokenError,
)  # fmt: skip


def read_arrays(path: Path, *, most: int = MOST_BYTES) -> dict[str, npt.NDArray[Any]]:
    """Read every array of an NPZ file by its name.

    The stated sizes are checked before any memory is allocated. Pickled objects are refused.

    Args:
        path: The file.
        most: Maximum number of bytes of all arrays together.

    Raises:
        ValueError: The file is no NPZ, damaged, too large, or contains objects; the message does not name the file.
        OSError: The file cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError("a folder, a pipe or a device")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            stated = sum(member.file_size for member in members)
            if len(members) > _MOST_ARRAYS or stated > most:
                raise ValueError(f"{len(members)} arrays of {stated} bytes; at most {_MOST_ARRAYS} of {most} are read")
            return {member.filename.removesuffix(".npy"): _read(archive, member) for member in members}
    except _DAMAGE as error:
        raise ValueError(f"damaged or no NPZ: {error}") from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(member) as stream:
        shape, kind = _header(stream)
        if kind.hasobject or kind.kind == "V":
            raise ValueError(f"{member.filename} holds pickled objects or records, which are not read")
        # Limits what the next line allocates to what the archive states.
        if min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != member.file_size - stream.tell():
            raise ValueError(f"{member.filename} states the shape {shape}, which is not what it holds")
    with archive.open(member) as stream:
        array = np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    if kind.kind == "U" and np.frombuffer(array.tobytes(), kind.str[0] + "u4").max(initial=0) > sys.maxunicode:
        raise ValueError(f"{member.filename} holds text that is none")
    return array


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"arrays of format {version} are not read")
    shape, _, kind = readers[version](stream)
    return shape, kind
