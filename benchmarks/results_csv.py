"""Write measurements as CSV, in the same way for every script."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a results file: fractions with four decimals, and an empty cell where a value is None.

    Args:
        path: The file.
        header: Names of the columns.
        rows: Rows with one cell for each column.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)
    print(f"wrote {path}")


def write_records(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    """Write a results file from mappings, whose keys are the columns; values are written as they are.

    Args:
        path: The file.
        records: At least one; all have the keys of the first.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    print(f"wrote {path}")


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else value
