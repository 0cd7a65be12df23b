"""Merge what a seal states into the XMP of the source, and take out what is no longer true of the new file."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET  # bombs are refused below  # nosec B405
from collections.abc import Mapping

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ABOUT, _DESCRIPTION = f"{{{_RDF}}}about", f"{{{_RDF}}}Description"
_GAIN_MAP, _CONTAINER = "http://ns.adobe.com/hdr-gain-map/1.0/", "http://ns.google.com/photos/1.0/container/"
_NOTE = "http://ns.adobe.com/xmp/note/"
_STALE_NAMES = frozenset(
    {
        "{http://ns.adobe.com/tiff/1.0/}Orientation",
        "{http://ns.adobe.com/xap/1.0/}Thumbnails",
        f"{{{_NOTE}}}HasExtendedXMP",
    }
)
_LONGEST = 1 << 22
_END = '<?xpacket end="r"?>'
_START = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'


class XmpError(ValueError):
    """The XMP cannot be merged; the message says why."""


ADDRESSES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
"""Addresses of the vocabularies that a seal uses, by their usual prefix."""


def merge_xmp(packet: bytes, properties: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return an XMP packet with further properties, and whether a part of the source's XMP lies outside of the packet.

    Orientation, previews and gain maps are taken out, and what the new properties state anew.

    Args:
        packet: The source's XMP.
        properties: Properties to state, by their names with a prefix of `ADDRESSES`, such as `xmp:CreatorTool`.

    Raises:
        XmpError: It is damaged, too long, or declares entities.
    """
    if len(packet) > _LONGEST or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        raise XmpError("it is longer than 4 MiB or declares entities")
    try:
        for _, (prefix, address) in ET.iterparse(io.BytesIO(packet.strip(b"\0 \n")), ["start-ns"]):  # noqa: S314 # nosec B314
            if prefix and not prefix.startswith("ns"):
                ET.register_namespace(prefix, address)
        root = ET.fromstring(packet.strip(b"\0 \n"))  # noqa: S314 - entities are refused above  # nosec B314
    except (ET.ParseError, ValueError) as error:
        raise XmpError(f"it is damaged: {error}") from error
    stated = {
        f"{{{ADDRESSES[name.partition(':')[0]]}}}{name.partition(':')[2]}": text for name, text in properties.items()
    }
    rdf = root if root.tag == f"{{{_RDF}}}RDF" else root.find(f".//{{{_RDF}}}RDF")
    if rdf is None:
        raise XmpError("it holds no RDF")
    extended = any(f"{{{_NOTE}}}HasExtendedXMP" in {*one.attrib, *(part.tag for part in one)} for one in rdf)
    for description in rdf:
        _clear(description, set(stated))
    ET.SubElement(rdf, _DESCRIPTION, {_ABOUT: rdf[0].get(_ABOUT, "") if len(rdf) else "", **stated})
    return (_START + ET.tostring(root, "unicode") + "\n" + _END).encode(), extended


def _clear(description: ET.Element, stated: set[str]) -> None:
    """Take what is stale out of a description, whether it stands there as an attribute or as an element."""
    for name in [name for name in description.attrib if name in stated or _is_stale(name)]:
        del description.attrib[name]
    for part in [part for part in description if part.tag in stated or _is_stale(part.tag)]:
        description.remove(part)


def _is_stale(name: str) -> bool:
    return name in _STALE_NAMES or name.startswith((f"{{{_GAIN_MAP}}}", f"{{{_CONTAINER}}}"))
