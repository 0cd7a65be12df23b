"""Read scores from CSV, JSON and NPZ of any common structure."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from forensics.evaluation.errors import ScoresError
from watermark import read_arrays

from .columns import Cell, Record, choose_columns, read_number, read_record

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_SHAPES = (
    "a list of records, an object of equally long lists, an object of videos and scores, or one of these per data set"
)


def read_csv(path: Path, asked: Mapping[str, str]) -> tuple[list[Record], dict[str, str]]:
    """Read CSV, also with tabs or semicolons; return the records and the column of each field.

    Raises:
        ScoresError: The file is not such a table, or a line is invalid; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=header.count)
            reader = csv.DictReader(file, strict=True, delimiter=delimiter)
            chosen = choose_columns([name for name in reader.fieldnames or () if name], asked, path)
            records = []
            for row in reader:
                if None in row:
                    raise ScoresError(f"{path}, line {reader.line_num}: more cells than the header has columns", path)
                records.append(read_record(row, chosen, f"line {reader.line_num}", path))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ScoresError(f"{path} cannot be read as CSV ({error}); write it as UTF-8 text", path) from None
    if not records:
        raise ScoresError(f"{path} has a header and no line of scores", path)
    return records, chosen


def read_json(path: Path, asked: Mapping[str, str]) -> tuple[list[Record], dict[str, str]]:
    """Read JSON or JSON Lines; see `read_csv`.

    Accepted are a list of records, an object of equally long lists, an object from video to score, to list of frame
    scores or to record, and any of these one level deeper, by data set.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = path.suffix.lower() in (".jsonl", ".ndjson")
        content: Json = [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ScoresError(f"{path} is not JSON ({' '.join(str(error).split())[:120]})", path) from None
    return _read_json(content, asked, path)


def read_npz(path: Path, asked: Mapping[str, str]) -> tuple[list[Record], dict[str, str]]:
    """Read equally long arrays from NPZ; see `read_csv`. Pickled objects in it are rejected."""
    try:
        content: dict[str, Json] = {name: array.squeeze().tolist() for name, array in read_arrays(path).items()}
    except ValueError as error:
        raise ScoresError(f"{path} cannot be read as NPZ ({' '.join(str(error).split())[:120]})", path) from None
    return _read_json(content, asked, path)


def _read_json(content: Json, asked: Mapping[str, str], path: Path) -> tuple[list[Record], dict[str, str]]:
    rows = list(_rows(content, asked, path))
    if not rows:
        raise ScoresError(f"{path} holds no scores; wanted is {_SHAPES}", path)
    present = list(dict.fromkeys(name for _, row in rows for name in row))
    chosen = choose_columns(present, asked, path)
    return [read_record(row, chosen, where, path) for where, row in rows], chosen


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
            yield where, {"video": name, "score": read_number(str(value), f"{path}, {where}", path)}


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
