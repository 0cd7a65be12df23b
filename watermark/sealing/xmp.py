"""Write XMP metadata that states in the file itself, beside the manifest, where it comes from.

Programs without C2PA support read the IPTC property DigitalSourceType. It is written before signing, so the signature
covers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr  # nothing is parsed  # nosec B406

from watermark.credential.claim import Claim
from watermark.mark.payload import PayloadKind
from watermark.media.containers import Container, sniff

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


def add_xmp(path: Path, claim: Claim, *, discreet: bool = False) -> None:
    """Add a clip's XMP to its end as a separate box or chunk; nothing before it moves.

    GIF and WebM files are left as they are: no standard places XMP in WebM, and GIF readers expect their trailer last.

    Args:
        path: An MP4, MOV, WebP, GIF or WebM file.
        claim: The claim about the file.
        discreet: As for `xmp_packet`.

    Raises:
        OSError: The file cannot be written.
    """
    packet = xmp_packet(claim, discreet=discreet)
    container = sniff(path)
    if packet is None or container not in (Container.MP4, Container.WEBP):
        return
    with path.open("r+b") as file:
        if container is Container.WEBP and file.read(16)[12:] != b"VP8X":  # a still has no place for it
            return
        file.seek(0, 2)
        if container is Container.MP4:
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
