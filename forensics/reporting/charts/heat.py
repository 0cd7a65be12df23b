"""Draw maps of numbers: robustness, cross-forgery and transfer matrices. A deeper colour means more harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .drawing import svg, text

_CELL, _ROW, _GAP = 66, 38, 3
_STRONG = 0.72
_CHARACTER = 6.6
_SMALL_CHARACTER = 5.9


@dataclass(frozen=True, slots=True)
class Square:
    """One number of a map.

    Attributes:
        text: The number.
        harm: 0 for no colour to 1 for full colour.
        small: A second line, such as the distortion's parameter.
        hint: Text shown on hover, such as the interval.
    """

    text: str
    harm: float
    small: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a map.

    Attributes:
        name: Name before the row.
        squares: The squares, from left to right; None leaves a gap.
        heading: Heading of the group that begins with this row, empty within a group.
    """

    name: str
    squares: tuple[Square | None, ...]
    heading: str = ""


def heat_map(title: str, rows: Sequence[Row], columns: Sequence[str]) -> Markup:
    """Draw a map.

    Args:
        title: Title that a screen reader reads.
        rows: The rows, from top to bottom.
        columns: Headings of the columns, from left to right.
    """
    left = 16 + _CHARACTER * max((len(row.name) for row in rows), default=0)
    cell = max(_CELL, 14 + _CHARACTER * max((len(name) for name in columns), default=0))
    words = [square.small for row in rows for square in row.squares if square is not None]
    cell = max(cell, 12 + _SMALL_CHARACTER * max(map(len, words), default=0))
    parts = [text(left + (index + 0.5) * cell, 14, name, "tick", "middle") for index, name in enumerate(columns)]
    y = 24.0
    for row in rows:
        if row.heading:
            y += 22
            parts.append(text(0, y - 8, row.heading, "name"))
        parts.append(text(0, y + _ROW / 2 + 4, row.name, "label"))
        for index, square in enumerate(row.squares):
            if square is not None:
                parts.append(_square(left + index * cell, y, cell - _GAP, square))
        y += _ROW + _GAP
    return svg(left + cell * len(columns), y, title, parts)


def size_of(drawn: Markup) -> tuple[float, float]:
    """Return width and height of a drawing in its own units."""
    box = drawn.partition('viewBox="0 0 ')[2].partition('"')[0].split()
    return float(box[0]), float(box[1])


def _square(x: float, y: float, width: float, square: Square) -> Markup:
    harm = min(max(square.harm, 0.0), 1.0)
    strong = " strong" if harm > _STRONG else ""
    middle = x + width / 2
    words = [text(middle, y + (17 if square.small else 24), square.text, f"value{strong}", "middle")]
    if square.small:
        words.append(text(middle, y + 31, square.small, f"small{strong}", "middle"))
    return Markup("<g><title>{}</title>{}{}{}</g>").format(
        square.hint or square.text,
        _fill(x, y, width, "cell", 1.0),
        _fill(x, y, width, "harm", harm),
        Markup("").join(words),
    )


def _fill(x: float, y: float, width: float, kind: str, opacity: float) -> Markup:
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:d}" rx="3" fill-opacity="{:.2f}"/>'
    ).format(kind, x, y, width, _ROW, opacity)
