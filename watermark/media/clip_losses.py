"""Name what a clip that is encoded anew loses: range, depth, tracks and descriptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from av.container import InputContainer

from .clip_files import demuxed, descriptions
from .containers import Container, sniff

HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
"""Names of the transfer functions of HDR by their numbers in ITU-T H.273."""

_KINDS = {
    "video": "further pictures",
    "audio": "sound tracks",
    "subtitles": "subtitles",
    "data": "data tracks",
    "attachments": "attachments",
}


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a clip holds; as it stands for an animated WebP, which has no tracks.

    Attributes:
        depth: Bits of a channel.
        counts: Number of tracks by their kind.
        chapters: Number of chapters.
        described: Names of its descriptions, in small letters.
    """

    depth: int = 8
    counts: dict[str, int] = field(default_factory=lambda: {"video": 1})
    chapters: int = 0
    described: frozenset[str] = frozenset()


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


def clip_losses(source: Path, written: Path) -> tuple[str, ...]:
    """Return what of a clip an encoded copy does not hold, in words.

    Args:
        source: The clip.
        written: The copy.

    Raises:
        MediaError: A file cannot be opened.
    """
    held, kept = _contents(source), _contents(written)
    lost = [f"{held.depth} bits a channel (8 are written)"] if held.depth > 8 else []
    for kind, name in _KINDS.items():
        if (count := held.counts.get(kind, 0) - kept.counts.get(kind, 0)) > 0:
            lost.append(f"{name} ({count})")
    if (count := held.chapters - kept.chapters) > 0:
        lost.append(f"chapters ({count})")
    if described := sorted(held.described - kept.described):
        lost.append(f"descriptions ({', '.join(described)})")
    return tuple(lost)


def _contents(path: Path) -> _Contents:
    if sniff(path) is Container.WEBP:
        return _Contents()
    with demuxed(path) as file:
        described = frozenset(name.lower() for name in descriptions(file))
        return _Contents(_depth(file), {kind: _count(file, kind) for kind in _KINDS}, len(file.chapters()), described)


def _count(file: InputContainer, kind: str) -> int:
    """Return how many tracks of a kind a file has, without the data track in which MP4 keeps the names of chapters."""
    count = len(getattr(file.streams, kind))
    return count - 1 if kind == "data" and count and file.chapters() else count


def _depth(file: InputContainer) -> int:
    pixels = file.streams.video[0].codec_context.format
    return max((part.bits for part in pixels.components), default=8) if pixels is not None else 8
