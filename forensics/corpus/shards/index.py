"""The list of an export's shards, written last: what it does not name, or what differs from it, is not read."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.errors import CorpusError
from forensics.storage.files import write_whole
from forensics.storage.json_records import parse_json, read_record, write_json

INDEX = "index.json"
FORMAT = "facetrail shards 1"

_NAME = re.compile(r"(?:train|val|test)-\d{6}\.tar")
_MOST_BYTES = 1 << 30
"""Of an index: far more than any export has."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One written shard.

    Attributes:
        name: Of the file, relative to the export's folder.
        split: Which split its samples stand in.
        samples: How many.
        bytes: Size of the file.
        sha256: Of the file, hex.
        plan: SHA-256 of what it follows from, hex.
    """

    name: str
    split: str
    samples: int
    bytes: int
    sha256: str
    plan: str


@dataclass(frozen=True, slots=True)
class Index:
    """What an export holds.

    Attributes:
        format: `FORMAT`, with what kind of shards.
        corpus: Name of the corpus.
        seed: Of the order.
        samples: How many.
        shards: In order.
        manifest: SHA-256 of `manifest.parquet`, hex.
    """

    format: str
    corpus: str
    seed: int
    samples: int
    shards: tuple[Shard, ...]
    manifest: str

    def write(self, folder: Path) -> None:
        """Write it whole."""
        text = write_json(asdict(self), indent=1) + "\n"
        write_whole(folder / INDEX, lambda part: part.write_text(text, "utf-8"))


def is_export(folder: Path) -> bool:
    """Tell whether a folder looks like an export in tar shards, finished or not."""
    return folder.is_dir() and any(_NAME.fullmatch(path.name) for path in folder.glob("*.tar"))


def read_index(folder: Path) -> Index:
    """Read the index of an export in tar shards.

    Args:
        folder: The export's folder.

    Raises:
        CorpusError: There is none, because the export never ended or is none, or it is damaged.
    """
    path = folder / INDEX
    if not path.is_file():
        raise CorpusError(
            f"{folder} is no finished export: {INDEX} is missing; run `facetrail corpus export` again, which continues",
            folder,
        )
    if path.stat().st_size > _MOST_BYTES:
        raise CorpusError(f"{path} is too large for an index; export again", path)
    try:
        index = read_record(Index, parse_json(path.read_bytes()), "index")
    except ValueError as error:
        raise CorpusError(f"{path} is no index of shards ({error}); export again", path) from error
    if index.format != f"{FORMAT}, webdataset":
        raise CorpusError(f"{path}: {index.format!r} is not read back; export with `--to webdataset`", path)
    for shard in index.shards:
        if not _NAME.fullmatch(shard.name):
            raise CorpusError(f"{path}: {shard.name!r} is no name of a shard; export again", path)
    return index


def check_shard(folder: Path, shard: Shard) -> Path:
    """Name a shard's file, if it is whole.

    Raises:
        CorpusError: It is missing, half-written or changed.
    """
    from watermark import file_hash  # not at the top: help for a command would load all that reads media

    path = folder / shard.name
    size = path.stat().st_size if path.is_file() else None
    if size is None:
        raise CorpusError(f"{path}: is missing; copy it again, or export again, which continues", path)
    if size != shard.bytes:
        how = "half-written" if size < shard.bytes else "longer than it was"
        raise CorpusError(f"{path}: is {how}: {size} of {shard.bytes} bytes; copy it again, or export again", path)
    if file_hash(path) != shard.sha256:
        raise CorpusError(f"{path}: is not the shard that {INDEX} describes; copy it again, or export again", path)
    return path
