"""Write XMP metadata that states in the file itself, beside the manifest, where it comes from.

Programs without C2PA support read the IPTC property DigitalSourceType. It is written before signing, so the signature
covers it.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr  # nothing is parsed  # nosec B406

from watermark.credential.claim import Claim
from watermark.credential.embedded_manifest import LayoutError, bmff_boxes
from watermark.mark.payload import PayloadKind
from watermark.media.containers import Container, sniff

from .xmp_merging import XmpError, merge_xmp

# XMP in ISO base media files: a `uuid` box with this type (XMP specification part 3).
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

# Extended WebP files (RFC 9649, section 2.7): where their flags lie, and the flag of XMP.
_WEBP_FLAGS, _WEBP_HAS_XMP = 20, 0x04

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    {properties}/>
 </rdf:RDF>
</x:xmpmeta>
"""
_LONGEST_XMP = 1 << 22
_END = b'<?xpacket end="r"?>'
_DISCREET_LENGTH = 2048


def xmp_packet(claim: Claim, *, discreet: bool = False) -> bytes | None:
    """Return the XMP that states where a file comes from, or None for a control file, which states nothing.

    The properties are those of the IPTC Photo Metadata Standard: DigitalSourceType, and, where the claim names a model
    of ours, AISystemUsed and AISystemVersionUsed (2025.1).

    Args:
        claim: The claim about the file.
        discreet: Whether the packet is padded with white space to 2 KiB (XMP specification part 1, 7.3.2). A control
            file then gets an empty packet too.
    """
    properties = xmp_properties(claim)
    if not properties:
        return _packet({}, _DISCREET_LENGTH) if discreet else None
    return _packet(properties, _DISCREET_LENGTH if discreet else 0)


def xmp_properties(claim: Claim) -> dict[str, str]:
    """Return the XMP properties that a claim states, by their names with a prefix; none for a control file.

    Args:
        claim: The claim about the file.
    """
    if claim.stated_source_type is None:
        return {}
    properties = {
        "Iptc4xmpExt:DigitalSourceType": claim.stated_source_type.uri,
        **(
            {"xmp:CreatorTool": f"{claim.agent} {claim.agent_version}"}
            if claim.payload.kind is PayloadKind.GENERATED
            else {}
        ),
    }
    if claim.model_digest is not None:
        properties["Iptc4xmpExt:AISystemUsed"] = claim.agent
        properties["Iptc4xmpExt:AISystemVersionUsed"] = claim.agent_version
    return properties


def _packet(properties: Mapping[str, str], length: int) -> bytes:
    """Return a packet of at least this many bytes."""
    written = "\n    ".join(f"{name}={quoteattr(value)}" for name, value in properties.items())
    return _PACKET.format(properties=written).encode().ljust(length - len(_END)) + _END


def clip_xmp(
    source: Path | None, written: Path, claim: Claim, *, discreet: bool = False
) -> tuple[bytes | None, tuple[str, ...]]:
    """Return the XMP of a sealed clip, None for none, and what of its source's XMP is lost, in words.

    GIF and WebM files get none: no standard places XMP in WebM, and GIF readers expect their trailer last.

    Args:
        source: The clip whose XMP is kept; None for none.
        written: The encoded clip.
        claim: The claim about the file.
        discreet: As for `xmp_packet`.

    Raises:
        OSError: A file cannot be read.
    """
    own, earlier = xmp_packet(claim, discreet=discreet), None if source is None else source_xmp(source)
    if not _has_place(written):
        return None, () if earlier is None else ("XMP",)
    if earlier is None:
        return own, ()
    try:
        merged, extended = merge_xmp(earlier, xmp_properties(claim))
    except XmpError as error:
        return own, (f"XMP ({error})",)
    return merged, ("extended XMP (outside of the main packet)",) if extended else ()


def add_xmp(path: Path, packet: bytes | None) -> None:
    """Add a clip's XMP to its end as a separate box or chunk; nothing before it moves.

    Args:
        path: An MP4, MOV or animated WebP file.
        packet: The XMP, see `clip_xmp`; None adds nothing.

    Raises:
        OSError: The file cannot be written.
    """
    if packet is None:
        return
    with path.open("r+b") as file:
        file.seek(0, 2)
        if sniff(path) is Container.MP4:
            file.write((8 + len(_XMP_UUID) + len(packet)).to_bytes(4, "big") + b"uuid" + _XMP_UUID + packet)
            return
        file.write(b"XMP " + len(packet).to_bytes(4, "little") + packet + bytes(len(packet) % 2))
        length = file.tell()
        file.seek(4)
        file.write((length - 8).to_bytes(4, "little"))
        file.seek(_WEBP_FLAGS)
        flags = file.read(1)[0]
        file.seek(_WEBP_FLAGS)
        file.write(bytes([flags | _WEBP_HAS_XMP]))


def source_xmp(path: Path) -> bytes | None:
    """Return the XMP of a clip, from its box, the user data of a MOV or the chunk of a WebP; None where it has none.

    Args:
        path: The clip.

    Raises:
        OSError: The file cannot be read.
    """
    container = sniff(path)
    if container not in (Container.MP4, Container.WEBP):
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _in_boxes(data) if container is Container.MP4 else _in_chunks(data)


def _has_place(path: Path) -> bool:
    """Return whether a file has a place for XMP; a WebP that nothing moves in has none."""
    container = sniff(path)
    with path.open("rb") as file:
        return container is Container.MP4 or (container is Container.WEBP and file.read(16)[12:] == b"VP8X")


def _in_boxes(data: mmap.mmap) -> bytes | None:
    try:
        for kind, start, end in bmff_boxes(data):
            if kind == b"uuid" and data[start + 8 : start + 24] == _XMP_UUID and end - start < _LONGEST_XMP:
                return bytes(data[start + 24 : end])
            if kind == b"moov" and (found := _in_user_data(data[start:end])) is not None:
                return found
    except LayoutError:  # a file that is damaged elsewhere
        return None
    return None


def _in_user_data(moov: bytes) -> bytes | None:
    """Return the XMP in the user data of a movie (QuickTime: moov, udta, XMP_)."""
    for kind, start, end in bmff_boxes(moov[8:]):
        if kind != b"udta":
            continue
        udta = moov[8 + start : 8 + end]
        for inner, begin, stop in bmff_boxes(udta[8:].rstrip(b"\0")):
            if inner == b"XMP_":
                return udta[8 + begin + 8 : 8 + stop]
    return None


def _in_chunks(data: mmap.mmap) -> bytes | None:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"XMP " and size < _LONGEST_XMP:
            return bytes(data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return None
