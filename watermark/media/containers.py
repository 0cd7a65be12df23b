"""Determine a file's container from its first bytes; its suffix is ignored when reading."""

from __future__ import annotations

import re
import stat
import struct
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from watermark.errors import MediaError

_HEAD = 64
_LONG_HEAD = 1 << 16
"""An SVG may begin with comments; a PDF with up to 1024 bytes of anything."""
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DNG_VERSION = 50706
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_STILL_BRANDS = _AVIF_BRANDS | _HEIC_BRANDS | {b"mif1", b"msf1"}
_M4A_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_BMFF_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_JXL_HEADS = (b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a")
_SVG = re.compile(rb"(?:\s|<\?[^>]*>|<!--.*?-->|<!DOCTYPE\s[^>\[]*(?:\[.*?\]\s*)?>)*<(?:\w+:)?svg[\s>]", re.DOTALL)


class Container(Enum):
    """The containers whose credentials this package reads, with the media type of each in the C2PA library."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    AVIF = "image/avif"
    TIFF = "image/tiff"
    MP4 = "video/mp4"
    MATROSKA = "video/x-matroska"
    GIF = "image/gif"
    HEIC = "image/heic"
    HEIF = "image/heif"
    JXL = "image/jxl"
    DNG = "image/x-adobe-dng"
    SVG = "image/svg+xml"
    PDF = "application/pdf"
    AVI = "video/x-msvideo"
    WAV = "audio/wav"
    MP3 = "audio/mpeg"
    M4A = "audio/mp4"
    FLAC = "audio/flac"
    ZIP = "application/x-zip"
    MANIFEST = "application/c2pa"

    @property
    def is_decodable(self) -> bool:
        """Return whether this package decodes the pixels; of the other containers it reads the credential alone."""
        return self not in _NOT_DECODED or (self in HEIF_FAMILY and has_heif_decoder())

    @property
    def is_clip(self) -> bool:
        """Return whether the container is for moving pictures alone; GIF and WebP are for both, see `is_moving`."""
        return self in (Container.MP4, Container.MATROSKA)

    @property
    def holds_credential(self) -> bool:
        """Return whether a file holds its credential itself; that of a Matroska or WebM file lies beside it."""
        return self is not Container.MATROSKA


SIDECAR_SUFFIX = ".c2pa"
"""Suffix of a credential in a file of its own."""

MEDIA_TYPES = tuple(container.value for container in Container)
"""Media types of all containers."""

HEIF_FAMILY = frozenset({Container.HEIC, Container.HEIF})
"""Containers whose pixels an optional package decodes."""


def has_heif_decoder() -> bool:
    """Return whether the optional package that decodes HEIC and HEIF is installed."""
    return find_spec("pillow_heif") is not None


_HEIF_WAY_OUT = "which needs the extra `heic` (pip install 'facetrail[heic]'), or convert it to AVIF, JPEG or PNG"
_SOUND = "sound without pictures; give a picture or a clip"
_NOT_DECODED = {
    Container.HEIC: f"HEIC, {_HEIF_WAY_OUT}",
    Container.HEIF: f"HEIF, {_HEIF_WAY_OUT}",
    Container.JXL: "JPEG XL, which this program cannot decode; convert it to AVIF, JPEG or PNG",
    Container.DNG: "DNG, a raw photo that this program cannot develop; develop it to TIFF, JPEG or PNG",
    Container.SVG: "SVG, a drawing that this program cannot render; render it to PNG",
    Container.PDF: "PDF, a document that this program cannot render; save its pictures as files of their own",
    Container.AVI: "AVI, which this program cannot decode; convert it to MP4",
    Container.WAV: f"WAV, {_SOUND}",
    Container.MP3: f"MP3, {_SOUND}",
    Container.M4A: f"M4A, {_SOUND}",
    Container.FLAC: f"FLAC, {_SOUND}",
    Container.ZIP: "a ZIP archive or an office document; take its pictures out of it",
    Container.MANIFEST: "a credential in a file of its own, without the content; give the file that it belongs to",
}


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading; reading a pipe or a device may never end.

    Raises:
        MediaError: The path cannot be opened, or is no regular file.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise MediaError(f"{path}: is a folder, a pipe or a device; give a file")
        return path.open("rb")
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    except ValueError as error:  # a name with a null byte
        raise MediaError(f"{path}: cannot be a file's name ({error}); check the path") from error


def sniff(path: Path) -> Container:
    """Return the container of a file.

    Raises:
        MediaError: The file cannot be opened, or is none of the containers.
    """
    with open_file(path) as file:
        head = file.read(_HEAD)
        container = _by_signature(head)
        if container is Container.TIFF and _is_dng(file, head):
            return Container.DNG
        if container is Container.MP3 and _is_flac_behind_tags(file, head):
            return Container.FLAC
        if container is None:
            container = _by_long_head(head + file.read(_LONG_HEAD - len(head)))
    if container is None:
        raise MediaError(
            f"{path}: is not PNG, JPEG, WebP, GIF, AVIF, TIFF, MP4, MOV or Matroska; convert it to one of them"
        )
    return container


def check_decodable(path: Path, container: Container) -> None:
    """Refuse a file whose pixels this package does not decode.

    Args:
        path: The file.
        container: Its container.

    Raises:
        MediaError: Its pixels are not decoded; the message says what it is and what to do.
    """
    if not container.is_decodable:
        raise MediaError(f"{path}: is {_NOT_DECODED[container]}")


def _by_signature(head: bytes) -> Container | None:
    """Return the container that the first bytes identify."""
    starts = {
        b"\x89PNG\r\n\x1a\n": Container.PNG,
        b"\xff\xd8\xff": Container.JPEG,
        b"\x1a\x45\xdf\xa3": Container.MATROSKA,
        b"GIF8": Container.GIF,
        b"fLaC": Container.FLAC,
        b"ID3": Container.MP3,
        b"PK\x03\x04": Container.ZIP,
        **dict.fromkeys(_TIFF_HEADS, Container.TIFF),
        **dict.fromkeys(_JXL_HEADS, Container.JXL),
    }
    for start, container in starts.items():
        if head.startswith(start):
            return container
    if head[:4] == b"RIFF":
        return {b"WEBP": Container.WEBP, b"WAVE": Container.WAV, b"AVI ": Container.AVI}.get(head[8:12])
    if head[4:8] == b"jumb" and head[12:20] == b"jumdc2pa":
        return Container.MANIFEST
    if head[4:8] in _BMFF_BOXES:
        return _iso_media(head)
    return Container.MP3 if _is_mpeg_audio(head) else None


def _iso_media(head: bytes) -> Container:
    """Return the kind of an ISO base media file (ISO 14496-12), which its brands tell."""
    brands = _brands(head) if head[4:8] == b"ftyp" else set()
    if brands & _STILL_BRANDS:
        return Container.AVIF if brands & _AVIF_BRANDS else Container.HEIC if brands & _HEIC_BRANDS else Container.HEIF
    return Container.M4A if head[4:12] in [b"ftyp" + brand for brand in _M4A_BRANDS] else Container.MP4


def _is_mpeg_audio(head: bytes) -> bool:
    """Return whether a file begins with the header of an MPEG audio frame of layer III (ISO 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    is_reserved = head[1] & 0x18 == 0x08 or head[2] & 0x0C == 0x0C
    return not is_reserved and head[2] >> 4 not in (0, 15)


def _is_flac_behind_tags(file: BinaryIO, head: bytes) -> bool:
    """Return whether a FLAC stream follows the ID3 tags, whose size is written with seven bits a byte."""
    if not head.startswith(b"ID3") or len(head) < 10:
        return False
    file.seek(10 + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(head[6:10]))))
    return file.read(4) == b"fLaC"


