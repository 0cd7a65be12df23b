"""List a user's files, and who is seen in them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forensics.errors import InputError
from forensics.storage.media_suffixes import SUFFIXES

Role = Literal["sources", "drives"]


@dataclass(frozen=True, slots=True)
class OwnFile:
    """One of the user's files.

    Attributes:
        id: Name in the corpus.
        role: `sources` gives looks, `drives` gives motions.
        folder: Folder of that role.
        name: Path in that folder, with forward slashes.
        person: Who is seen.
    """

    id: str
    role: Role
    folder: Path
    name: str
    person: str

    @property
    def path(self) -> Path:
        """Return where the file lies."""
        return self.folder / self.name


def list_files(sources: Path, drives: Path, people: Path | None) -> tuple[OwnFile, ...]:
    """List the pictures and clips of two folders, at any depth.

    Who is seen in a file is what `people` says, else the folder that it lies in, else its own name.

    Args:
        sources: Folder of pictures or clips whose looks are taken.
        drives: Folder of clips whose motions are followed.
        people: CSV with the columns `file` and `person`, None without one.

    Raises:
        InputError: A folder is missing or holds no media, or the list of people is not one or names an unknown file.
    """
    named = {} if people is None else read_people(people)
    found: list[OwnFile] = []
    used: set[str] = set()
    for role, folder in (("sources", sources), ("drives", drives)):
        if not folder.is_dir():
            raise InputError(f"{folder}: is no folder; --{role} names a folder of pictures or clips", folder)
        paths = [path for path in sorted(folder.rglob("*")) if _is_media(path, folder)]
        if not paths:
            raise InputError(f"{folder}: holds no picture and no clip; known are {', '.join(SUFFIXES)}", folder)
        for number, path in enumerate(paths):
            name = path.relative_to(folder)
            keys = [key for key in (f"{role}/{name.as_posix()}", name.as_posix(), path.name) if key in named]
            used.update(keys[:1])
            nested = name.parts[0] if len(name.parts) > 1 else path.stem
            person = named[keys[0]] if keys else nested
            found.append(OwnFile(f"{role[0]}{number:04d}", role, folder, name.as_posix(), person))  # type: ignore[arg-type]
    unknown = sorted(set(named) - used)
    if unknown and people is not None:
        raise InputError(
            f"{people}: names {unknown[0]}, which is in neither folder; {len(unknown)} such in all", people
        )
    return tuple(found)


def read_people(path: Path) -> dict[str, str]:
    """Read who is seen in which file.

    Args:
        path: CSV with the columns `file` and `person`; a file is named by its path in its folder, or by its name.

    Raises:
        InputError: The file cannot be read, has other columns, or a line is incomplete or a repetition.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV ({error})", path) from error
    if not rows or [cell.strip() for cell in rows[0]] != ["file", "person"]:
        raise InputError(f"{path}: the first line has to be file,person", path)
    found: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        if len(cells) != 2 or not all(cells) or cells[0] in found:
            raise InputError(f"{path}, row {number}: expected a file, once, and the person in it", path)
        found[cells[0]] = cells[1]
    return found


def _is_media(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in SUFFIXES and not hidden and path.is_file()
