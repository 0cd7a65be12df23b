"""Name the video, the people, the data set and the method of every row of a table of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError

from .grouping import Grouping, SampleUnit, base_of, choose_grouping, is_published
from .naming import Place, bare_name, class_of_path, common_folders, is_general, is_picture, names_class, split_path
from .records import Records

_OWN_COLUMNS = frozenset({"dataset", "method", "compression", "identity", "group", "covered"})
"""Fields that only tables written by `write_scores` have all together; a name there is the whole name of the video."""


@dataclass(frozen=True, slots=True, eq=False)
class NamedRows:
    """What the paths of the rows say.

    Attributes:
        keys: (N,) key of the sample that a row belongs to.
        identities: (N,) everyone in it; the key where nobody is known.
        people_known: (N,) whether a naming scheme names the people.
        datasets: (N,) data set, empty where unknown.
        methods: (N,) method, empty where unknown.
        labels: (N,) label that the path shows, -1 without one.
        classes: (N,) class after which a folder is named, -1 without one.
        folders: (N,) name of the folder of each row, empty where rows are not frames in folders.
        word: The samples' name in sentences, `videos` or `pictures`.
        notes: Sentences on what was assumed.
    """

    keys: tuple[str, ...]
    identities: tuple[tuple[str, ...], ...]
    people_known: tuple[bool, ...]
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: NDArray[np.int64]
    folders: tuple[str, ...]
    word: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Name:
    """The sample that a row belongs to.

    Attributes:
        place: What its folders say.
        name: Its name, with folders that belong to it.
        people: Name from which the people are read.
    """

    place: Place
    name: str
    people: str


def name_rows(
    records: Records, path: Path, dataset: str = "", *, unit: SampleUnit = SampleUnit.AUTO, framed: bool = False
) -> NamedRows:
    """Name every row.

    Args:
        records: The rows.
        path: The file, named in error messages.
        dataset: Data set of all rows, where neither they nor their paths name one.
        unit: What one sample is where the rows are pictures.
        framed: Whether the rows are known to be frames of the videos that their folders name.

    Raises:
        ScoresError: A path names nothing.
    """
    splits = [_split(one) for one in records.paths]
    nameless = next((row for row, (_, name) in enumerate(splits) if not name), None)
    if nameless is not None:
        raise ScoresError(f"{path}: {records.paths[nameless]!r} names no video; give every row its video's name", path)
    if set(records.texts) >= _OWN_COLUMNS and not records.labels.min() < 0:
        return _verbatim(records)
    return _Naming(records, splits, dataset, unit, framed).rows()


class _Naming:
    """The naming of the rows of one file."""

    def __init__(
        self, records: Records, splits: Sequence[tuple[str, str]], dataset: str, unit: SampleUnit, framed: bool
    ) -> None:
        self._records, self._splits, self._dataset = records, splits, dataset
        distinct = {folder for folder, _ in splits}
        self._skip = common_folders([f"{folder}/x" for folder in distinct])
        self._kind = {folder: class_of_path(f"{folder}/x") for folder in distinct}
        pictures = {name for _, name in splits if is_picture(name)} if any(map(is_picture, _names(splits))) else set()
        framed = framed or "frame" in records.texts
        published = {folder for folder in distinct if is_published(folder) or (framed and _may_be_video(folder))}
        free = [
            row for row, (folder, name) in enumerate(splits)
            if name in pictures and (folder not in published or unit is SampleUnit.PICTURE)
        ]  # fmt: skip
        self._framed = published if unit is not SampleUnit.PICTURE else set()
        self._pictures, self._grouping, why = pictures, Grouping.ALONE, ""
        if free and (any(splits[row][0] for row in free) or unit is not SampleUnit.AUTO):
            labels = np.where(records.labels < 0, self._classes(), records.labels)
            chosen = choose_grouping(
                [splits[row][0] for row in free],
                [bare_name(splits[row][1]) for row in free],
                labels[free].tolist(),
                unit,
            )
            self._grouping, why = chosen.grouping, chosen.why
        self._alone = len(free) == len(splits) and self._grouping is Grouping.ALONE
        self._suffixed = self._alone and len({(folder, bare_name(name)) for folder, name in splits}) < len(set(splits))
        self._notes = (why,) if why else ()

    def rows(self) -> NamedRows:
        """Return the names of all rows."""
        records = self._records
        found: dict[tuple[str, ...], tuple[str, tuple[str, ...], bool, str, str, int]] = {}
        keys, people, known, datasets, methods, labels = [], [], [], [], [], []
        facts = zip(
            self._splits, records.text("dataset"), records.text("method"), records.text("compression"), strict=True
        )
        loose = self._loose_names()
        for row, ((folder, name), dataset, method, compression) in enumerate(facts):
            by_folder = name in self._pictures and (folder in self._framed or self._grouping is Grouping.BY_FOLDER)
            shared = (folder, "" if by_folder else name, dataset, method, compression)
            made = found.get(shared) if by_folder else None
            if made is None:
                made = self._named(folder, name, by_folder, dataset or self._dataset, method, compression)
                if by_folder:
                    found[shared] = made
            key = f"{made[0]}/{row + 1}" if name in loose else made[0]
            keys.append(key)
            people.append((key,) if name in loose else made[1])
            known.append(made[2])
            datasets.append(made[3])
            methods.append(made[4])
            labels.append(made[5])
        classes = self._classes()
        shown = np.array(labels, dtype=np.int64)
        several = not self._alone and len(set(keys)) < len(keys) and all(folder for folder, _ in self._splits)
        return NamedRows(
            keys=tuple(keys),
            identities=tuple(people),
            people_known=tuple(known),
            datasets=tuple(datasets),
            methods=tuple(methods),
            labels=np.where(shown < 0, classes, shown),
            classes=classes,
            folders=tuple((split_path(folder) or [name])[-1] for folder, name in self._splits) if several else (),
            word="pictures" if self._alone else "videos",
            notes=self._notes + (_LOOSE if loose else ()),
        )

    def _named(
        self, folder: str, name: str, by_folder: bool, dataset: str, method: str, compression: str
    ) -> tuple[str, tuple[str, ...], bool, str, str, int]:
        picture = name in self._pictures and not by_folder
        place, inner = _place(folder, self._skip, by_folder, picture, dataset, method, compression)
        if by_folder:
            video = inner
        elif picture and self._grouping is Grouping.BY_NAME:
            base = base_of(bare_name(name)) or bare_name(name)
            video = f"{inner}/{base}" if inner else base
        elif picture:
            kept = name if self._suffixed else bare_name(name)
            video = f"{inner}/{kept}" if inner else kept
        else:
            video = f"{inner}/{bare_name(name)}" if inner else bare_name(name)
        key = place.key(video)
        people = place.people(video.rpartition("/")[2])
        label = -1 if place.label is None else place.label
        return key, people or (key,), bool(people), place.dataset, place.method, label

    def _classes(self) -> NDArray[np.int64]:
        kinds = {folder: -1 if kind is None else kind for folder, kind in self._kind.items()}
        return np.fromiter((kinds[folder] for folder, _ in self._splits), dtype=np.int64, count=len(self._splits))

    def _loose_names(self) -> set[str]:
        """Return names that are only those of classes; rows of such a name are no frames of one video."""
        names = set(_names(self._splits))
        return names if len(names) < len(self._splits) and all(map(names_class, names)) else set()


_LOOSE = ("each row was taken for a sample of its own, because the column of names only names the classes",)


def _verbatim(records: Records) -> NamedRows:
    """Name the rows of a table that `write_scores` wrote, whose names are whole."""
    fields = (records.text("dataset"), records.text("method"), records.text("compression"), records.paths)
    keys = tuple("/".join(part for part in parts if part) for parts in zip(*fields, strict=True))
    absent = np.full(len(records), -1, dtype=np.int64)
    return NamedRows(
        keys=keys,
        identities=tuple((key,) for key in keys),
        people_known=(False,) * len(keys),
        datasets=("",) * len(keys),
        methods=tuple(records.text("method")),
        labels=absent,
        classes=absent,
        folders=(),
        word="videos",
        notes=(),
    )


@lru_cache(maxsize=4096)
def _place(
    folder: str, skip: int, by_folder: bool, picture: bool, dataset: str, method: str, compression: str
) -> tuple[Place, str]:
    """Return what a folder says, and the part of the name of a sample that comes from it."""
    parts = split_path(folder)
    inner = ""
    if by_folder:
        *parts, inner = parts
    kept = parts[skip:]
    place = Place.of(kept, dataset=dataset, method=method, compression=compression, class_names=picture)
    if picture:
        inner = "/".join(part for part in kept if is_general(part) and part not in place.key("").split("/"))
    if method and not by_folder:  # the folders are not the method, and tell files of one name apart
        inner = "/".join(kept)
    return place, inner


def _split(path: str) -> tuple[str, str]:
    """Return the folder, with slashes, and the name of a path."""
    if "\\" in path:
        path = path.replace("\\", "/")
    folder, _, name = path.rpartition("/")
    return (folder, name) if name else ("/".join(split_path(path)[:-1]), (split_path(path) or [""])[-1])


def _names(splits: Sequence[tuple[str, str]]) -> list[str]:
    return [name for _, name in splits]


def _may_be_video(folder: str) -> bool:
    parts = split_path(folder)
    return bool(parts) and not is_general(parts[-1])
