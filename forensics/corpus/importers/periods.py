"""Read lists of videos that are altered in parts, as LAV-DF and AV-Deepfake1M publish them."""

from __future__ import annotations

import math
from pathlib import Path

from forensics.corpus.segments import Segment
from forensics.errors import CorpusError
from forensics.storage.json_records import parse_json

VISUAL, BOTH, AUDIO, REAL = "visual_modified", "both_modified", "audio_modified", "real"
"""What was altered of a video, in AV-Deepfake1M's words."""

_PEEK = 4096


def read_videos(path: Path) -> list[dict[str, object]]:
    """Read a list of objects, one a video, each with its path under `file`.

    Args:
        path: The JSON file.

    Raises:
        CorpusError: The file is no JSON, or no such list.
    """
    try:
        listed = parse_json(path.read_text("utf-8"))
    except ValueError as error:
        raise CorpusError(f"{path} is no JSON ({error}); get it again", path) from error
    if not isinstance(listed, list):
        raise CorpusError(f"{path}: expected a list with an object for each video", path)
    for number, about in enumerate(listed):
        if not isinstance(about, dict) or not isinstance(about.get("file"), str):
            raise CorpusError(f"{path}: entry {number} is no object with the path of a video under `file`", path)
    return listed


def begins_with_list_of(path: Path, key: str) -> bool:
    """Return whether a file begins with a JSON list whose first objects have a key."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(_PEEK)
    return start.lstrip().startswith(b"[") and f'"{key}"'.encode() in start


def periods_of(about: dict[str, object], key: str, path: Path) -> tuple[Segment, ...]:
    """Return the altered periods of a video in order; those that touch are joined, and empty ones are left out.

    Args:
        about: The video's entry.
        key: Name of the list of periods, start and end of each in seconds.
        path: The list, for messages.

    Raises:
        CorpusError: The list is missing, or an entry is not a pair of seconds in order.
    """
    found: list[Segment] = []
    listed = about.get(key)
    if not isinstance(listed, list):
        raise CorpusError(f"{path}: {about['file']} has no list {key!r}", path)
    for period in listed:
        if not isinstance(period, list) or len(period) != 2 or not all(map(_is_second, period)):
            raise CorpusError(
                f"{path}: {about['file']} has a period {period!r}, expected start and end in seconds", path
            )
        start, end = max(0.0, float(period[0])), float(period[1])
        if end < start:
            raise CorpusError(f"{path}: {about['file']} has a period that ends before it starts, {period!r}", path)
        if end > start:
            found.append((start, end))
    joined: list[Segment] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def _is_second(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
