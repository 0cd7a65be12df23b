"""Read scores as CSV from any program, and write our own in the same format."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from forensics.evaluation.errors import ScoresError
from forensics.storage.files import write_whole

from .score_table import ScoreTable

SCORES_NAME = "scores.csv"
VALIDATION_NAME = "validation.csv"

_REQUIRED = ("video", "identity", "label", "score")
_KEY = ("dataset", "method", "compression", "video")
_SLICE = "group"
_COVERED = "covered"
_UNDECIDED = 0.5
_ATTRIBUTE = "attribute."
_SEVERAL = "+"
_PLAIN = "plain"
_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def write_scores(table: ScoreTable, path: Path) -> None:
    """Write a table as CSV that `read_scores` can read; several identities are joined by `+`."""
    write_whole(path, lambda part: _write(table, part))


def _write(table: ScoreTable, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        names = [f"{_ATTRIBUTE}{name}" for name in table.attributes]
        writer.writerow((*_KEY[:3], *_REQUIRED, _SLICE, _COVERED, *names))
        keys = map(_split_key, table.videos, table.methods)
        columns = (
            map(_SEVERAL.join, table.identities),
            np.asarray(table.labels).astype(np.int64).tolist(),
            map(repr, np.asarray(table.scores, dtype=np.float64).tolist()),
            table.slices,
            table.covered.astype(np.int64).tolist(),
            *table.attributes.values(),
        )
        writer.writerows((*key, *cells) for key, *cells in zip(keys, *columns, strict=True))


def read_scores(path: Path) -> ScoreTable:
    """Read scores that any program wrote as CSV.

    The columns are `video, identity, label, score`, and optionally `frame, method, dataset, compression, group,
    covered` and one `attribute.<name>` for each known attribute of the people.

    A row is a frame, or a whole video. Videos are identified by data set, method, compression and name together,
    because by name alone `000_003` of four methods would be one video. `group` names the slice; several identities are
    joined by `+`; `covered` is 0 where no face was found, and such a row counts with a score of 0.5.

    Raises:
        ScoresError: The file cannot be read, a column is missing, there is no row, or a row has no video or
            identity, a label other than 0 and 1, or a score that is not finite; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = reader.fieldnames or ()
            missing = [name for name in _REQUIRED if name not in columns]
            if missing:
                raise ScoresError(
                    f"{path} lacks the column {', '.join(missing)}; wanted are {', '.join(_REQUIRED)}", path
                )
            rows = [_Row(record, path, reader.line_num) for record in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScoresError(f"{path} cannot be read as CSV: {error}", path) from error
    if not rows:
        raise ScoresError(f"{path} has a header and no row", path)
    attributes = [name for name in columns if name.startswith(_ATTRIBUTE) and len(name) > len(_ATTRIBUTE)]
    try:
        return ScoreTable(
            videos=tuple(row.video for row in rows),
            identities=tuple(row.identities for row in rows),
            labels=np.array([row.label for row in rows]),
            scores=np.array([row.score for row in rows]),
            slices=tuple(row.slice for row in rows),
            methods=tuple(row.method for row in rows),
            attributes={
                name.removeprefix(_ATTRIBUTE): tuple(row.optional(name) for row in rows) for name in attributes
            },
            covered=np.array([row.covered for row in rows]),
        )
    except ScoresError as error:
        raise ScoresError(f"{path}: {error}", path) from error


def _split_key(key: str, method: str) -> tuple[str, str, str, str]:
    """Return dataset, method, compression and name of a key, which joined by `/` make the key again."""
    if not method:
        return "", "", "", key
    before, _, after = f"/{key}".partition(f"/{method}/")
    compression, _, name = after.rpartition("/")
    return before.removeprefix("/"), method, compression, name


class _Row:
    """One line of the file, checked."""

    def __init__(self, record: Mapping[str, str | None], path: Path, line: int) -> None:
        self._record, self._path, self._line = record, path, line
        self._text("video")
        self.video = "/".join(part for part in (self.optional(name) for name in _KEY) if part)
        self.identities = tuple(name.strip() for name in self._text("identity").split(_SEVERAL) if name.strip())
        self.label = self._label()
        self.covered = self._covered()
        self.score = self._score() if self.covered else _UNDECIDED
        self.slice = self.optional(_SLICE) or _PLAIN
        self.method = self.optional("method")

    def optional(self, name: str) -> str:
        """Return a column's text, empty where there is none."""
        return (self._record.get(name) or "").strip()

    def _text(self, name: str) -> str:
        text = self.optional(name)
        if not text:
            raise self._wrong(f"no {name}")
        return text

    def _label(self) -> int:
        text = self._text("label")
        if text not in ("0", "1"):
            raise self._wrong(f"label {text!r}; wanted is 0 genuine or 1 manipulated")
        return int(text)

    def _score(self) -> float:
        text = self._text("score")
        try:
            score = float(text)
        except ValueError:
            raise self._wrong(f"score {text!r} is not a number") from None
        if not math.isfinite(score):
            raise self._wrong(f"score {text!r} is not finite")
        return score

    def _covered(self) -> bool:
        text = self.optional(_COVERED).lower() or "1"
        if text not in _TRUTHS:
            raise self._wrong(f"covered {text!r}; wanted is 1 or 0")
        return _TRUTHS[text]

    def _wrong(self, what: str) -> ScoresError:
        return ScoresError(f"{self._path}, line {self._line}: {what}", self._path)
