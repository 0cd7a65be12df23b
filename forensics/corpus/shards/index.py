"""Read, write and check the list of an export's shards.

The index is written last. A shard that it does not name, or that differs from it, is not read.
"""

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
"""Largest accepted size of an index, far more than any export has."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One written shard.

    Attributes:
        name: File name, relative to the export's folder.
        split: The split of its samples.
        samples: Number of samples.
        bytes: Size of the file.
        sha256: SHA-256 of the file, hex.
        plan: SHA-256 of the plan that determines its content, hex.
    """

    name: str
    split: str
    samples: int
    bytes: int
    sha256: str
    plan: str


@dataclass(frozen=True, slots=True)
class Index:
    """The content of an export.

    Attributes:
        format: `FORMAT`, with the kind of shards.
        corpus: Name of the corpus.
        seed: Seed of the order.
        samples: Number of samples.
        shards: The shards, in order.
        manifest: SHA-256 of `manifest.parquet`, hex.
    """

    format: str
    corpus: str
    seed: int
    samples: int
    shards: tuple[Shard, ...]
    manifest: str

    def write(self, folder: Path) -> None:
        """Write the index in one step."""
        text = write_json(asdict(self), indent=1) + "\n"
        write_whole(folder / INDEX, lambda part: part.write_text(text, "utf-8"))


def is_export(folder: Path) -> bool:
    """Return whether a folder looks like an export in tar shards, finished or not."""
    return folder.is_dir() and any(_NAME.fullmatch(path.name) for path in folder.glob("*.tar"))


def read_index(folder: Path) -> Index:
    """Read the index of an export in tar shards.

    Args:
        folder: The export's folder.

    Raises:
        CorpusError: There is no index, because the export never ended or the folder is no export, or it is damaged.
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
    """Return the path of a shard's file after checking that the file is complete.

    Raises:
        CorpusError: The file is missing, half-written or changed.
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
