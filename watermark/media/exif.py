"""Take EXIF data along to a picture that was turned upright and marked: every byte stays but two things.

The orientation is taken out, because it has been applied to the pixels. The small preview is blanked: it shows the
picture without the mark, in its former orientation.
"""

from __future__ import annotations

import struct

_HEAD = b"Exif\0\0"
_ORIENTATION = 0x0112
_PREVIEW_START, _PREVIEW_SIZE = 0x0201, 0x0202
_ENTRY = 12


def upright_exif(exif: bytes) -> tuple[bytes, bool]:
    """Return EXIF data without orientation and preview, and whether there was one.

    Args:
        exif: A TIFF structure (Exif 2.32, section 4.5), with or without the identifier before it.

    Raises:
        ValueError: The data are damaged.
    """
    data = bytearray(exif.removeprefix(_HEAD))
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None:
        raise ValueError("the byte order is not stated")
    try:
        (first,) = struct.unpack_from(f"{order}I", data, 4)
        following = _entries_end(data, order, first)
        tags = [struct.unpack_from(f"{order}H", data, at)[0] for at in range(first + 2, following, _ENTRY)]
        if _ORIENTATION in tags:
            at = first + 2 + _ENTRY * tags.index(_ORIENTATION)
            data[at : following + 4] = data[at + _ENTRY : following + 4] + bytes(_ENTRY)
            struct.pack_into(f"{order}H", data, first, len(tags) - 1)
            following -= _ENTRY
        (second,) = struct.unpack_from(f"{order}I", data, following)
        if second:
            _blank(data, order, second)
            struct.pack_into(f"{order}I", data, following, 0)
    except struct.error as error:
        raise ValueError(f"the data are cut off ({error})") from error
    return _HEAD + bytes(data), bool(second)


def _entries_end(data: bytearray, order: str, at: int) -> int:
    """Return where the entries of a directory end."""
    count = int(struct.unpack_from(f"{order}H", data, at)[0])
    end = at + 2 + _ENTRY * count
    if end + 4 > len(data):
        raise ValueError("a directory is cut off")
    return end


def _blank(data: bytearray, order: str, directory: int) -> None:
    """Overwrite the preview that a directory points to with zeros, and its entries."""
    end = _entries_end(data, order, directory)
    values = {}
    for at in range(directory + 2, end, _ENTRY):
        tag, _, _, value = struct.unpack_from(f"{order}HHII", data, at)
        values[tag] = value
    start, size = values.get(_PREVIEW_START, 0), values.get(_PREVIEW_SIZE, 0)
    stop = min(start + size, len(data))
    if start:
        data[start:stop] = bytes(max(stop - start, 0))
    data[directory + 2 : end] = bytes(end - directory - 2)
