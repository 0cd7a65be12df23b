"""Write every chart as a separate SVG file, and every table as CSV."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from forensics.reporting.charts.heat import size_of

from .blocks import Figure, ReportContents, Table

FIGURES, TABLES = "figures", "tables"
TEMPLATES = Path(__file__).parent / "templates"

_TOKEN = re.compile(r"--([\w-]+): ([^;]+);")
_USE = re.compile(r"var\(--([\w-]+)\)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_exports(contents: ReportContents, folder: Path) -> tuple[Path, ...]:
    """Write `figures/*.svg` and `tables/*.csv`, and return their paths.

    Args:
        contents: The report.
        folder: Parent of the two folders, which are created.
    """
    written: list[Path] = []
    for name, pieces in ((FIGURES, list(contents.figures)), (TABLES, list(contents.tables))):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for piece in pieces:
            path = folder / name / file_name(piece)
            path.write_text(as_svg(piece) if isinstance(piece, Figure) else as_csv(piece), "utf-8", newline="")
            written.append(path)
    return tuple(written)


def file_name(piece: Figure | Table) -> str:
    """Return the file name of a chart or a table."""
    return f"{piece.name}.svg" if isinstance(piece, Figure) else f"{piece.name}.csv"


def as_svg(figure: Figure) -> str:
    """Return a chart as a separate document, in the light colours, on white, without variables."""
    width, height = size_of(figure.svg)
    style = chart_style()
    body = str(figure.svg).replace(
        '<svg class="chart"',
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="{width:.0f}" height="{height:.0f}"',
        1,
    )
    head, _, rest = body.partition(">")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}><style>{style}</style>{rest}\n'


def as_csv(table: Table) -> str:
    """Return a table as CSV; an apostrophe keeps a spreadsheet from executing a name as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([[_inert(value) for value in line] for line in (table.header, *table.lines)])
    return out.getvalue()


def chart_style() -> str:
    """Return the charts' style sheet with the light colours filled in."""
    light = (TEMPLATES / "tokens.css").read_text("utf-8").partition("@media")[0]
    values = dict(_TOKEN.findall(light))
    return _USE.sub(lambda match: values[match[1]], (TEMPLATES / "chart.css").read_text("utf-8"))


def _inert(value: str) -> str:
    if not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
