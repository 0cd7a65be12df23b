"""Find the C2PA manifest store in a file, and check that it is framed exactly as facetrail frames it.

Every reader is strict: a length, checksum or header that does not fit raises. The frame of the store lies outside every
C2PA hash (specification appendix A), so a lenient reader would accept a changed file.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator

from watermark.media.containers import Container

Buffer = bytes | mmap.mmap

ISO_MEDIA = (Container.AVIF, Container.MP4, Container.HEIC, Container.HEIF, Container.M4A)
"""Containers that are ISO base media files."""

# Box instance number that the C2PA library writes to its JPEG segments.
_JPEG_INSTANCE = 0x0211
_TIFF_MANIFEST = 0xCD41
_GIF_EXTENSION, _GIF_IMAGE, _GIF_TRAILER = 0x21, 0x2C, b"\x3b"
_GIF_MANIFEST = b"C2PA_GIF\x01\x00\x00"
_BMFF_MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


class LayoutError(ValueError):
    """The manifest store is not framed as facetrail frames it."""


def manifest_store(data: Buffer, container: Container) -> bytes:
    """Return the bytes of the manifest store in a file.

    Args:
        data: The whole file, in memory or mapped.
        container: Container type of the file.

    Raises:
        LayoutError: There is not exactly one store, or its frame is damaged.
    """
    readers = {
        Container.PNG: _in_png,
        Container.JPEG: _in_jpeg,
        Container.WEBP: _in_webp,
        Container.GIF: _in_gif,
        Container.TIFF: _in_tiff,
        Container.DNG: _in_tiff,
        **dict.fromkeys(ISO_MEDIA, _in_bmff),
    }
    try:
        found = list(readers[container](data))
    except (struct.error, IndexError, KeyError) as error:
        raise LayoutError(f"the frame of the manifest is cut off ({error})") from error
    if len(found) != 1:
        raise LayoutError(f"{len(found)} manifest stores, expected 1")
    return found[0]


def bmff_boxes(data: Buffer) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of each outermost box of an ISO base media file (ISO 14496-12, section 4.2).

    Raises:
        LayoutError: The boxes do not fill the file exactly.
    """
    at = 0
    while at < len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size < head or at + size > len(data):
            raise LayoutError(f"a box of {size} bytes at {at} does not fit the file")
        yield data[at + 4 : at + 8], at, at + size
        at += size


def is_manifest_box(data: Buffer, kind: bytes, start: int) -> bool:
    """Return whether an outermost box of an ISO base media file is a manifest store."""
    return kind == b"uuid" and data[start + 8 : start + 24] == _BMFF_MANIFEST


def _in_png(data: Buffer) -> Iterator[bytes]:
    at = 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"caBX":
            body = data[at + 8 : at + 8 + size]
            (checksum,) = struct.unpack_from(">I", data, at + 8 + size)
            if checksum != zlib.crc32(b"caBX" + body):
                raise LayoutError("the checksum of the manifest's chunk does not fit")
            yield body
        at += 12 + size


def _in_jpeg(data: Buffer) -> Iterator[bytes]:
    parts: list[bytes] = []
    head, at = b"", 2
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        (size,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at + 4 : at + 2 + size]
        if data[at + 1] == 0xEB:
            name, instance, number = struct.unpack_from(">2sHI", segment)
            head = head or segment[8:16]
            if (name, instance, number, segment[8:16]) != (b"JP", _JPEG_INSTANCE, len(parts) + 1, head):
                raise LayoutError(f"the header of the segment at {at} does not fit")
            parts.append(segment[16:])
        at += 2 + size
    if parts:
        yield head + b"".join(parts)


def _in_webp(data: Buffer) -> Iterator[bytes]:
    at = 12
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"C2PA":
            yield data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _in_gif(data: Buffer) -> Iterator[bytes]:
    """Read application extensions (GIF89a, section 26); all of their pieces but the last are 255 bytes long."""
    at = 13 + _colour_table(data[10])
    while data[at] in (_GIF_EXTENSION, _GIF_IMAGE):
        holds_manifest = data[at + 1 : at + 3 + len(_GIF_MANIFEST)] == b"\xff\x0b" + _GIF_MANIFEST
        at += 2 if data[at] == _GIF_EXTENSION else 11 + _colour_table(data[at + 9])
        pieces: list[bytes] = []
        while size := data[at]:
            pieces.append(data[at + 1 : at + 1 + size])
            at += 1 + size
        at += 1
        if holds_manifest:
            if any(len(piece) != 255 for piece in pieces[1:-1]):
                raise LayoutError("the manifest is cut into pieces of another length")
            yield b"".join(pieces[1:])
    if data[at:] != _GIF_TRAILER:
        raise LayoutError("something follows the last picture")


def _colour_table(packed: int) -> int:
    """Return the bytes of the colour table that a packed field of a GIF announces."""
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _in_tiff(data: Buffer) -> Iterator[bytes]:
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, at)
    for entry in range(count):
        tag, _, size, place = struct.unpack_from(f"{order}HHII", data, at + 2 + 12 * entry)
        if tag == _TIFF_MANIFEST:
            yield data[place : place + size]


def _in_bmff(data: Buffer) -> Iterator[bytes]:
    """Yield the manifest store, or the update of one, which lies in a box of its own behind the original (C2PA A.5.1).

    After the user type follow version and flags, the purpose, and the offset of further hashes, which is not used.
    """
    found: dict[bytes, bytes] = {}
    for kind, start, end in bmff_boxes(data):
        if not is_manifest_box(data, kind, start):
            continue
        purpose = bytes(data[start + 28 : start + 37]).partition(b"\0")[0]
        body = start + 28 + len(purpose) + 9
        if purpose in found or data[start + 24 : body] != bytes(4) + purpose + bytes(9):
            raise LayoutError("the header of the manifest box does not fit")
        found[purpose] = data[body:end]
    if set(found) == {b"original", b"update"}:
        yield found[b"update"]
    elif set(found) == {b"manifest"}:
        yield found[b"manifest"]
    elif found:
        raise LayoutError("the purposes of the manifest boxes do not fit")
