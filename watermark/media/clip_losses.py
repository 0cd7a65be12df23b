"""Name what a clip that is encoded anew loses: range, depth, tracks and descriptions."""

from __future__ import annotations

from pathlib import Path

from .clip_files import demuxed
from .containers import Container, sniff

HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
"""Names of the transfer functions of HDR by their numbers in ITU-T H.273."""

_TECHNICAL = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id"})


def clip_transfer(path: Path) -> str | None:
    """Return the name of the HDR transfer function that a clip states (PQ or HLG), None for the usual range.

    Args:
        path: The clip.

    Raises:
        MediaError: The file cannot be opened.
    """
    if sniff(path) is Container.WEBP:
        return None
    with demuxed(path) as file:
        return HDR_TRANSFERS.get(int(file.streams.video[0].codec_context.color_trc))


def clip_losses(path: Path) -> tuple[str, ...]:
    """Return what of a clip a sealed copy does not hold, in words.

    Args:
        path: The clip.

    Raises:
        MediaError: The file cannot be opened.
    """
    lost: list[str] = []
    if sniff(path) is Container.WEBP:
        return ()
    with demuxed(path) as file:
        pixels = file.streams.video[0].codec_context.format
        depth = max((part.bits for part in pixels.components), default=8) if pixels is not None else 8
        if depth > 8:
            lost.append(f"{depth} bits a channel (8 are written)")
        for name, count in (
            ("further pictures", len(file.streams.video) - 1),
            ("further sound tracks", len(file.streams.audio) - 1),
            ("subtitles", len(file.streams.subtitles)),
            ("data tracks", len(file.streams.data)),
            ("attachments", len(file.streams.attachments)),
        ):
            if count > 0:
                lost.append(f"{name} ({count})")
        if described := sorted(set(file.metadata) - _TECHNICAL):
            lost.append(f"descriptions ({', '.join(described)})")
    return tuple(lost)
