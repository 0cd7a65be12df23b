"""One line of a corpus manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from ..errors import CorpusError
from ..records import read_record


class Label(StrEnum):
    """Whether a sample was manipulated."""

    GENUINE = "genuine"
    FORGED = "forged"


class Split(StrEnum):
    """Which part of an experiment may see a sample."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Slice(StrEnum):
    """MAIN samples make the headline; CONTROL samples are genuine ones that carry a control mark."""

    MAIN = "main"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of a corpus and everything a protocol needs to know about it.

    Attributes:
        id: Unique name inside the corpus.
        path: The file, relative to the corpus folder, with forward slashes.
        sha256: Hash of the file, hex.
        label: Genuine or forged.
        method: How it was made, for instance `camera` or `anifacediff-mini`.
        split: The split it stands in.
        identities: Every identity whose face or motion is in it; a forged clip names source and drive.
        source_id: The still or clip whose look it shows.
        drive_id: The motion it follows.
        style: Free label of its look.
        slice: Main or control.
        seed: Seed it was made with, None for imported files.
        frames: Number of frames, 1 for a still.
        fps: Frames a second, None for a still.
        width: Pixels.
        height: Pixels.
        mark_id: Twelve hex digits of the mark in its pixels, None without one.
        landmarks: Sidecar with face boxes and landmarks, relative to the corpus folder, None without one.
        landmarks_sha256: Hash of the sidecar, hex.
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

    def __post_init__(self) -> None:
        """Refuse paths that leave the corpus folder.

        Raises:
            CorpusError: A path is absolute or climbs out.
        """
        for path in (self.path, self.landmarks):
            if path is not None and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts):
                raise CorpusError(f"sample {self.id}: path {path!r} leaves the corpus folder; use a path inside it")

    @property
    def is_still(self) -> bool:
        """Whether the file is a picture and not a clip."""
        return self.fps is None

    def to_json(self) -> str:
        """Write the sample as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, line: str) -> Sample:
        """Read a sample from one line of JSON.

        Args:
            line: The line.

        Raises:
            CorpusError: A field is missing, unknown or has an unknown value.
        """
        try:
            return read_record(cls, json.loads(line), "sample")
        except ValueError as error:
            raise CorpusError(f"not a sample: {error}") from error


def file_hash(path: Path) -> str:
    """Compute the SHA-256 of a file, hex.

    Args:
        path: The file.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
