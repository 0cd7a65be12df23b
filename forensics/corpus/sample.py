"""Define one line of a corpus manifest."""

from __future__ import annotations

import hashlib
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from pathlib import Path, PurePosixPath

from forensics.errors import CorpusError
from forensics.storage.json_records import parse_json, read_record, write_json

from .segments import Segment, fault_of


class Label(StrEnum):
    """The class of a sample: genuine or forged."""

    GENUINE = "genuine"
    FORGED = "forged"


class Split(StrEnum):
    """The part of an experiment that may see a sample."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Slice(StrEnum):
    """The slice of a sample: MAIN for the headline results, CONTROL for genuine samples with a control mark."""

    MAIN = "main"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of a corpus, with everything that a protocol needs to know about it.

    Attributes:
        id: Name, unique in the corpus.
        path: The file, relative to the corpus folder, with forward slashes.
        sha256: Hash of the file, hex.
        label: Genuine or forged.
        method: Method that made it, for instance `camera` or `geometry`.
        split: The split that it belongs to.
        identities: Every identity whose face or motion is in it; a forged clip names source and drive.
        source_id: The still or clip whose look it shows.
        drive_id: The motion it follows.
        style: Free label of its visual style.
        slice: Main or control.
        seed: Seed it was made with, None for imported files.
        frames: Number of frames, 1 for a still.
        fps: Frames per second, None for a still.
        width: Pixels.
        height: Pixels.
        mark_id: Twelve hex digits of the mark in its pixels, None without one.
        landmarks: Sidecar with face boxes and landmarks, relative to the corpus folder, None without one.
        landmarks_sha256: Hash of the sidecar, hex.
        place: Name of the folder that `path` and `mask` are relative to, as the corpus' `sources.json` lists it; empty
            for the corpus folder.
        files: Names of the frames where `path` is a folder of pictures, in order; empty where it is a file.
        dataset: The published data set it comes from, empty without one.
        compression: Version of the data set, for instance `c23`, empty without one.
        video: Its name there, empty without one.
        original: The `source_id` of the genuine sample whose pixels it alters, None where there is none or none known.
        mask: Path of the mask of the altered pixels, None where they are all or unknown.
        region: Altered region: `face`, `mouth`, `eyes` or `frame`; None for genuine samples and where unknown.
        absent_frames: Number of frames that should be among `files`, by the data set's list or by the numbers of the
            others, and were not there at import.
        segments: Altered parts of a forged clip, start and end of each in seconds, in order and apart from one another;
            empty where the whole clip was altered, or where nothing is known about when.
    """

    id: str
    path: str
    sha256: str
    label: Label
    method: str
    split: Split
    identities: tuple[str, ...]
    source_id: str
    drive_id: str
    style: str
    slice: Slice
    seed: int | None
    frames: int
    fps: float | None
    width: int
    height: int
    mark_id: str | None
    landmarks: str | None
    landmarks_sha256: str | None
    place: str = ""
    files: tuple[str, ...] = ()
    dataset: str = ""
    compression: str = ""
    video: str = ""
    original: str | None = None
    mask: str | None = None
    region: str | None = None
    absent_frames: int = 0
    segments: tuple[Segment, ...] = ()

    def __post_init__(self) -> None:
        """Check that no path leaves the corpus folder, and that segments are parts of a forged clip.

        Raises:
            CorpusError: A path is absolute or leads out of the folder, or the segments are not in order.
        """
        for path in (self.path, self.landmarks, self.mask, *self.files):
            if path is not None and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts):
                raise CorpusError(f"sample {self.id}: path {path!r} leaves the corpus folder; use a path inside it")
        fault = fault_of(self.segments, self.fps is not None, self.label is Label.FORGED)
        if fault:
            raise CorpusError(f"sample {self.id}: {fault}")

    @property
    def is_still(self) -> bool:
        """Return whether the sample is one picture and not a clip or a folder of frames."""
        return self.fps is None and self.frames == 1

    @property
    def video_key(self) -> tuple[str, str, str, str]:
        """Return the key of a video; the same file name can occur under several methods and compressions."""
        return self.dataset, self.method, self.compression, self.video or self.id

    @property
    def pair(self) -> str:
        """Return a name that a forged sample shares with the genuine sample it was made from."""
        return self.original or self.source_id

    @property
    def footage(self) -> str:
        """Return a name that a forged sample shares with the genuine one that shows the same moments frame by frame.

        Published data sets have one video for each name. A synthetic identity has several motions, and a forgery that
        follows another identity's motion shares its moments with no genuine sample.
        """
        return self.pair if self.dataset else f"{self.pair}/{self.drive_id}"

    def to_json(self) -> str:
        """Return the sample as one line of JSON; `absent_frames` and `segments` stand there only if there are some."""
        names = (name for name in _NAMES if name not in _SELDOM or getattr(self, name))
        return write_json({name: getattr(self, name) for name in names})

    @classmethod
    def from_json(cls, line: str) -> Sample:
        """Read a sample from one line of JSON; fields that have a default may be missing.

        Args:
            line: The line.

        Raises:
            CorpusError: A field is missing, unknown or has an unknown value.
        """
        try:
            record = parse_json(line)
            return read_record(cls, with_defaults(record), "sample")
        except ValueError as error:
            raise CorpusError(f"not a sample: {error}") from error


_NAMES = tuple(entry.name for entry in fields(Sample))

_SELDOM = ("absent_frames", "segments")

_LATER = {
    entry.name: list(entry.default) if isinstance(entry.default, tuple) else entry.default
    for entry in fields(Sample)
    if entry.default is not MISSING
}


def with_defaults(record: object) -> object:
    """Return the JSON of a sample with every field that may be missing."""
    if not isinstance(record, dict):
        return record
    return {name: record.get(name, default) for name, default in _LATER.items()} | record


def folder_hash(path: Path, files: tuple[str, ...] = ()) -> str:
    """Return the SHA-256 (hex) of a sample's content: of the file, or of the names and hashes of a folder's frames.

    Args:
        path: The file or the folder.
        files: Names of the frames; empty for a file.
    """
    from watermark import file_hash  # not at the top: help for a command would load all that reads media

    if not files:
        return file_hash(path)
    digest = hashlib.sha256()
    for name in files:
        digest.update(f"{name}\0{file_hash(path / name)}\n".encode())
    return digest.hexdigest()
