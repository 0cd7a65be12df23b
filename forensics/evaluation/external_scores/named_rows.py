"""Name the video, the people, the data set and the method of every row of a table of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError

from .grouping import Chosen, Grouping, SampleUnit, base_of, choose_grouping, is_published
from .naming import Place, bare_name, class_of_path, common_folders, is_general, is_picture, names_class, split_path
from .records import Records

_OWN_COLUMNS = frozenset({"dataset", "method", "compression", "identity", "group", "covered"})
"""Fields that only tables written by `write_scores` have all together; a name there is the whole name of the video."""


_Named: TypeAlias = tuple[str, tuple[str, ...], bool]
"""Key of a sample, everyone in it, and whether a naming scheme names them."""


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
    people_known: NDArray[np.bool_]
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: NDArray[np.int64]
    folders: tuple[str, ...]
    word: str
    notes: tuple[str, ...]


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
    folders, names = _split_all(records.paths)
    if "" in names:
        nameless = records.paths[names.index("")]
        raise ScoresError(f"{path}: {nameless!r} names no video; give every row its video's name", path)
    if set(records.texts) >= _OWN_COLUMNS and not records.labels.min() < 0:
        return _verbatim(records)
    return _Naming(records, folders, names, dataset, unit, framed).rows()


class _Naming:
    """The naming of the rows of one file."""

    def __init__(
        self,
        records: Records,
        folders: Sequence[str],
        names: Sequence[str],
        dataset: str,
        unit: SampleUnit,
        framed: bool,
    ) -> None:
        self._records, self._folders, self._names, self._dataset = records, folders, names, dataset
        distinct = dict.fromkeys(folders)
        self._skip = common_folders([f"{folder}/x" for folder in distinct])
        kinds = {folder: class_of_path(f"{folder}/x") for folder in distinct}
        numbers = {folder: -1 if kind is None else kind for folder, kind in kinds.items()}
        self._classes = np.fromiter(map(numbers.__getitem__, folders), dtype=np.int64, count=len(folders))
        framed = framed or "frame" in records.texts
        self._framed = (
            set()
            if unit is SampleUnit.PICTURE
            else {folder for folder in distinct if is_published(folder) or (framed and _may_be_video(folder))}
        )
        self._picture = np.fromiter(map(is_picture, names), dtype=np.bool_, count=len(names))
        chosen = self._choose(unit)
        self._grouping, self._notes = chosen.grouping, (chosen.why,) if chosen.why else ()
        self._alone = self._grouping is Grouping.ALONE and bool(self._picture.all()) and not self._in_framed().any()
        bare = {(folder, bare_name(name)) for folder, name in zip(folders, names, strict=True)} if self._alone else ()
        self._suffixed = self._alone and len(bare) < len(set(zip(folders, names, strict=True)))

    def rows(self) -> NamedRows:
        """Return the names of all rows."""
        spots = self._spots()
        loose = self._loose_names()
        keys: list[str] = []
        people: list[tuple[str, ...]] = []
        known = np.zeros(len(self._names), dtype=np.bool_)
        shared: dict[str, _Named] = {}
        for row, (name, spot) in enumerate(zip(self._names, spots, strict=True)):
            if name in loose:
                key = f"{spot.prefix}{name}/{row + 1}"
                named: _Named = (key, (key,), False)
            elif spot.video is not None:
                named = spot.video
            else:
                named = spot.named(name)
                named = shared.setdefault(named[0], named) if spot.repeats else named
            keys.append(named[0])
            people.append(named[1])
            known[row] = named[2]
        shown = np.fromiter((spot.label for spot in spots), dtype=np.int64, count=len(spots))
        several = not self._alone and all(self._folders) and len(set(keys)) < len(keys)
        leaves = {folder: (split_path(folder) or [""])[-1] for folder in set(self._folders)} if several else {}
        return NamedRows(
            keys=tuple(keys),
            identities=tuple(people),
            people_known=known,
            datasets=tuple(spot.place.dataset for spot in spots),
            methods=tuple(spot.place.method for spot in spots),
            labels=np.where(shown < 0, self._classes, shown),
            classes=self._classes,
            folders=tuple(map(leaves.__getitem__, self._folders)) if several else (),
            word="pictures" if self._alone else "videos",
            notes=self._notes + (_LOOSE if loose else ()),
        )

    def _choose(self, unit: SampleUnit) -> Chosen:
        """Choose how pictures outside of known videos become samples."""
        free = np.flatnonzero(self._picture & ~self._in_framed())
        rows: list[int] = free.tolist()
        if not len(free) or (unit is SampleUnit.AUTO and not any(self._folders[row] for row in rows)):
            return Chosen(Grouping.ALONE, "")
        labels = np.where(self._records.labels < 0, self._classes, self._records.labels)
        return choose_grouping(
            [self._folders[row] for row in rows], [bare_name(self._names[row]) for row in rows], labels[free], unit
        )

    def _in_framed(self) -> NDArray[np.bool_]:
        inside = (folder in self._framed for folder in self._folders)
        return np.fromiter(inside, dtype=np.bool_, count=len(self._folders))

    def _spots(self) -> list[_Spot]:
        """Return where each row lies; rows of one folder with the same facts share one spot."""
        records = self._records
        facts = zip(
            self._folders, self._picture.tolist(), records.text("dataset"), records.text("method"),
            records.text("compression"), strict=True,
        )  # fmt: skip
        found: dict[tuple[str, bool, str, str, str], _Spot] = {}
        spots = []
        for fact in facts:
            spot = found.get(fact)
            if spot is None:
                spot = found[fact] = self._spot(*fact)
            spots.append(spot)
        return spots

    def _spot(self, folder: str, picture: bool, dataset: str, method: str, compression: str) -> _Spot:
        """Return what a folder and further columns say of the rows that share them."""
        by_folder = picture and (folder in self._framed or self._grouping is Grouping.BY_FOLDER)
        alone = picture and not by_folder
        *parts, leaf = split_path(folder) if by_folder else [*split_path(folder), ""]
        kept = parts[self._skip :]
        place = Place.of(
            kept, dataset=dataset or self._dataset, method=method, compression=compression, class_names=alone
        )
        inner = ""
        if method and not by_folder:  # the folders are not the method, and tell files of one name apart
            inner = "/".join(kept)
        elif alone:
            inner = "/".join(part for part in kept if is_general(part) and part not in place.key("").split("/"))
        return _Spot(
            place=place,
            prefix="/".join(part for part in (place.key(""), inner) if part) + "/" if place.key("") or inner else "",
            label=-1 if place.label is None else place.label,
            video=_named(place, place.key(leaf), leaf) if by_folder else None,
            cut=alone and self._grouping is Grouping.BY_NAME,
            suffixed=self._suffixed,
            repeats=not self._alone,
        )

    def _loose_names(self) -> set[str]:
        """Return names that are only those of classes; rows of such a name are no frames of one video."""
        names = set(self._names)
        return names if len(names) < len(self._names) and all(map(names_class, names)) else set()


@dataclass(frozen=True, slots=True, eq=False)
class _Spot:
    """Where rows lie.

    Attributes:
        place: What the folders say.
        prefix: Beginning of the keys.
        label: The label that the folders show, -1 without one.
        video: Key, people and whether they are known, where all rows are frames of one video.
        cut: Whether the names of samples end before a frame number.
        suffixed: Whether names keep their suffix.
        repeats: Whether names may recur.
    """

    place: Place
    prefix: str
    label: int
    video: _Named | None
    cut: bool
    suffixed: bool
    repeats: bool

    def named(self, name: str) -> _Named:
        """Return key and people of the sample of a file name."""
        if not self.suffixed:
            name = bare_name(name)
        if self.cut:
            name = base_of(name) or name
        return _named(self.place, self.prefix + name, name)


def _named(place: Place, key: str, name: str) -> _Named:
    people = place.people(name)
    return key, people or (key,), bool(people)


_LOOSE = ("each row was taken for a sample of its own, because the column of names only names the classes",)


def _verbatim(records: Records) -> NamedRows:
    """Name the rows of a table that `write_scores` wrote, whose names are whole."""
    fields = (records.text("dataset"), records.text("method"), records.text("compression"), records.paths)
    keys = tuple("/".join(part for part in parts if part) for parts in zip(*fields, strict=True))
    absent = np.full(len(records), -1, dtype=np.int64)
    return NamedRows(
        keys=keys,
        identities=tuple((key,) for key in keys),
        people_known=np.zeros(len(keys), dtype=np.bool_),
        datasets=("",) * len(keys),
        methods=tuple(records.text("method")),
        labels=absent,
        classes=absent,
        folders=(),
        word="videos",
        notes=(),
    )


def _split_all(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the folder, with slashes, and the name of every path; equal folders share one text."""
    folders: list[str] = []
    names: list[str] = []
    shared: dict[str, str] = {}
    for path in paths:
        folder, _, name = (path.replace("\\", "/") if "\\" in path else path).rpartition("/")
        if not name:
            *parts, name = split_path(path) or [""]
            folder = "/".join(parts)
        folders.append(shared.setdefault(folder, folder))
        names.append(name)
    return folders, names


def _may_be_video(folder: str) -> bool:
    parts = split_path(folder)
    return bool(parts) and not is_general(parts[-1])
