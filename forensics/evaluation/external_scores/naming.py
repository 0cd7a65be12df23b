"""Parse a path into a video's data set, method, compression, name and people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from forensics.corpus.importers import (
    ACTED,
    COMPRESSIONS,
    DEEPFAKEBENCH_METHODS,
    FACEFORENSICS_METHODS,
    actor_people,
    celeb_people,
    youtube_people,
)

_FRAME = re.compile(r"\.(png|jpe?g|webp|bmp|tiff?|npy)$", re.IGNORECASE)
_CLIP = re.compile(r"\.(mp4|avi|mov|mkv|webm|m4v)$", re.IGNORECASE)
_CONTAINERS = frozenset(
    {"frames", "videos", "images", "faces", "crops", "manipulated_sequences", "original_sequences", ".", ".."}
)
_DATASETS = re.compile(
    r"^(faceforensics(\+\+|pp)?(_c\d+)?|ff(\+\+|pp)?|ff-(df|f2f|fs|nt|fh)|celeb-?df.*|dfdcp?|dfd|deepfakedetection"
    r"|deeperforensics.*|uadfv|faceshifter|ffiw.*|wilddeepfake|df40)$",
    re.IGNORECASE,
)
_FF_METHODS = frozenset({*FACEFORENSICS_METHODS, "youtube", "ff"})
_ACTORS = frozenset({"actors", ACTED})
_CELEB = frozenset({"Celeb-real", "Celeb-synthesis", "YouTube-real", "Youtube-real"})
_GENUINE = frozenset({"youtube", "actors", "Celeb-real", "YouTube-real", "Youtube-real"})
_FORGED = frozenset({*FACEFORENSICS_METHODS, ACTED, "Celeb-synthesis"})
_FF_NAME = re.compile(r"^\d{3}(_\d{3})?$")
_CELEB_NAME = re.compile(r"^id\d+_(id\d+_)?\d+$")


@dataclass(frozen=True, slots=True)
class Video:
    """The information about a video that its path reveals.

    Attributes:
        dataset: Name of the data set, empty where the path does not name it.
        method: Method of the forgery, or part of the genuine videos.
        compression: `c0`, `c23`, `c40` or empty.
        name: Name of the video.
        identities: Everyone in it; the video's own name where nobody is known.
        people_known: Whether the identities come from a naming scheme and not from the video alone.
        label: 0 genuine or 1 manipulated where the path shows it, otherwise None.
    """

    dataset: str
    method: str
    compression: str
    name: str
    identities: tuple[str, ...]
    people_known: bool
    label: int | None

    @property
    def key(self) -> str:
        """Return the key that separates it from all other videos."""
        return "/".join(part for part in (self.dataset, self.method, self.compression, self.name) if part)


def folder_name(path: str) -> str:
    """Return the name of the folder that a frame lies in, by which some benchmarks identify a video."""
    parts = split_path(path)
    return parts[-2] if len(parts) > 1 else parts[-1]


def split_path(path: str) -> list[str]:
    """Split a path written with either slash."""
    return [part for part in re.split(r"[\\/]+", path) if part]


def common_folders(paths: Sequence[str]) -> int:
    """Count the leading folders that all paths share and that do not name a data set.

    Args:
        paths: At least one path.
    """
    split = [split_path(path)[:-1] for path in paths]
    shared = split[0]
    for folders in split[1:]:
        same = [a == b for a, b in zip(shared, folders, strict=False)]
        shared = shared[: same.index(False) if False in same else len(same)]
    told = [_tells(part) for part in shared]
    return told.index(True) if True in told else len(shared)


def name_video(path: str, *, skip: int = 0, dataset: str = "", method: str = "", compression: str = "") -> Video:
    """Return what a path reveals about its video.

    Args:
        path: Path of a frame or clip, or a bare name; with slashes or back-slashes.
        skip: Leading folders to leave out.
        dataset: Name of the data set where another source has it; the same applies to the following arguments.
        method: Method of the video.
        compression: Its compression.
    """
    parts = split_path(path)
    frame = bool(_FRAME.search(parts[-1])) and len(parts) > 1
    *folders, name = parts[:-1] if frame else parts
    folders = [part for part in folders[skip:] if part.lower() not in _CONTAINERS]
    name = _CLIP.sub("", _FRAME.sub("", name))
    found = next((part for part in folders if _DATASETS.match(part)), "")
    if found:
        folders = folders[folders.index(found) + 1 :]
    version = next((part for part in folders if part.lower() in COMPRESSIONS), "")
    rest = [part for part in folders if part != version]
    dataset = dataset or found
    method = DEEPFAKEBENCH_METHODS.get(method, method) or "/".join(rest)
    compression = compression or COMPRESSIONS.get(version.lower(), "")
    people = _people(dataset, method, name)
    key = "/".join(part for part in (dataset, method, compression, name) if part)
    return Video(
        dataset=dataset,
        method=method,
        compression=compression,
        name=name,
        identities=people or (key,),
        people_known=bool(people),
        label=0 if _is(method, _GENUINE) else 1 if _is(method, _FORGED) else None,
    )


def _tells(part: str) -> bool:
    return bool(_DATASETS.match(part)) or part in _FF_METHODS | _ACTORS | _CELEB or part.lower() in COMPRESSIONS


def _is(method: str, names: frozenset[str]) -> bool:
    return any(part in names for part in method.split("/"))


def _people(dataset: str, method: str, name: str) -> tuple[str, ...]:
    """Return everyone in a video, nobody where its name follows no known scheme."""
    family = dataset.lower()
    if _is(method, _ACTORS) or family in ("dfd", "deepfakedetection"):
        people = actor_people(name)
        return people.identities if people.identities[0] != f"dfd-{name}" else ()
    if _is(method, _CELEB) or family.startswith("celeb") or _CELEB_NAME.match(name):
        people = celeb_people(name)
        return people.identities if people.identities[0] != f"celeb-youtube-{name}" else ()
    if _FF_NAME.match(name) and (_is(method, _FF_METHODS) or family.startswith(("ff", "faceforensics", "faceshifter"))):
        return youtube_people(name, method).identities
    return ()
