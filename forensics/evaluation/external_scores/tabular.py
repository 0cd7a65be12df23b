"""Read scores from CSV, JSON and NPZ of any common structure."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from io import TextIOWrapper
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from forensics.evaluation.errors import ScoresError
from forensics.execution.progress import Report, silent
from watermark import read_arrays

from .columns import ATTRIBUTE, Cell, choose_columns
from .records import Records, interpret, read_number
from .text_files import encoding_of, read_text

if TYPE_CHECKING:
    from _csv import Reader

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_SHAPES = (
    "a list of records, an object of equally long lists, an object of videos and scores, or one of these per data set"
)
_PIECE = 20_000  # lines that are taken apart at once
_DELIMITERS = ",;\t"
_TOLD = re.compile(r"^sep=(.)\r?$")  # the first line by which spreadsheets say the delimiter
_HALVES = re.compile(r"^[+-]?\d+,\d+$")


def read_csv(path: Path, asked: Mapping[str, str], report: Report = silent) -> tuple[Records, dict[str, str]]:
    """Read CSV, also with tabs or semicolons; return the rows and the column of each field.

    Args:
        path: The file, in UTF-8 or UTF-16.
        asked: The user's choice of columns by field.
        report: Progress callback.

    Raises:
        ScoresError: The file is not such a table, or a line is invalid; the message names the line.
    """
    try:
        table = _Csv(path)
        with table.open() as file:
            cells, chosen = _read_cells(table, file, asked, report)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ScoresError(f"{path} cannot be read as CSV ({error}); write it as UTF-8 text", path) from None
    if not cells["video"]:
        raise ScoresError(f"{path} has a header and no line of scores", path)
    return interpret(cells, chosen, lambda row: f"line {table.line_of(row)}", path), chosen


def _read_cells(
    table: _Csv, file: TextIOWrapper, asked: Mapping[str, str], report: Report
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Read the columns that are used; return the cells of each field, and the column of each field."""
    path, size = table.path, max(table.path.stat().st_size, 1)
    reader = filter(None, table.rows(file))
    header = [name.strip() for name in next(reader, [])]
    chosen = choose_columns([name for name in header if name], asked, path)
    used = chosen | {name: name for name in header if name.startswith(ATTRIBUTE) and name != ATTRIBUTE}
    places = {field: header.index(column) for field, column in used.items()}
    cells: dict[str, list[str]] = {field: [] for field in places}
    while piece := list(islice(reader, _PIECE)):
        for row in (row for row in piece if len(row) != len(header)):
            if len(row) > len(header):
                line = table.line_of(len(cells["video"]) + piece.index(row))
                raise ScoresError(f"{path}, line {line}: {_too_many(row, header)}", path)
            row += [""] * (len(header) - len(row))
        columns = list(zip(*piece, strict=True))
        for field, place in places.items():
            cells[field] += map(str.strip, columns[place])
        report(min(os.lseek(file.fileno(), 0, os.SEEK_CUR) / size, 1.0), f"reading {path.name}")
    return cells, chosen


class _Csv:
    """A CSV file with its encoding and delimiter; it is read in pieces, never as a whole."""

    def __init__(self, path: Path) -> None:
        self.path, self._encoding, self._before = path, encoding_of(path), 0
        with self.open() as file:
            header = file.readline()
            told = _TOLD.match(header)
            if told:
                header = file.readline()
        self._before = int(told is not None)
        self._delimiter = told[1] if told else max(_DELIMITERS, key=header.count)

    def open(self) -> TextIOWrapper:
        """Open the file at the header."""
        file = self.path.open(encoding=self._encoding, newline="")
        if self._before:
            file.readline()
        return file

    def rows(self, file: TextIOWrapper) -> Reader:
        """Return a reader of the cells of the header and of every line."""
        return csv.reader(file, strict=True, delimiter=self._delimiter)

    def line_of(self, row: int) -> int:
        """Return the number of the line, from 1, on which a row ends; rows count from 0 after the header."""
        with self.open() as file:
            reader = self.rows(file)
            found = -1
            for cells in reader:
                found += bool(cells)
                if found > row:
                    break
            return reader.line_num + self._before


def _too_many(row: Sequence[str], header: Sequence[str]) -> str:
    """Return what is wrong with a row that has more cells than the header."""
    if len(row) == len(header) + 1 and any(_HALVES.match(f"{a},{b}") for a, b in pairwise(row)):
        return "more cells than the header has columns, as with decimal commas; write decimal points"
    return "more cells than the header has columns"


