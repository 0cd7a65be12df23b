"""Read an export in tar shards back as a corpus, without trusting its names, sizes, paths or labels."""

from __future__ import annotations

import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from forensics.corpus.attributes import ATTRIBUTES, read_attributes
from forensics.corpus.manifest import MANIFEST, Corpus, write_manifest
from forensics.corpus.sample import Label, Sample, folder_hash, with_defaults
from forensics.errors import CorpusError
from forensics.execution.progress import Report, silent
from forensics.execution.workers import SERIAL, Work, WorkerConfig, open_pool
from forensics.storage.files import locked, write_whole
from forensics.storage.json_records import parse_json, read_record
from watermark import file_hash

from .index import Index, Shard, check_shard, read_index

_MEMBER = re.compile(r"(\d{9})\.([a-z0-9][a-z0-9.-]{0,31})")
_FRAME = re.compile(r"frame-(\d{5})\.[a-z0-9]{1,8}")
_FOR_OTHERS = re.compile(r"faces\.json|mask-\d{5}\.png")
"""Members that repeat sidecar and mask for other readers; they are not unpacked."""
_MOST_JSON = 8 << 20
_MOST_FILES = 100_000
"""Largest number of files of one sample."""


@dataclass(frozen=True, slots=True)
class _About:
    """The content of `KEY.json`."""

    number: int
    pair: str
    sample: Sample


def unpack_corpus(
    folder: Path, root: Path, *, worker_config: WorkerConfig = SERIAL, report: Report = silent
) -> tuple[Corpus, Index]:
    """Write the samples of every shard of an export into a new corpus, whose manifest is that of the exported one.

    Args:
        folder: The export's folder.
        root: The corpus folder.
        worker_config: Configuration of the worker pool.
        report: Progress callback.

    Raises:
        BusyError: Another process is writing the corpus.
        CorpusError: A shard is half-written, changed or damaged, names files outside of it, or contains what its own
            manifest does not describe; or the folder contains a corpus already.
    """
    index = read_index(folder)
    with locked(root):
        if (root / MANIFEST).exists():
            raise CorpusError(f"{root} holds a corpus already; choose an empty folder", root)
        found: list[_About] = []
        with open_pool(worker_config, partial(_unpacker, folder.resolve(), root.resolve())) as pool:
            for place, some in pool.work(index.shards):
                found += some
                report((place + 1) / len(index.shards), "unpacking shards")
        found.sort(key=lambda about: about.number)
        _refuse_twins(folder, found)
        if (folder / ATTRIBUTES).is_file():
            read_attributes(folder / ATTRIBUTES)
            write_whole(root / ATTRIBUTES, lambda part: shutil.copyfile(folder / ATTRIBUTES, part))
        write_manifest(root, (about.sample for about in found))
    return Corpus.load(root), index


@contextmanager
def _unpacker(folder: Path, root: Path) -> Iterator[Work[Shard, tuple[_About, ...]]]:
    yield lambda shard, report: _unpack(check_shard(folder, shard), shard, root)


def _unpack(path: Path, shard: Shard, root: Path) -> tuple[_About, ...]:
    found: list[_About] = []
    try:
        with tarfile.open(path, "r:") as tar:
            for members in _samples(path, tar):
                found.append(_unpack_sample(path, tar, members, root))
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise CorpusError(f"{path}: is no sound tar ({error}); export again", path) from error
    if len(found) != shard.samples:
        raise CorpusError(f"{path}: holds {len(found)} samples and not {shard.samples}; export again", path)
    return tuple(found)


def _samples(path: Path, tar: tarfile.TarFile) -> Iterator[dict[str, tarfile.TarInfo]]:
    """Yield the members of one sample after the other, by suffix."""
    key, held = "", dict[str, tarfile.TarInfo]()
    while (member := tar.next()) is not None:
        tar.members = []  # type: ignore[attr-defined]  # else the list of all members is kept
        name = _MEMBER.fullmatch(member.name)
        if name is None:
            raise CorpusError(
                f"{path}: member {member.name!r} is not named KEY.SUFFIX, nine digits and a suffix; nothing is "
                "unpacked outside the corpus folder: export again",
                path,
            )
        if not member.isreg() or member.issparse():
            raise CorpusError(
                f"{path}: member {member.name!r} is no plain file but a link or device; export again", path
            )
        if name[1] != key and held:
            yield held
            held = {}
        if name[2] in held or len(held) >= _MOST_FILES:
            raise CorpusError(f"{path}: member {member.name!r} stands twice or is one of too many; export again", path)
        key, held[name[2]] = name[1], member
    if held:
        yield held


