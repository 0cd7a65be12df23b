"""Read what a still says beside its pixels, so that a new encoding can keep it, and name what it cannot keep."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from PIL import ExifTags, Image, PngImagePlugin

from watermark.errors import MediaError

from .clip_losses import HDR_TRANSFERS
from .colour import profile_name
from .containers import HEIF_FAMILY, Container, open_file, sniff
from .exif import upright_exif
from .still_formats import still_formats

_LOG = logging.getLogger(__name__)

_HEAD = 1 << 16
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_NAMES = ("xmp", "XML:com.adobe.xmp")
_IPTC_RESOURCE, _IPTC_TAG, _XMP_TAG = 0x0404, 33723, 700
_PNG_IPTC = "Raw profile type iptc"
"""Keyword of the text chunk that holds IPTC in a PNG."""

_DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33432)
"""Tags of a TIFF that describe the picture; the others describe how it is stored."""

_GAIN_MAP_WORDS = (b"hdrgm:", b"apdi:AuxiliaryImageType", b"urn:iso:std:iso:ts:21496", b":aux:hdrgainmap")


@dataclass(frozen=True, slots=True)
class StillMetadata:
    """What a still says beside its pixels.

    Attributes:
        exif: EXIF data without orientation and preview.
        xmp: XMP packet.
        iptc: IPTC-IIM records.
        dpi: Pixels an inch, across and down.
        texts: Text chunks of a PNG, by keyword.
        comment: Comment of a JPEG.
        lost: What no new encoding keeps, in words.
    """

    exif: bytes | None = field(default=None, repr=False)
    xmp: bytes | None = field(default=None, repr=False)
    iptc: bytes | None = field(default=None, repr=False)
    dpi: tuple[float, float] | None = None
    texts: tuple[tuple[str, str], ...] = ()
    comment: bytes | None = None
    lost: tuple[str, ...] = ()


def read_metadata(path: Path) -> StillMetadata:
    """Read the metadata of a still that `read_media` decodes.

    Args:
        path: The file.

    Raises:
        MediaError: The file cannot be opened.
        OSError: It cannot be read.
    """
    container = sniff(path)
    with open_file(path) as file:
        head = file.read(_HEAD)
    try:
        metadata = _read(path, container, head)
    except (MediaError, MemoryError):
        raise
    except Exception as error:  # decoders raise any error for damaged metadata
        metadata = StillMetadata(lost=(f"metadata (damaged: {error})",))
    _LOG.debug("metadata of %s: %s", path, metadata)
    return metadata


def _read(path: Path, container: Container, head: bytes) -> StillMetadata:
    lost: list[str] = []
    with Image.open(path, formats=still_formats(container)) as image:
        if container is Container.PNG:
            image.load()  # what stands behind the pixels is read with them
        exif = _exif(image, lost)
        depth = _depth(image, container, head)
        if depth > 8:
            lost.append(f"{depth} bits a channel (8 are written)")
        xmp = next((_bytes(image.info[name]) for name in _XMP_NAMES if image.info.get(name)), None)
        xmp = xmp and xmp.removeprefix(_XMP_HEAD)  # some HEIC files keep the head of a JPEG segment
        if image.format == "MPO" or any(word in (xmp or b"") or word in head for word in _GAIN_MAP_WORDS):
            lost.append("gain map or second picture (the main picture is written)")
        profile = image.info.get("icc_profile")
        if profile and (name := profile_name(profile)):
            lost.append(f"colour profile {name} (converted to sRGB)")
        comment = image.info.get("comment") if container is Container.JPEG else None
        dpi = image.info.get("dpi")
        return StillMetadata(
            exif,
            xmp,
            _iptc(image),
            (float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 0 else None,
            _texts(image) if isinstance(image, PngImagePlugin.PngImageFile) else (),
            comment if isinstance(comment, bytes) and comment else None,
            tuple(lost),
        )


def hdr_transfer(path: Path) -> str | None:
    """Return the name of the HDR transfer function that a still states (PQ or HLG), None for the usual range.

    PNG states it in its `cICP` chunk, AVIF and HEIC in a `colr` box of type `nclx` (ITU-T H.273).

    Args:
        path: The file.

    Raises:
        MediaError: The file cannot be opened.
    """
    with open_file(path) as file:
        head = file.read(_HEAD)
    container = sniff(path)
    for word, containers in ((b"cICP", {Container.PNG}), (b"colrnclx", {Container.AVIF, *HEIF_FAMILY})):
        at = head.find(word)
        if at >= 0 and container in containers:
            start = at + len(word)
            code = head[start + 1] if container is Container.PNG else int.from_bytes(head[start + 2 : start + 4], "big")
            return HDR_TRANSFERS.get(code)
    return None


def _exif(image: Image.Image, lost: list[str]) -> bytes | None:
    """Return EXIF data for the new file; of a TIFF, the tags that describe the picture."""
    if image.format == "TIFF":
        return _exif_of_tiff(image)
    raw = image.info.get("exif")
    if not raw:
        return None
    try:
        exif, preview = upright_exif(raw)
    except ValueError as error:
        lost.append(f"EXIF (damaged: {error})")
        return None
    if preview:
        lost.append("preview in EXIF (it shows the picture without the mark)")
    return exif


def _exif_of_tiff(image: Image.Image) -> bytes | None:
    source, exif = image.getexif(), Image.Exif()
    for tag in _DESCRIPTIVE:
        if tag in source:
            exif[tag] = source[tag]
    for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if values := source.get_ifd(part):
            exif.get_ifd(part).update(values)
    return exif.tobytes() if len(exif) or exif.get_ifd(ExifTags.IFD.Exif) else None


def _iptc(image: Image.Image) -> bytes | None:
    if image.format == "TIFF":
        # Other programs write it as numbers of four bytes, of which Pillow's own way of reading hands out the first.
        found = getattr(getattr(image, "tag_v2", None), "_tagdata", {}).get(_IPTC_TAG)
        return found.rstrip(b"\0") or None if isinstance(found, bytes) else None
    resources = image.info.get("photoshop")
    found = resources.get(_IPTC_RESOURCE) if isinstance(resources, dict) else None
    return found if isinstance(found, bytes) and found else None


def _texts(image: PngImagePlugin.PngImageFile) -> tuple[tuple[str, str], ...]:
    raw = ("XML:com.adobe.xmp", "Raw profile type")
    return tuple((key, str(value)) for key, value in image.text.items() if not key.startswith(raw) or key == _PNG_IPTC)


def _depth(image: Image.Image, container: Container, head: bytes) -> int:
    """Return the bits of a channel in the file; the decoder hands out 8 of most files with more."""
    if container is Container.PNG:
        return head[24]
    if container is Container.TIFF:
        bits = getattr(image, "tag_v2", {}).get(258, (8,))
        return int(max(bits if isinstance(bits, tuple) else (bits,)))
    if container in HEIF_FAMILY:
        return int(image.info.get("bit_depth", 8))
    if container is Container.AVIF and (at := head.find(b"av1C")) >= 0:  # AV1-ISOBMFF, section 2.3.3
        flags = head[at + 6]
        return 12 if flags & 0x20 and flags & 0x40 else 10 if flags & 0x40 else 8
    return 8


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
