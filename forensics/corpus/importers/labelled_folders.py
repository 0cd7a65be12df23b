"""Import folders named after their class: `0_real` and `1_fake`, alone or once for each generator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from forensics.corpus.sample import Label, Split
from forensics.errors import CorpusError
from forensics.storage.media_suffixes import CLIPS, STILLS

from .listing import Entry, Layout, Listing, relative
from .names import People

FOLDERS = {Label.GENUINE: ("0_real", "real", "genuine"), Label.FORGED: ("1_fake", "fake", "forged")}
_SPLITS = {"train": Split.TRAIN, "val": Split.VAL, "valid": Split.VAL, "test": Split.TEST}
_TWO_PEOPLE = re.compile(r"^(\d{3,})_(\d{3,})$")


def read_labelled_folders(folder: Path) -> Listing:
    """List files below folders of the two classes.

    Folders for splits (`train`, `val`, `test`) and for generators may enclose them. The identity of a file is the
    sub-folder it lies in, or otherwise its own name; a file called `000_003` shows two identities.

    Args:
        folder: Contains `0_real` and `1_fake` (or `real` and `fake`, `genuine` and `forged`) at any depth up to two.
            The folder of forged files may be missing.

    Raises:
        CorpusError: There is no folder of genuine files.
    """
    found = {label: _class_folders(folder, names) for label, names in FOLDERS.items()}
    if not found[Label.GENUINE]:
        name = FOLDERS[Label.GENUINE][0]
        raise CorpusError(f"{folder} has no folder {name}; put the {Label.GENUINE} files there", folder)
    entries = tuple(entry for label, places in found.items() for place in places for entry in _of(folder, place, label))
    return Listing(entries, notes=_notes(entries))


def identities_of(path: Path, folder: Path) -> tuple[str, ...]:
    """Return the identities whose face and motion a file shows, read from its place and name.

    Args:
        path: The file.
        folder: Its class folder.
    """
    within = path.relative_to(folder)
    return _pair(within.parts[0] if len(within.parts) > 1 else path.stem)


def _notes(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return a note on files whose people are known from nothing but their own names."""
    paired = {name for entry in entries if len(entry.identities) > 1 for name in entry.identities}
    classes = {name for names in FOLDERS.values() for name in names}
    alone = sum(
        len(entry.identities) == 1
        and entry.identities[0] not in paired
        and PurePosixPath(entry.path).parent.name in classes
        for entry in entries
    )
    if not alone or len({entry.label for entry in entries}) < len(Label):
        return ()
    return (
        f"{alone} of {len(entries)} files name nobody; each counts as its own person, so one person may stand in two "
        "splits and intervals are too narrow where people recur; put the files of a person into a folder of their own",
    )


def _of(root: Path, folder: Path, label: Label) -> Iterator[Entry]:
    above = folder.relative_to(root).parts[:-1]
    split = next((_SPLITS[part] for part in above if part in _SPLITS), None)
    generator = "-".join(part for part in above if part not in _SPLITS)
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in CLIPS + STILLS):
        within = path.relative_to(folder)
        names = identities_of(path, folder)
        people = People(names, names[0], names[-1])
        name = f"{within.with_suffix('').as_posix().replace('/', '-')}{within.suffix.lower().replace('.', '-')}"
        yield Entry(
            path=relative(path, root),
            label=label,
            dataset="",
            method=label.value if not generator else f"{generator}-{label}",
            video=f"{split}-{name}" if split else name,
            identities=people.identities,
            source=people.source,
            drive=people.drive,
            split=split,
        )


def _pair(name: str) -> tuple[str, ...]:
    match = _TWO_PEOPLE.match(name)
    return (match[1], match[2]) if match else (name,)


def _class_folders(root: Path, names: tuple[str, ...]) -> list[Path]:
    """Return the class' folders at the smallest depth that has any."""
    for depth in ("", "*/", "*/*/"):
        found = sorted(path for name in names for path in root.glob(f"{depth}{name}") if path.is_dir())
        if found:
            return found
    return []


def _fits(folder: Path) -> bool:
    return bool(_class_folders(folder, FOLDERS[Label.GENUINE]))


LABELLED_FOLDERS = Layout(
    "folders", "folders 0_real and 1_fake, for each generator or alone", _fits, read_labelled_folders
)