def _unpack_sample(path: Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], root: Path) -> _About:
    about = _about(path, tar, members)
    sample, wanted = about.sample, dict[str, str]()
    for suffix in members:
        frame = _FRAME.fullmatch(suffix)
        if suffix in ("json", "cls") or _FOR_OTHERS.fullmatch(suffix):
            continue
        if suffix == "faces.npz":
            wanted[suffix] = sample.landmarks or ""
        elif suffix.startswith("mask."):
            wanted[suffix] = sample.mask or ""
        elif frame is not None and int(frame[1]) < len(sample.files):
            wanted[suffix] = f"{sample.path}/{sample.files[int(frame[1])]}"
        else:
            wanted[suffix] = "" if sample.files else sample.path
    expected = {f"{sample.path}/{name}" for name in sample.files} or {sample.path}
    expected |= {place for place in (sample.landmarks, sample.mask) if place is not None}
    if set(wanted.values()) != expected or len(wanted) != len(expected):
        raise CorpusError(f"{path}: sample {sample.id!r} does not hold the files it names; export again", path)
    for suffix, place in wanted.items():
        _write(path, tar, members[suffix], root, place)
    if folder_hash(root / sample.path, sample.files) != sample.sha256 or (
        sample.landmarks is not None and file_hash(root / sample.landmarks) != sample.landmarks_sha256
    ):
        raise CorpusError(f"{path}: sample {sample.id!r} is not the file its manifest describes; export again", path)
    return about


def _about(path: Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> _About:
    member = members.get("json")
    file = None if member is None or member.size > _MOST_JSON else tar.extractfile(member)
    if file is None:
        raise CorpusError(f"{path}: sample {next(iter(members))!r} has no JSON of its own; export again", path)
    try:
        record = parse_json(file.read())
        if isinstance(record, dict) and "sample" in record:
            record = {**record, "sample": with_defaults(record["sample"])}
        about = read_record(_About, record, "sample")
    except (ValueError, CorpusError) as error:
        raise CorpusError(f"{path}: a sample's JSON is not sound ({error}); export again", path) from error
    _refuse_elsewhere(path, about.sample)
    label = members.get("cls")
    said = None if label is None or label.size != 1 else tar.extractfile(label)
    if said is None or said.read() != str(int(about.sample.label is Label.FORGED)).encode():
        raise CorpusError(f"{path}: sample {about.sample.id!r} has two labels or none; export again", path)
    return about


def _refuse_elsewhere(path: Path, sample: Sample) -> None:
    """Check that a sample stays in the folders that contain media, so that it cannot overwrite the rest of a corpus."""
    for place, folder in ((sample.path, "media"), (sample.landmarks, "faces"), (sample.mask, "masks")):
        parts = () if place is None else PurePosixPath(place).parts
        if sample.place or (place is not None and (len(parts) < 2 or parts[0] != folder or "\\" in place)):
            raise CorpusError(f"{path}: sample {sample.id!r} names {place!r}, outside of {folder}/; export again", path)


def _write(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path, place: str) -> None:
    target, file = root / place, tar.extractfile(member)
    if file is None or not target.parent.resolve().is_relative_to(root):
        raise CorpusError(f"{path}: {place!r} leads out of the corpus folder; choose an empty one", path)

    def write(part: Path) -> None:
        with part.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)

    write_whole(target, write)


def _refuse_twins(folder: Path, found: list[_About]) -> None:
    for what in ("path", "landmarks", "mask", "id"):
        seen = set[str]()
        for value in (getattr(about.sample, what) for about in found):
            if value is not None and value in seen:
                raise CorpusError(f"{folder}: two samples have the same {what}, {value!r}; export again", folder)
            seen.add(value)
