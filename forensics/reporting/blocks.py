"""Declare the parts of a page as plain values: sections of figures, tables, pictures and text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: Text on the page.
        small: A second line, such as an interval.
        values: Values in the CSV file, one for each field of the column.
        kind: Style: empty, `mono`, `good` or `bad`.
        hint: Text shown on hover.
    """

    text: str
    small: str = ""
    values: tuple[str, ...] = ()
    kind: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        title: Title on the page.
        fields: Names of its columns in the CSV file; empty for one of the same title.
        numeric: Whether it is aligned to the right.
    """

    title: str
    fields: tuple[str, ...] = ()
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table, also written as CSV.

    Attributes:
        name: Stem of its CSV file, unique on the page.
        title: Heading.
        columns: Columns of every row.
        rows: Cells in the order of the columns.
        note: One sentence below it.
        folded: Whether the page shows it only on request; print always shows it.
    """

    kind: ClassVar[str] = "table"
    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False

    @property
    def header(self) -> list[str]:
        """Return the field names of the CSV file."""
        return [field for column in self.columns for field in (column.fields or (column.title,))]

    @property
    def lines(self) -> list[list[str]]:
        """Return the records of the CSV file."""
        return [[value for cell in row for value in (cell.values or (cell.text,))] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Key:
    """One line of a legend.

    Attributes:
        text: Name of the series.
        tone: Style class of the series.
        note: Number and interval.
    """

    text: str
    tone: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, also written as SVG.

    Attributes:
        name: Stem of its SVG file, unique on the page.
        title: Heading.
        svg: The drawing, coloured by the style classes of `chart.css`.
        legend: Legend of its series.
        note: One sentence below it.
        wide: Whether it takes the whole width and scrolls in its own box on a narrow page.
    """

    name: str
    title: str
    svg: Markup
    legend: tuple[Key, ...] = ()
    note: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """Charts side by side, and the table of their numbers."""

    kind: ClassVar[str] = "figures"
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or clip that is embedded in the page.

    Attributes:
        path: The file, relative to the results folder.
        alt: Description for people who do not see it.
    """

    path: str
    alt: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture or clip with its label.

    Attributes:
        media: The picture, None where there is none.
        label: Label below it.
        chief: Whether it is the main picture of the row.
    """

    media: Media | None
    label: str
    chief: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """Pictures in a row.

    Attributes:
        caption: One line above them.
        exhibits: The pictures, from left to right.
    """

    caption: str
    exhibits: tuple[Exhibit, ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """Rows of pictures.

    Attributes:
        strips: The rows.
        title: Heading.
        dense: Whether rows are side by side, as for small crops.
    """

    kind: ClassVar[str] = "gallery"
    strips: tuple[Strip, ...]
    title: str = ""
    dense: bool = False


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs of text.

    Attributes:
        lines: One paragraph each.
        title: Heading.
    """

    kind: ClassVar[str] = "prose"
    lines: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Text to copy unchanged: commands, or a reference.

    Attributes:
        title: Heading.
        text: The text.
    """

    kind: ClassVar[str] = "listing"
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names, each with a value.

    Attributes:
        title: Heading.
        pairs: Name and value.
    """

    kind: ClassVar[str] = "facts"
    title: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Names, each with a length.

    Attributes:
        title: Heading.
        rows: Name, share of the longest in percent, value as text.
    """

    kind: ClassVar[str] = "bars"
    title: str
    rows: tuple[tuple[str, float, str], ...]


Block = Figures | Table | Gallery | Prose | Listing | Facts | Bars


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        name: Its anchor.
        title: Heading.
        reading: One or two sentences on how to read it.
        blocks: The blocks, from top to bottom.
    """

    name: str
    title: str
    reading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """One of the main numbers at the top of the page.

    Attributes:
        label: Label in a few words.
        value: The number as text.
        note: Its interval and counts.
    """

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence that a reader must see before any number.

    Attributes:
        text: The sentence.
        grave: Whether it is a warning and not a reassurance.
    """

    text: str
    grave: bool = True


@dataclass(frozen=True, slots=True)
class ReportContents:
    """A whole report.

    Attributes:
        title: Headline.
        created: Date, ISO 8601.
        verdict: The result in one or two sentences.
        summary: Description of the work in a paragraph; may be empty.
        notices: Seal, early reads and warnings.
        key_numbers: The main numbers at the top.
        sections: The sections, from top to bottom; those without data are left out.
        caveat: The limits of the numbers.
    """

    title: str
    created: str
    verdict: str
    summary: str
    notices: tuple[Notice, ...]
    key_numbers: tuple[KeyNumber, ...]
    sections: tuple[Section, ...]
    caveat: str

    @property
    def tables(self) -> Iterator[Table]:
        """Yield all tables of the page."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Table):
                    yield block
                elif isinstance(block, Figures):
                    yield from block.tables

    @property
    def figures(self) -> Iterator[Figure]:
        """Yield all charts of the page."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Figures):
                    yield from block.figures


def without_empty(table: Table) -> Table:
    """Return a table without the columns in which no row has text."""
    kept = [
        index for index in range(len(table.columns)) if any(row[index].text or row[index].small for row in table.rows)
    ]
    return replace(
        table,
        columns=tuple(table.columns[index] for index in kept),
        rows=tuple(tuple(row[index] for index in kept) for row in table.rows),
    )


def section(name: str, title: str, reading: str, blocks: Sequence[Block | None]) -> Section | None:
    """Build a section, None where nothing is in it; its tables lose columns that are completely empty."""
    present = tuple(_trimmed(block) for block in blocks if block is not None)
    return Section(name, title, reading, present) if present else None


def _trimmed(block: Block) -> Block:
    if isinstance(block, Table):
        return without_empty(block)
    if isinstance(block, Figures):
        return replace(block, tables=tuple(without_empty(table) for table in block.tables))
    return block
