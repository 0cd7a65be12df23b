"""Turn a still's metadata into the options of an encoder, and say what the container cannot hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin, TiffTags

from .containers import Container
from .still_metadata import StillMetadata

_XMP_TAG, _IPTC_TAG = 700, 33723
_LONGEST_SEGMENT = 65_533
_EXIF_HEAD, _XMP_HEAD = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"

_HOLDS = {
    Container.JPEG: ("EXIF", "XMP", "IPTC", "resolution", "comment"),
    Container.PNG: ("EXIF", "XMP", "resolution", "text chunks"),
    Container.WEBP: ("EXIF", "XMP"),
    Container.AVIF: ("EXIF", "XMP"),
    Container.TIFF: ("EXIF", "XMP", "IPTC", "resolution"),
}


@dataclass(frozen=True, slots=True)
class WrittenMetadata:
    """What an encoder is given.

    Attributes:
        options: Options of Pillow's encoder.
        kept: Kinds of metadata that the new file holds.
        lost: What it does not hold, in words.
    """

    options: dict[str, Any] = field(repr=False)
    kept: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def written_metadata(metadata: StillMetadata, container: Container) -> WrittenMetadata:
    """Return the options that write metadata into a container, and what it can and cannot hold.

    Args:
        metadata: The metadata.
        container: A container of stills that this package writes.
    """
    there = {
        "EXIF": metadata.exif,
        "XMP": metadata.xmp,
        "IPTC": metadata.iptc,
        "resolution": metadata.dpi,
        "text chunks": metadata.texts,
        "comment": metadata.comment,
    }
    asked = [name for name, content in there.items() if content]
    too_long = [name for name in asked if container is Container.JPEG and _is_too_long(name, metadata)]
    kept = [name for name in asked if name in _HOLDS[container] and name not in too_long]
    lost = [name for name in asked if name not in kept]
    words = [
        f"{name} (longer than a JPEG holds)" if name in too_long else f"{name} ({container.name} has no place for it)"
        for name in lost
    ]
    options = _options({name: there[name] for name in kept}, container)
    return WrittenMetadata(options, tuple(kept), (*metadata.lost, *words))


def _is_too_long(name: str, metadata: StillMetadata) -> bool:
    sizes = {
        "EXIF": len(metadata.exif or b""),
        "XMP": len(_XMP_HEAD) + len(metadata.xmp or b""),
        "IPTC": 64 + len(metadata.iptc or b""),
        "comment": len(metadata.comment or b""),
    }
    return sizes.get(name, 0) > _LONGEST_SEGMENT


def _options(kept: dict[str, Any], container: Container) -> dict[str, Any]:
    names = {"EXIF": "exif", "resolution": "dpi", "comment": "comment"}
    options: dict[str, Any] = {names[name]: content for name, content in kept.items() if name in names}
    if container is Container.PNG:
        texts = PngImagePlugin.PngInfo()
        if "XMP" in kept:
            texts.add_itxt("XML:com.adobe.xmp", kept["XMP"].decode("utf-8", "replace"))
        for key, value in kept.get("text chunks", ()):
            texts.add_itxt(key, value)
        options["pnginfo"] = texts
    elif container is Container.TIFF:
        options["tiffinfo"] = _tags(kept)
        if options.pop("exif", None) is not None:
            options["compression"] = None  # the compressing writer takes no directory of its own for EXIF
    elif "XMP" in kept:
        options["xmp"] = kept["XMP"]
    if "IPTC" in kept and container is Container.JPEG:
        options["extra"] = _photoshop_segment(kept["IPTC"])
    return options


def _tags(kept: dict[str, Any]) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Return the tags of a TIFF; its EXIF data are tags of their own."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for number, name in ((_XMP_TAG, "XMP"), (_IPTC_TAG, "IPTC")):
        if name in kept:
            tags[number] = kept[name]
            tags.tagtype[number] = TiffTags.BYTE
    if "EXIF" in kept:
        exif = Image.Exif()
        exif.load(kept["EXIF"])
        for number, value in exif.items():
            if number not in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.Base.Orientation):
                tags[number] = value
        for part in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            if values := exif.get_ifd(part):
                tags[part] = dict(values)
    return tags


def _photoshop_segment(iptc: bytes) -> bytes:
    """Return the JPEG segment that holds IPTC-IIM records as an image resource (Photoshop file formats)."""
    padded = iptc + bytes(len(iptc) % 2)
    body = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + len(iptc).to_bytes(4, "big") + padded
    return b"\xff\xed" + (2 + len(body)).to_bytes(2, "big") + body
