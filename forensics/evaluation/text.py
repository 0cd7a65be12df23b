"""Lay tables out for a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> str:
    """Put rows of text into columns as wide as their widest cell; numbers are set flush right.

    Args:
        rows: The first holds the headings; all are equally long.
        indent: Put before every line.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [all(_is_number(cell) for cell in column[1:]) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, numeric, strict=True)
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return (bool(cell) and cell.lstrip("<+-−– ").replace(".", "", 1).isdigit()) or cell == "–"
