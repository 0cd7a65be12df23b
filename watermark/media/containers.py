"""Determine a file's container from its first bytes; its suffix is ignored when reading."""

from __future__ import annotations

import stat
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from watermark.errors import MediaError

_HEAD = 64
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF_BRANDS = {b"avif", b"avis"}
_STILL_BRANDS = _AVIF_BRANDS | {b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_REFUSED = {b"GIF8": "GIF; convert it to PNG, an animation to MP4"}
_BMFF_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


class Container(Enum):
    """The containers that this package reads, with the media type of each in the C2PA library."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    AVIF = "image/avif"
    TIFF = "image/tiff"
    MP4 = "video/mp4"
    MATROSKA = "video/x-matroska"

    @property
    def is_clip(self) -> bool:
        """Return whether the container is for moving pictures."""
        return self in (Container.MP4, Container.MATROSKA)


WRITABLE = {
    ".png": Container.PNG,
    ".jpg": Container.JPEG,
    ".jpeg": Container.JPEG,
    ".webp": Container.WEBP,
    ".avif": Container.AVIF,
    ".tif": Container.TIFF,
    ".tiff": Container.TIFF,
    ".mp4": Container.MP4,
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
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Container.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Container.JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Container.WEBP
    if head[:4] in _TIFF_HEADS:
        return Container.TIFF
    if head[4:8] == b"ftyp" and (brands := _brands(head)) & _STILL_BRANDS:
        if brands & _AVIF_BRANDS:
            return Container.AVIF
        raise MediaError(f"{path}: is HEIC, which this program cannot decode; convert it to AVIF, JPEG or PNG")
    if head[4:8] in _BMFF_BOXES:
        return Container.MP4
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return Container.MATROSKA
    known = _REFUSED.get(head[:4], "not PNG, JPEG, WebP, AVIF, TIFF, MP4, MOV or Matroska; convert it to one of them")
    raise MediaError(f"{path}: is {known}")


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


def writable(path: Path) -> Container:
    """Return the container that a path's suffix stands for.

    Raises:
        MediaError: The suffix is none of those that this package writes.
    """
    try:
        return WRITABLE[path.suffix.lower()]
    except KeyError:
        names = ", ".join(WRITABLE)
        raise MediaError(f"{path}: cannot write a file with suffix {path.suffix!r}; use one of {names}") from None
