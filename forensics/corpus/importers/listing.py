"""Declare what an importer lists about a data set before any of its media is opened."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.corpus.sample import Label, Split
from forensics.corpus.segments import Segment
from forensics.storage.media_suffixes import CLIPS, STILLS


@dataclass(frozen=True, slots=True)
class Entry:
    """One video or still of a published data set.

    Attributes:
        path: The file, or the folder of frames, relative to the imported folder, with forward slashes.
        label: Genuine or forged.
        dataset: Name of the data set.
        method: Method of the forgery; for genuine files the part of the data set.
        video: Its name.
        identities: Everyone whose face or motion is in it, as far as the names show.
        source: The person whose look it shows.
        drive: The person whose motion it follows.
        original: The `source` of the genuine entry it alters.
        compression: Version of the data set.
        split: The official split, None where there is none.
        files: Names of the frames where `path` is a folder.
        mask: The data set's own mask of it.
        region: The altered region.
        absent_frames: Number of frames that the data set's list names and the folder lacks.
        segments: Altered parts of a clip in seconds; empty where all of it was altered, or where that is unknown.
    """

    path: str
    label: Label
    dataset: str
    method: str
    video: str
    identities: tuple[str, ...]
    source: str
    drive: str
    original: str | None = None
    compression: str = ""
    split: Split | None = None
    files: tuple[str, ...] = ()
    mask: str | None = None
    region: str | None = None
    absent_frames: int = 0
    segments: tuple[Segment, ...] = ()

    @property
    def id(self) -> str:
        """Return the entry's unique name in a corpus."""
        return "-".join(part for part in (self.dataset, self.compression, self.method, self.video) if part)


@dataclass(frozen=True, slots=True)
class Listing:
    """The content of a folder.

    Attributes:
        entries: The existing videos and stills.
        absent: Entries that the data set's own lists name and the folder lacks.
        notes: Sentences that a user of the data should read.
        root: The folder that entries are relative to, where it differs from the given one.
    """

    entries: tuple[Entry, ...]
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A published way to arrange a data set on disk.

    Attributes:
        name: Name that users type.
        title: One line for help and docs.
        fits: Function that returns whether a folder looks like this layout.
        read: Function that lists the content of a folder.
    """

    name: str
    title: str
    fits: Callable[[Path], bool]
    read: Callable[[Path], Listing]


def clips_in(folder: Path) -> list[Path]:
    """List the clips of a folder, which has them directly or in `videos`, in order of name."""
    for place in (folder, folder / "videos"):
        found = _with_suffix(place, CLIPS)
        if found:
            return found
    return []


def videos_in(folder: Path) -> list[tuple[Path, tuple[str, ...]]]:
    """List a folder's clips, or where it has none its folders of frames, directly or in `frames` or `images`.

    Returns:
        The path of each video, and the names of its frames where it is a folder.
    """
    clips = clips_in(folder)
    if clips:
        return [(clip, ()) for clip in clips]
    for place in (folder / "frames", folder / "images", folder):
        if place.is_dir():
            found = [(part, stills_in(part)) for part in sorted(place.iterdir()) if part.is_dir()]
            if any(names for _, names in found):
                return [(part, names) for part, names in found if names]
    return []


def stills_in(folder: Path) -> tuple[str, ...]:
    """Return the names of a folder's pictures, in order."""
    return tuple(path.name for path in _with_suffix(folder, STILLS))


def skipped_numbers(files: Sequence[str]) -> int:
    """Count the frames that the numbers of the others skip.

    Numbers that rise by the same step tell how many are missing between them. Where any of them rises by something else
    than a multiple of the most common step, they tell nothing, and 0 is returned.

    Args:
        files: Names of the frames.
    """
    found = [re.fullmatch(r"(.*?)(\d+)\.\w+", name) for name in files]
    if len({match[1] if match else None for match in found}) != 1 or None in found:
        return 0
    numbers = sorted({int(match[2]) for match in found if match})
    steps = Counter(after - before for before, after in itertools.pairwise(numbers))
    if not steps:
        return 0
    (step, count), *_ = sorted(steps.items(), key=lambda item: (-item[1], item[0]))
    if 2 * count < steps.total() or any(other % step for other in steps):
        return 0
    return sum((other // step - 1) * times for other, times in steps.items())


def inside(folder: Path, names: Iterable[str]) -> bool:
    """Return whether a folder contains all of these parts."""
    return all((folder / name).exists() for name in names)


def relative(path: Path, root: Path) -> str:
    """Return a path relative to a folder, with forward slashes."""
    return path.relative_to(root).as_posix()


def _with_suffix(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )
