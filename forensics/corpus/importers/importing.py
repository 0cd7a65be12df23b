"""Build a corpus of a data set that stays in place: list, open, hash, divide and write the manifest."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from forensics.corpus.manifest import MANIFEST, Corpus, write_manifest, write_places
from forensics.corpus.sample import Label, Sample, Slice, Split, folder_hash
from forensics.errors import CorpusError
from forensics.execution.progress import Report, silent
from forensics.storage.files import locked
from forensics.storage.media_suffixes import CLIPS
from watermark import MediaError, open_clip, read_media

from .listing import Entry, Listing, skipped_numbers
from .official_splits import Division, Rule, divide
from .registry import AUTO, find_layout

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import.

    Attributes:
        layout: The layout's name.
        folder: The imported folder.
        found: Number of videos and stills in it.
        unreadable: One sentence for each that cannot be opened.
        absent: Entries that the data set's own lists name and the folder lacks.
        split: `official` or `identity`.
        divided_out: Ids of forged files left out because their people are in two splits.
        notes: Sentences that a user of the corpus should read.
        absent_frames: Number of frames that should be in the imported folders of frames and are not there.
    """

    layout: str
    folder: Path
    found: int
    unreadable: tuple[str, ...]
    absent: tuple[str, ...]
    split: str
    divided_out: tuple[str, ...]
    notes: tuple[str, ...]
    absent_frames: int = 0


def import_corpus(
    source: Path,
    root: Path,
    *,
    layout: str = AUTO,
    rule: Rule = Rule.AUTO,
    seed: int = 0,
    add: bool = False,
    report: Report = silent,
) -> tuple[Corpus, ImportReport]:
    """Write a manifest that points at a data set's files; no file is copied or changed.

    Files that cannot be opened are left out and reported by name, never replaced.

    Args:
        source: The data set's folder, or DeepfakeBench's JSON.
        root: The corpus folder.
        layout: Name of the layout; `auto` detects it.
        rule: The kind of splits to use.
        seed: Seed of the assignment of people to splits where the official ones are missing or not disjoint.
        add: Add to an existing corpus, whose splits count as official.
        report: Progress callback.

    Raises:
        CorpusError: The folder does not fit its layout, contains a corpus already, has no genuine file, or no forged
            file of those that it names can be read.
        InputError: There is no such layout.
    """
    chosen = find_layout(layout, source)
    listing = chosen.read(source)
    if not listing.entries:
        raise CorpusError(f"{source} holds no files laid out as {chosen.name} ({chosen.title})", source)
    _refuse_twins(listing, source)
    folder = (listing.root or (source if source.is_dir() else source.parent)).resolve()
    with locked(root):
        before = _existing(root, add)
        place = _place(before, chosen.name, folder)
        _LOG.info("found %d files under %s, laid out as %s", len(listing.entries), source, chosen.name)
        opened, unreadable = _open_all(folder, place, listing, report)
        _LOG.info("opened %d of them; %d cannot be read", len(opened), len(unreadable))
        samples = {sample.id: sample for sample in (*before.samples, *opened)}
        official: dict[str, Split | None] = {sample.id: sample.split for sample in before.samples}
        official |= {entry.id: entry.split for entry in listing.entries}
        _refuse_missing_class(samples.values(), source, listing, unreadable)
        division: Division = divide(samples.values(), official, rule, np.random.default_rng(seed))
        places = {**before.places, place: folder}
        write_places(root, places)
        write_manifest(root, division.samples)
    done = ImportReport(
        layout=chosen.name,
        folder=folder,
        found=len(listing.entries),
        unreadable=unreadable,
        absent=listing.absent,
        split=division.rule.value,
        divided_out=division.left_out,
        notes=(*listing.notes, *division.notes, *_without_forgeries(division.samples), *_with_gaps(opened)),
        absent_frames=sum(sample.absent_frames for sample in opened),
    )
    return Corpus(root, division.samples, places), done


def open_entry(folder: Path, place: str, entry: Entry) -> Sample:
    """Open one entry far enough to know that it can be read, and return its sample with hashes.

    Args:
        folder: The folder that the entry's path is relative to.
        place: The corpus' name for that folder.
        entry: The entry.

    Raises:
        MediaError: The entry cannot be read.
    """
    path = folder / entry.path
    fps: float | None = None
    if entry.files:
        still = read_media(path / entry.files[0])
        frames, height, width = len(entry.files), still.height, still.width
    elif path.suffix.lower() in CLIPS:
        clip = open_clip(path)
        frames, height, width, fps = clip.frame_count, clip.height, clip.width, float(clip.fps)
    else:
        media = read_media(path)
        frames, height, width, fps = len(media.frames), media.height, media.width, media.fps
    return Sample(
        id=entry.id,
        path=entry.path,
        sha256=folder_hash(path, entry.files),
        label=entry.label,
        method=entry.method,
        split=entry.split or Split.TRAIN,
        identities=entry.identities,
        source_id=entry.source,
        drive_id=entry.drive,
        style=entry.dataset or "imported",
        slice=Slice.MAIN,
        seed=None,
        frames=frames,
        fps=fps,
        width=width,
        height=height,
        mark_id=None,
        landmarks=None,
        landmarks_sha256=None,
        place=place,
        files=entry.files,
        dataset=entry.dataset,
        compression=entry.compression,
        video=entry.video,
        original=entry.original,
        mask=entry.mask,
        region=entry.region,
        absent_frames=max(entry.absent_frames, skipped_numbers(entry.files)),
        segments=entry.segments if fps is not None else (),
    )


def _open_all(folder: Path, place: str, listing: Listing, report: Report) -> tuple[list[Sample], tuple[str, ...]]:
    """Open every entry on one thread per core; hashing and decoding release the interpreter lock."""
    opened: list[Sample] = []
    unreadable: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, result in enumerate(pool.map(partial(_try_open, folder, place), listing.entries)):
            report(number / len(listing.entries), "opening and hashing files")
            if isinstance(result, Sample):
                opened.append(result)
            else:
                unreadable.append(result)
    return opened, tuple(unreadable)


def _try_open(folder: Path, place: str, entry: Entry) -> Sample | str:
    try:
        return open_entry(folder, place, entry)
    except (MediaError, OSError) as error:
        return str(error)


def _existing(root: Path, add: bool) -> Corpus:
    if not (root / MANIFEST).exists():
        return Corpus(root, ())
    if not add:
        raise CorpusError(f"{root} holds a corpus already; choose an empty folder, or add to it with --add", root)
    return Corpus.load(root)


def _place(before: Corpus, name: str, folder: Path) -> str:
    """Return a name for the imported folder: its existing one, or the layout's, numbered where that is taken."""
    for known, where in before.places.items():
        if where == folder:
            return known
    names: Iterator[str] = (name if number == 1 else f"{name}-{number}" for number in range(1, len(before.places) + 2))
    return next(choice for choice in names if choice not in before.places)


def _refuse_twins(listing: Listing, source: Path) -> None:
    seen: dict[str, Entry] = {}
    for entry in listing.entries:
        if entry.id in seen:
            raise CorpusError(
                f"{source}: {seen[entry.id].path} and {entry.path} are the same video by their names; remove one",
                source,
            )
        seen[entry.id] = entry


def _refuse_missing_class(
    samples: Iterable[Sample], source: Path, listing: Listing, unreadable: tuple[str, ...]
) -> None:
    """Refuse a corpus without genuine files, and one that lost all of the forged files that its folder names."""
    missing = {Label.GENUINE, *(entry.label for entry in listing.entries)} - {sample.label for sample in samples}
    for label in sorted(missing):
        why = f" ({unreadable[0]})" if unreadable else f" ({listing.notes[0]})" if listing.notes else ""
        raise CorpusError(
            f"{source} holds no {label} file that can be read{why}; import one that does, then this one with --add",
            source,
        )


def _without_forgeries(samples: Iterable[Sample]) -> tuple[str, ...]:
    """Return a note where a corpus has genuine files only."""
    if any(sample.label is Label.FORGED for sample in samples):
        return ()
    return (
        "the corpus holds no forged file: detectors are trained on it with --training-source self-blended only, and "
        "cannot be evaluated on it; --add imports forgeries into it",
    )


def _with_gaps(opened: Sequence[Sample]) -> tuple[str, ...]:
    """Return a note where frames are missing."""
    incomplete = [sample for sample in opened if sample.absent_frames]
    if not incomplete:
        return ()
    count = sum(sample.absent_frames for sample in incomplete)
    return (
        f"{count} frames of {len(incomplete)} samples are not there, by the data set's list or by the numbers of the "
        f"others, for instance {incomplete[0].absent_frames} of {incomplete[0].id}; the others are used",
    )
