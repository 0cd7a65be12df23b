"""Plan the animation of several sources by several drives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import InputError
from forensics.storage.media_suffixes import READABLE_CLIPS, READABLE_STILLS
from generator import MOTION_SUFFIXES

_MEDIA = (*READABLE_STILLS, *READABLE_CLIPS)


@dataclass(frozen=True, slots=True)
class Pair:
    """One source, one drive, and the file that is made of them."""

    source: Path
    drive: Path
    out: Path


def plan_pairs(source: Path, drive: Path, out: Path) -> tuple[Pair, ...] | None:
    """Return every source with every drive, or None where both are single files.

    Args:
        source: A picture or clip, a folder of them, or a `.txt` that names one in each line.
        drive: The same, and motion files.
        out: The folder of the results, which is made.

    Raises:
        InputError: A folder or list is empty or cannot be read, the output is named like a file, or two pairs would
            have one name.
    """
    if not any(path.is_dir() or path.suffix.lower() == ".txt" for path in (source, drive)):
        return None
    sources, drives = _listed(source, _MEDIA), _listed(drive, (*_MEDIA, *MOTION_SUFFIXES))
    if out.suffix:
        raise InputError(
            f"{out}: {len(sources)} sources and {len(drives)} drives make {len(sources) * len(drives)} files; name a "
            "folder as output",
            out,
        )
    pairs = tuple(Pair(one, other, out / _name(one, other)) for one in sources for other in drives)
    _check_names(pairs)
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist; make it or choose another one", out)
    out.mkdir(exist_ok=True)
    return pairs


def _name(source: Path, drive: Path) -> str:
    suffix = ".png" if drive.suffix.lower() in READABLE_STILLS else ".mp4"
    return f"{source.stem}--{drive.stem}{suffix}"


def _check_names(pairs: Sequence[Pair]) -> None:
    seen: dict[Path, Pair] = {}
    for pair in pairs:
        other = seen.setdefault(pair.out, pair)
        if other is not pair:
            raise InputError(
                f"{pair.out}: would be made of {other.source} with {other.drive} and of {pair.source} with "
                f"{pair.drive}; rename one of them",
                pair.out,
            )


def _listed(path: Path, suffixes: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the files of a folder, in the order of their names, or of a list, whose paths start at its own folder."""
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix.lower() in suffixes and not one.name.startswith("."))
    elif path.suffix.lower() == ".txt":
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read as a list of paths, one a line ({error})", path) from error
        found = [path.parent / line.strip() for line in lines if line.strip()]
    else:
        return (path,)
    if not found:
        raise InputError(f"{path}: names no file that can be used here; expected are {', '.join(suffixes)}", path)
    return tuple(found)
