"""Format tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> str:
    """Return rows of text in columns as wide as their widest cell; numbers are aligned to the right.

    Args:
        rows: The rows, all of one length; the first contains the headings.
        indent: Text before every line.
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