def _is_dng(file: BinaryIO, head: bytes) -> bool:
    """Return whether the first directory of a TIFF states a version of DNG."""
    order = "<" if head[:2] == b"II" else ">"
    big = 43 in head[2:4]
    try:
        (place,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", head, 8 if big else 4)
        file.seek(place)
        (count,) = struct.unpack(f"{order}{'Q' if big else 'H'}", file.read(8 if big else 2))
        size = 20 if big else 12
        entries = file.read(size * min(count, 1 << 16))
    except (struct.error, OSError, OverflowError, ValueError):
        return False
    tags = (struct.unpack_from(f"{order}H", entries, at)[0] for at in range(0, len(entries) - 1, size))
    return _DNG_VERSION in tags


def _by_long_head(head: bytes) -> Container | None:
    """Return the container of a file whose signature need not be its first byte."""
    if b"%PDF-" in head[:1024]:
        return Container.PDF
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if head.startswith(mark):
            head = head[2:].decode(encoding, "replace").encode()
    return Container.SVG if _SVG.match(head.removeprefix(b"\xef\xbb\xbf")) else None


def _brands(head: bytes) -> set[bytes]:
    """Return the major and compatible brands of a `ftyp` box, as far as the head contains them."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}


def is_cut_off(path: Path, container: Container) -> bool:
    """Return whether a clip's outermost boxes claim more bytes than the file has."""
    length = path.stat().st_size
    with open_file(path) as file:
        if container is Container.MATROSKA:
            return _matroska_end(file.read(_HEAD)) > length
        at = 0
        while at < length:
            file.seek(at)
            head = file.read(16)
            size = int.from_bytes(head[:4], "big")
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            elif size == 0:  # up to the end of the file
                return False
            if size < 8:
                return True
            at += size
    return at > length


def _matroska_end(head: bytes) -> int:
    """Return where the segment behind the EBML header ends, or 0 where its size is unknown."""
    _, segment = _element(head, 0)
    start, end = _element(head, segment)
    return end if end >= start else 0


def _element(head: bytes, at: int) -> tuple[int, int]:
    """Return start and end of an element's content; its id has four bytes, and an unknown size gives the end -1."""
    at += 4
    if at >= len(head) or not head[at]:
        return at, at
    width = 9 - head[at].bit_length()
    size = int.from_bytes(head[at : at + width], "big") & (1 << 7 * width) - 1
    start = at + width
    return start, -1 if size == (1 << 7 * width) - 1 else start + size


def media_type_of(path: Path) -> str:
    """Return the media type of a file, by its content.

    Args:
        path: The file.

    Raises:
        MediaError: The file cannot be opened, or is of no known kind.
    """
    return sniff(path).value