def read_json(path: Path, asked: Mapping[str, str], report: Report = silent) -> tuple[Records, dict[str, str]]:
    """Read JSON or JSON Lines; see `read_csv`.

    Accepted are a list of records, an object of equally long lists, an object from video to score, to list of frame
    scores or to record, and any of these one level deeper, by data set.
    """
    report(0.0, f"reading {path.name}")
    text = read_text(path, "JSON")
    try:
        lines = path.suffix.lower() in (".jsonl", ".ndjson")
        content: Json = [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScoresError(f"{path} is not JSON ({' '.join(str(error).split())[:120]})", path) from None
    return _read_json(content, asked, path)


def read_npz(path: Path, asked: Mapping[str, str], report: Report = silent) -> tuple[Records, dict[str, str]]:
    """Read equally long arrays from NPZ; see `read_csv`. Pickled objects in it are rejected."""
    report(0.0, f"reading {path.name}")
    try:
        content: dict[str, Json] = {name: array.squeeze().tolist() for name, array in read_arrays(path).items()}
    except ValueError as error:
        raise ScoresError(f"{path} cannot be read as NPZ ({' '.join(str(error).split())[:120]})", path) from None
    return _read_json(content, asked, path)


def _read_json(content: Json, asked: Mapping[str, str], path: Path) -> tuple[Records, dict[str, str]]:
    rows = list(_rows(content, asked, path))
    if not rows:
        raise ScoresError(f"{path} holds no scores; wanted is {_SHAPES}", path)
    present = list(dict.fromkeys(name for _, row in rows for name in row))
    chosen = choose_columns(present, asked, path)
    used = chosen | {name: name for name in present if name.startswith(ATTRIBUTE) and name != ATTRIBUTE}
    cells = {field: [_text(row.get(column)) for _, row in rows] for field, column in used.items()}
    return interpret(cells, chosen, lambda row: rows[row][0], path), chosen


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _rows(content: Json, asked: Mapping[str, str], path: Path) -> Iterator[tuple[str, dict[str, Cell]]]:
    if isinstance(content, list):
        for number, entry in enumerate(content, start=1):
            if not isinstance(entry, dict):
                raise ScoresError(f"{path}, entry {number}: expected a record, found {str(entry)[:40]!r}", path)
            yield f"entry {number}", _cells(entry)
    elif isinstance(content, dict) and _is_columns(content, asked):
        yield from _from_columns(content, path)
    elif isinstance(content, dict) and content and all(_holds_scores(inside, asked) for inside in content.values()):
        for name, inside in content.items():
            for where, row in _rows(inside, asked, path):
                yield f"{name}, {where}", ({"dataset": name, **row} if len(content) > 1 else row)
    elif isinstance(content, dict):
        yield from _by_video(content, path)
    else:
        raise ScoresError(f"{path} holds {str(content)[:40]!r}; wanted is {_SHAPES}", path)


def _holds_scores(inside: Json, asked: Mapping[str, str]) -> bool:
    """Return whether a value is a whole table, so that its key names a data set."""
    if isinstance(inside, list):
        return bool(inside) and all(isinstance(entry, dict) for entry in inside)
    return isinstance(inside, dict) and _is_columns(inside, asked)


def _is_columns(content: Mapping[str, Json], asked: Mapping[str, str]) -> bool:
    """Return whether an object is a table of columns, whose lists have names of fields, and not an object of videos."""
    lists = [name for name, value in content.items() if isinstance(value, list)]
    try:
        chosen = choose_columns(lists, asked, Path())
    except ScoresError:
        return False
    return len(chosen) > 1


def _from_columns(content: Mapping[str, Json], path: Path) -> Iterator[tuple[str, dict[str, Cell]]]:
    columns = {name: value for name, value in content.items() if isinstance(value, list)}
    lengths = {name: len(value) for name, value in columns.items()}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ScoresError(f"{path}: its lists are not equally long ({told})", path)
    for number, values in enumerate(zip(*columns.values(), strict=True), start=1):
        yield f"entry {number}", _cells(dict(zip(columns, values, strict=True)))


def _by_video(content: Mapping[str, Json], path: Path) -> Iterator[tuple[str, dict[str, Cell]]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _expanded(name, _cells_and_lists(value), path)
        elif isinstance(value, list):
            yield from _expanded(name, {"score": value}, path)
        else:
            where = f"entry {name!r}"
            yield where, {"video": name, "score": read_number(str(value), where, path)}


def _expanded(name: str, record: Mapping[str, Cell | list[Json]], path: Path) -> Iterator[tuple[str, dict[str, Cell]]]:
    """Yield one row for each frame of a video whose scores are in a list."""
    lists = {field: value for field, value in record.items() if isinstance(value, list)}
    fixed: dict[str, Cell] = {field: value for field, value in record.items() if not isinstance(value, list)}
    lengths = {len(value) for value in lists.values()}
    if len(lengths) > 1:
        raise ScoresError(f"{path}, entry {name!r}: its lists are not equally long", path)
    for number in range(lengths.pop() if lengths else 1):
        yield (
            f"entry {name!r}",
            {"video": name} | fixed | _cells({field: value[number] for field, value in lists.items()}),
        )


def _cells(entry: Mapping[str, Json]) -> dict[str, Cell]:
    return {str(name): value for name, value in entry.items() if not isinstance(value, dict | list)}


def _cells_and_lists(entry: Mapping[str, Json]) -> dict[str, Cell | list[Json]]:
    return {str(name): value for name, value in entry.items() if not isinstance(value, dict)}
