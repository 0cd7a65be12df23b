"""Name what a clip that is encoded anew loses: range, depth, tracks and descriptions."""

from __future__ import annotations

from pathlib import Path

from av.container import InputContainer

from .clip_reading import demuxed

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
    with demuxed(path) as file:
        return HDR_TRANSFERS.get(int(file.streams.video[0].codec_context.color_trc))


def clip_losses(source: Path, written: Path) -> tuple[str, ...]:
    """Return what of a clip an encoded copy does not hold, in words.

    Args:
        source: The clip.
        written: The copy.

    Raises:
        MediaError: A file cannot be opened.
    """
    with demuxed(source) as file, demuxed(written) as copy:
        lost = [f"{depth} bits a channel (8 are written)"] if (depth := _depth(file)) > 8 else []
        for name, kind in (
            ("further pictures", "video"),
            ("sound tracks", "audio"),
            ("subtitles", "subtitles"),
            ("data tracks", "data"),
            ("attachments", "attachments"),
        ):
            if (count := _count(file, kind) - _count(copy, kind)) > 0:
                lost.append(f"{name} ({count})")
        if (count := len(file.chapters()) - len(copy.chapters())) > 0:
            lost.append(f"chapters ({count})")
        kept = {key.lower() for key in copy.metadata}
        if described := sorted(key for key in file.metadata if key.lower() not in {*kept, *_TECHNICAL}):
            lost.append(f"descriptions ({', '.join(described)})")
    return tuple(lost)


def _count(file: InputContainer, kind: str) -> int:
    """Return how many tracks of a kind a file has, without the data track in which MP4 names its chapters."""
    count = len(getattr(file.streams, kind))
    return count - 1 if kind == "data" and count and file.chapters() else count


def _depth(file: InputContainer) -> int:
    pixels = file.streams.video[0].codec_context.format
    return max((part.bits for part in pixels.components), default=8) if pixels is not None else 8
