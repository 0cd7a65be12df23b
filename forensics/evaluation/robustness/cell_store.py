"""Cache scores: finished cells as tables of scores, finished shards as parts until their cells are complete.

Everything is written under a temporary name and renamed, and has two digests: of its inputs, and of its own bytes. A
file that does not match both is computed again; a damaged file is never used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from forensics.evaluation import ScoresError, ScoreTable, read_scores, write_scores
from forensics.storage.files import write_whole
from watermark import file_hash

from .work_units import CellKey, CellRow, Shard

PARTS = "parts"


@dataclass(frozen=True, slots=True, eq=False)
class KeptCell:
    """A finished cell.

    Attributes:
        table: One row per frame.
        unchanged: Videos that the distortion left as they were.
        recipes: The drawn recipe of each video, for cells that draw their changes.
    """

    table: ScoreTable
    unchanged: tuple[str, ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellStore:
    """The folder of a detector's cells.

    Attributes:
        folder: Path of the folder.
        digest: Digest of corpus, samples, detector, seed and settings, which determine every cell.
    """

    folder: Path
    digest: str

    def cell_digest(self, key: CellKey, parameter: str) -> str:
        """Return the digest of everything that determines one cell."""
        return _digest([self.digest, *key, parameter])

    def load(self, key: CellKey, parameter: str) -> KeptCell | None:
        """Read a finished cell; return None where it is missing, has another digest or is damaged."""
        path = self.folder / f"{file_name(key)}.csv"
        with suppress(OSError, ValueError, KeyError, TypeError, ScoresError):
            about = json.loads(path.with_suffix(".json").read_text("utf-8"))
            if about["digest"] == self.cell_digest(key, parameter) and about["sha256"] == file_hash(path):
                return KeptCell(read_scores(path), tuple(about["unchanged"]), dict(about["recipes"]))
        return None

    def save(self, key: CellKey, parameter: str, kept: KeptCell) -> None:
        """Write a finished cell: the scores as CSV, and with them the digests.

        A cell that draws its changes also writes the lines that DeeperForensics-1.0 calls a meta file.
        """
        path = self.folder / f"{file_name(key)}.csv"
        write_scores(kept.table, path)
        if kept.recipes:
            lines = "".join(f"{video} {recipe}\n" for video, recipe in kept.recipes.items())
            write_whole(path.with_suffix(".meta.txt"), lambda part: part.write_text(lines, "utf-8"))
        about = {
            "distortion": key[0],
            "severity": key[1],
            "parameter": parameter,
            "digest": self.cell_digest(key, parameter),
            "sha256": file_hash(path),
            "unchanged": list(kept.unchanged),
            "recipes": dict(kept.recipes),
        }
        text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
        write_whole(path.with_suffix(".json"), lambda part: part.write_text(text, "utf-8"))

    def load_parts(self) -> dict[tuple[CellKey, int], CellRow]:
        """Read the rows of finished shards; damaged or foreign parts are skipped."""
        rows: dict[tuple[CellKey, int], CellRow] = {}
        for path in sorted((self.folder / PARTS).glob("*.json")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                part = json.loads(path.read_text("utf-8"))
                if part["digest"] == self.digest and part["sha256"] == _digest(part["rows"]):
                    for row in map(_row, part["rows"]):
                        rows[row.cell, row.index] = row
        return rows

    def save_part(self, shard: Shard, rows: Sequence[CellRow]) -> None:
        """Write the rows of a finished shard."""
        plain = json.loads(json.dumps([asdict(row) for row in rows]))
        text = json.dumps({"digest": self.digest, "sha256": _digest(plain), "rows": plain})
        path = self.folder / PARTS / f"{shard.first:06d}-{_digest([shard.cells])[:12]}.json"
        write_whole(path, lambda part: part.write_text(text, "utf-8"))

    def drop_parts(self) -> None:
        """Remove the parts, whose cells are complete."""
        folder = self.folder / PARTS
        for path in folder.glob("*.json") if folder.is_dir() else ():
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()


def file_name(key: CellKey) -> str:
    """Return the file name of a cell: `deeperforensics1.pixelation-3`."""
    return f"{key[0].replace(':', '.')}-{key[1]}"


def _row(record: Mapping[str, object]) -> CellRow:
    name, severity = _sequence(record["cell"])
    return CellRow(
        cell=(str(name), int(str(severity))),
        index=int(str(record["index"])),
        scores=tuple(float(str(score)) for score in _sequence(record["scores"])),
        covered=record["covered"] is True,
        changed=record["changed"] is True,
        recipe=str(record["recipe"]),
    )


def _sequence(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, got {value!r}")
    return value


def _digest(parts: Iterable[object]) -> str:
    return hashlib.sha256(json.dumps(list(parts), sort_keys=True).encode()).hexdigest()
