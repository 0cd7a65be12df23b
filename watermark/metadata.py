"""XMP metadata that says in the file itself, beside the manifest, that a model made it.

Programs that know nothing of C2PA read the IPTC property DigitalSourceType. It is written before signing, so the
signature covers it.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr  # nothing is parsed  # nosec B406

from .claim import Claim
from .payload import PayloadKind

# XMP in ISO base media files: a `uuid` box with this type (XMP specification part 3).
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    {properties}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def xmp_packet(claim: Claim) -> bytes | None:
    """Return the XMP of a generated file, or None for a control file, which no model made.

    The properties are those of the IPTC Photo Metadata Standard: DigitalSourceType, and where a model of ours is
    named AISystemUsed and AISystemVersionUsed (2025.1).
    """
    if claim.payload.kind is PayloadKind.CONTROL:
        return None
    properties = {
        "Iptc4xmpExt:DigitalSourceType": claim.source_type.uri,
        "xmp:CreatorTool": f"{claim.agent} {claim.agent_version}",
    }
    if claim.model_digest is not None:
        properties["Iptc4xmpExt:AISystemUsed"] = claim.agent
        properties["Iptc4xmpExt:AISystemVersionUsed"] = claim.agent_version
    written = "\n    ".join(f"{name}={quoteattr(value)}" for name, value in properties.items())
    return _PACKET.format(properties=written).encode()


def append_xmp(path: Path, claim: Claim) -> None:
    """Append a generated clip's XMP to an MP4 as a box of its own; nothing before it moves.

    Raises:
        OSError: The file cannot be written.
    """
    packet = xmp_packet(claim)
    if packet is None:
        return
    with path.open("ab") as file:
        file.write((8 + len(_XMP_UUID) + len(packet)).to_bytes(4, "big") + b"uuid" + _XMP_UUID + packet)
