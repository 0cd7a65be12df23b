"""Parse a path into a video's data set, method, compression, name and people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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

_PICTURES = frozenset(
    {"png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "npy", "gif", "heic", "heif", "avif", "jxl", "ppm", "pgm"}
)
_CLIPS = frozenset({"mp4", "avi", "mov", "mkv", "webm", "m4v"})
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
_CLASSES: Mapping[str, int] = {
    name: label
    for label, names in (
        (0, ("real", "genuine", "original", "originals", "pristine", "authentic", "bonafide", "live", "nature")),
        (1, ("fake", "forged", "manipulated", "synthetic", "deepfake", "ai", "generated", "spoof", "altered")),
    )
    for name in (
        *names, *(f"{label}_{name}" for name in names), *(f"{name}s" for name in names),
        *(f"{name}_{kind}" for name in names for kind in ("images", "image", "faces", "face", "pictures", "frames")),
        *(f"{kind}_{name}" for name in names for kind in ("test", "train", "val", "training", "validation")),
    )
}  # fmt: skip
_SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "dev", "eval"})
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
    """Return what a path reveals about its video; a picture in a folder is a frame of the video that the folder names.

    Args:
        path: Path of a frame or clip, or a bare name; with slashes or back-slashes.
        skip: Leading folders to leave out.
        dataset: Name of the data set where another source has it; the same applies to the following arguments.
        method: Method of the video.
        compression: Its compression.
    """
    parts = split_path(path)
    frame = is_picture(parts[-1]) and len(parts) > 1
    *folders, name = parts[:-1] if frame else parts
    return Place.of(folders[skip:], dataset=dataset, method=method, compression=compression).video(bare_name(name))


def is_picture(name: str) -> bool:
    """Return whether a file name is that of a single picture."""
    return name.rpartition(".")[2].lower() in _PICTURES and "." in name


def bare_name(name: str) -> str:
    """Return a file name without the suffix of a picture or clip."""
    for suffixes in (_PICTURES, _CLIPS):
        stem, dot, suffix = name.rpartition(".")
        if dot and suffix.lower() in suffixes:
            name = stem
    return name


def names_class(folder: str) -> bool:
    """Return whether a folder is named after a class, such as `0_real`."""
    return folder.lower() in _CLASSES


def is_general(folder: str) -> bool:
    """Return whether a folder is named after a class, a split, a method, a data set or a kind of file.

    Such a folder never names a single video.
    """
    return folder.lower() in _CLASSES or folder.lower() in _SPLITS | _CONTAINERS or _tells(folder)


def class_of_path(path: str) -> int | None:
    """Return the class after which the innermost such folder of a path is named: 0 genuine, 1 manipulated, or None."""
    *folders, _ = split_path(path) or [""]
    return next((_CLASSES[part.lower()] for part in reversed(folders) if part.lower() in _CLASSES), None)


@dataclass(frozen=True, slots=True)
class Place:
    """The information about all files of one folder that the folder's path reveals.

    Attributes:
        dataset: As for `Video`; the same applies to method, compression and label.
        method: Method of the forgery, or part of the genuine videos.
        compression: Compression.
        scheme: The published naming scheme of the people: `actors`, `celeb`, `youtube` or empty.
        label: Label.
    """

    dataset: str
    method: str
    compression: str
    scheme: str
    label: int | None

    @classmethod
    def of(
        cls,
        folders: Sequence[str],
        *,
        dataset: str = "",
        method: str = "",
        compression: str = "",
        class_names: bool = False,
    ) -> Place:
        """Read the folders above a video.

        Args:
            folders: Their names, outermost first.
            dataset: Name of the data set where another source has it; the same applies to the following arguments.
            method: Method of the video.
            compression: Its compression.
            class_names: Whether folders named after classes and splits are left out of the method.
        """
        folders = [part for part in folders if part.lower() not in _CONTAINERS]
        found = next((part for part in folders if _DATASETS.match(part)), "")
        if found:
            folders = folders[folders.index(found) + 1 :]
        version = next((part for part in folders if part.lower() in COMPRESSIONS), "")
        rest = [part for part in folders if part != version]
        if class_names:
            rest = [part for part in rest if part.lower() not in _CLASSES and part.lower() not in _SPLITS]
        dataset = dataset or found
        method = DEEPFAKEBENCH_METHODS.get(method, method) or "/".join(rest)
        return cls(
            dataset=dataset,
            method=method,
            compression=compression or COMPRESSIONS.get(version.lower(), ""),
            scheme=_scheme(dataset, method),
            label=0 if _is(method, _GENUINE) else 1 if _is(method, _FORGED) else None,
        )

    def key(self, name: str) -> str:
        """Return the key of a video of this name."""
        return "/".join(part for part in (self.dataset, self.method, self.compression, name) if part)

    def video(self, name: str) -> Video:
        """Return the video of a name."""
        people = self.people(name)
        return Video(
            dataset=self.dataset,
            method=self.method,
            compression=self.compression,
            name=name,
            identities=people or (self.key(name),),
            people_known=bool(people),
            label=self.label,
        )

    def people(self, name: str) -> tuple[str, ...]:
        """Return everyone in a video, nobody where its name follows no known scheme."""
        if self.scheme == "actors":
            people = actor_people(name)
            return people.identities if people.identities[0] != f"dfd-{name}" else ()
        if self.scheme == "celeb" or (name.startswith("id") and _CELEB_NAME.match(name)):
            people = celeb_people(name)
            return people.identities if people.identities[0] != f"celeb-youtube-{name}" else ()
        if self.scheme == "youtube" and _FF_NAME.match(name):
            return youtube_people(name, self.method).identities
        return ()


def _scheme(dataset: str, method: str) -> str:
    family = dataset.lower()
    if _is(method, _ACTORS) or family in ("dfd", "deepfakedetection"):
        return "actors"
    if _is(method, _CELEB) or family.startswith("celeb"):
        return "celeb"
    known = _is(method, _FF_METHODS) or family.startswith(("ff", "faceforensics", "faceshifter"))
    return "youtube" if known else ""


def _tells(part: str) -> bool:
    return bool(_DATASETS.match(part)) or part in _FF_METHODS | _ACTORS | _CELEB or part.lower() in COMPRESSIONS


def _is(method: str, names: frozenset[str]) -> bool:
    return any(part in names for part in method.split("/"))
