"""Put what a seal states into the metadata that a still brings along."""

from __future__ import annotations

from dataclasses import replace

from watermark.credential.claim import Claim
from watermark.media.still_metadata import StillMetadata

from .xmp import xmp_packet, xmp_properties
from .xmp_merging import XmpError, merge_xmp


def stated_metadata(metadata: StillMetadata, claim: Claim, *, discreet: bool) -> StillMetadata:
    """Return metadata whose XMP states what the claim says; what cannot be kept of the source's XMP is named as lost.

    Args:
        metadata: Metadata of the source.
        claim: The claim about the new file.
        discreet: Whether XMP that is written anew is padded, as for `xmp_packet`.
    """
    own = xmp_packet(claim, discreet=discreet)
    if metadata.xmp is None:
        return replace(metadata, xmp=own)
    try:
        merged, extended = merge_xmp(metadata.xmp, xmp_properties(claim))
    except XmpError as error:
        return replace(metadata, xmp=own, lost=(*metadata.lost, f"XMP ({error})"))
    lost = ("extended XMP (outside of the main packet)",) if extended else ()
    return replace(metadata, xmp=merged, lost=(*metadata.lost, *lost))
