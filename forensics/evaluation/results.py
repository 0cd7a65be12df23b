"""Write and read reports as JSON and CSV, and read scores made by any program."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from forensics.records import read_record

from .errors import ScoresError
from .protocol import EvalReport, Measure
from .tables import ScoreTable

REPORT_NAME = "evaluation.json"
MEASURES_NAME = "measures.csv"

_REQUIRED = ("video", "identity", "label", "score")
_KEY = ("dataset", "method", "compression", "video")
_SLICE = "group"
_SEVERAL = "+"
_PLAIN = "plain"


def write_report(report: EvalReport, folder: Path) -> tuple[Path, Path]:
    """Write a report as `evaluation.json` and its measures as `measures.csv`; give both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    document, table = folder / REPORT_NAME, folder / MEASURES_NAME
    text = json.dumps(asdict(report), indent=2, ensure_ascii=False, allow_nan=False)
    document.write_text(text + "\n", encoding="utf-8")
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [item.name for item in fields(Measure)])
        writer.writeheader()
        writer.writerows(asdict(measure) for measure in report.measures)
    return document, table


def read_report(path: Path) -> EvalReport:
    """Read a report from `evaluation.json` or the folder that holds it.

    Raises:
        ScoresError: If the file is absent or not a report.
    """
    document = path / REPORT_NAME if path.is_dir() else path
    try:
        record = json.loads(document.read_text(encoding="utf-8"))
        return read_record(EvalReport, record, "report")
    except (OSError, ValueError) as error:
        raise ScoresError(f"{document} is not an evaluation report: {error}", document) from error


def write_scores(table: ScoreTable, path: Path) -> None:
    """Write a table as CSV that `read_scores` reads back; several identities are joined by `+`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*_REQUIRED, _SLICE))
        for row in range(len(table)):
            identity = _SEVERAL.join(table.identities[row])
            writer.writerow(
                (table.videos[row], identity, int(table.labels[row]), repr(float(table.scores[row])), table.slices[row])
            )


def read_scores(path: Path) -> ScoreTable:
    """Read scores that any program wrote as CSV.

    Columns: `video, identity, label, score`, and optionally `frame, method, dataset, compression, group`.

    A row is a frame, or a whole video. Videos are kept apart by data set, method, compression and name together: by
    name alone, `000_003` of four methods would be one video. `group` names the slice; several identities are joined by
    `+`.

    Raises:
        ScoresError: If the file cannot be read, a column is missing, there is no row, or a row has no video or
            identity, a label other than 0 and 1, or a score that is not finite; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
            if missing:
                raise ScoresError(
                    f"{path} lacks the column {', '.join(missing)}; wanted are {', '.join(_REQUIRED)}", path
                )
            rows = [_Row(record, path, reader.line_num) for record in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScoresError(f"{path} cannot be read as CSV: {error}", path) from error
    if not rows:
        raise ScoresError(f"{path} has a header and no row", path)
    try:
        return ScoreTable(
            videos=tuple(row.video for row in rows),
            identities=tuple(row.identities for row in rows),
            labels=np.array([row.label for row in rows]),
            scores=np.array([row.score for row in rows]),
            slices=tuple(row.slice for row in rows),
        )
    except ScoresError as error:
        raise ScoresError(f"{path}: {error}", path) from error


class _Row:
    """Read one line, or say what is wrong with it."""

    def __init__(self, record: Mapping[str, str | None], path: Path, line: int) -> None:
        self._record, self._path, self._line = record, path, line
        self._text("video")
        self.video = "/".join(part for part in (self._optional(name) for name in _KEY) if part)
        self.identities = tuple(name.strip() for name in self._text("identity").split(_SEVERAL) if name.strip())
        self.label = self._label()
        self.score = self._score()
        self.slice = self._optional(_SLICE) or _PLAIN

    def _optional(self, name: str) -> str:
        return (self._record.get(name) or "").strip()

    def _text(self, name: str) -> str:
        text = self._optional(name)
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

    def _wrong(self, what: str) -> ScoresError:
        return ScoresError(f"{self._path}, line {self._line}: {what}", self._path)
