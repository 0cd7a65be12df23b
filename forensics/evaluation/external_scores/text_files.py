"""Read text files of other programs in the encodings that spreadsheets write: UTF-8 and UTF-16."""

from __future__ import annotations

import codecs
from pathlib import Path

from forensics.evaluation.errors import ScoresError

_PROBE = 4096  # bytes that are looked at for UTF-16 without a mark
_SPREAD = 0.4  # share of zero bytes from which text is taken for UTF-16; one half for plain Latin letters


def read_text(path: Path, kind: str) -> str:
    """Read a text file in UTF-8 or UTF-16, with or without a byte order mark.

    Args:
        path: The file.
        kind: Name of the format in the error message.

    Raises:
        ScoresError: The bytes are no such text.
        OSError: The file cannot be opened.
    """
    try:
        return path.read_bytes().decode(encoding_of(path))
    except UnicodeDecodeError as error:
        raise ScoresError(f"{path} cannot be read as {kind} ({error}); write it as UTF-8 text", path) from None


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file, which is UTF-8 unless its beginning shows UTF-16.

    Raises:
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        probe = file.read(_PROBE)
    if probe.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding, zeros in (("utf-16-le", probe[1::2]), ("utf-16-be", probe[::2])):
        if zeros and zeros.count(0) >= 2 * _SPREAD * len(zeros) and zeros.count(0) * 2 > probe.count(0):
            return encoding
    return "utf-8-sig"
