"""Import WildDeepfake (Zi et al. 2020): face sequences cut before publication, as archives of PNG files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError

from .listing import Entry, Layout, Listing, relative, stills_in
from .names import alone

PARTS = {
    f"{word}_{split}": (label, split)
    for word, label in (("real", Label.GENUINE), ("fake", Label.FORGED))
    for split in (Split.TRAIN, Split.TEST)
}
_INSIDE = ("", "deepfake_in_the_wild", "extracted")


def read_wild_deepfake(folder: Path) -> Listing:
    """List every folder that directly contains pictures as one sequence; people are unknown.

    The number of the archive takes the place of a person: its sequences come from one video and stay together.

    Args:
        folder: Contains `{real,fake}_{train,test}`, directly or in `deepfake_in_the_wild` or `extracted`.

    Raises:
        CorpusError: There are archives but no pictures.
    """
    root = _root(folder)
    entries = [entry for name in PARTS for entry in _sequences(folder, root / name)]
    if not entries and any(root.glob("*_*/*.tar*")):
        raise CorpusError(f"{root} holds archives; unpack each into a folder of its name first", root)
    notes = ("WildDeepfake names no people and publishes no validation split", "its pictures are face crops already")
    return Listing(tuple(entries), notes=notes)


def _sequences(folder: Path, part: Path) -> Iterator[Entry]:
    label, split = PARTS[part.name]
    for place, _, _ in sorted(os.walk(part)):
        path = Path(place)
        files = stills_in(path)
        if not files or path == part:
            continue
        within = path.relative_to(part)
        people = alone(f"{part.name}-{within.parts[0]}", "wild")
        yield Entry(
            path=relative(path, folder),
            label=label,
            dataset="wild-deepfake",
            method=part.name.split("_")[0],
            video=f"{part.name}-{within.as_posix().replace('/', '-')}",
            identities=people.identities,
            source=people.source,
            drive=people.drive,
            split=split,
            files=tuple(sorted(files, key=_number)),
        )


def _number(name: str) -> tuple[int, str]:
    stem = Path(name).stem
    return (int(stem) if stem.isdigit() else -1, name)


def _root(folder: Path) -> Path:
    return next(
        (
            folder / part
            for part in _INSIDE
            if (folder / part / "real_train").is_dir() or (folder / part / "real_test").is_dir()
        ),
        folder,
    )


def _fits(folder: Path) -> bool:
    root = _root(folder)
    return any((root / name).is_dir() for name in PARTS)


WILD_DEEPFAKE = Layout(
    "wild-deepfake", "WildDeepfake: {real,fake}_{train,test} of face sequences", _fits, read_wild_deepfake
)
