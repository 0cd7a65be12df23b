"""Build the section of published numbers beside the corrected ones."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.reporting.blocks import Cell, Column, Section, Table, section
from forensics.reporting.gather import Results
from forensics.reporting.words import estimate, estimate_fields, metric, number, text_cell


def published(results: Results) -> Section | None:
    """Build the comparison of numbers published of imported scores with a corrected evaluation of the same scores."""
    columns = (
        Column("detector"),
        Column("as published"),
        Column("theirs", ("theirs", "theirs of"), numeric=True),
        Column("corrected"),
        Column("ours", estimate_fields("ours"), numeric=True),
        Column("of"),
        Column("why they differ"),
    )
    rows = tuple(
        (text_cell(one.title), *_cells(dict(zip(one.published[0], line, strict=False))))
        for one in results.detectors
        for line in one.published[1:]
    )
    return section(
        "published",
        "Their number and the corrected one",
        "The same scores, once as the field usually reports them and once by video, with intervals, at a threshold "
        "that was not chosen on the test.",
        [Table("published", "Side by side", columns, rows) if rows else None],
    )


def _cells(line: Mapping[str, str]) -> tuple[Cell, ...]:
    return (
        text_cell(line.get("name", "")),
        _theirs(line.get("theirs", ""), line.get("theirs_of", "")),
        text_cell(metric(line.get("ours_name", "")), line.get("ours_name", "").partition("/")[2]),
        _estimate(line.get("ours", ""), line.get("low", ""), line.get("high", "")),
        text_cell(line.get("ours_of", "")),
        text_cell(line.get("why", "")),
    )


def _theirs(text: str, of: str) -> Cell:
    value = _value(text)
    return Cell(text if value is None else number(value), of, values=(text, of))


def _estimate(text: str, low: str, high: str) -> Cell:
    value = _value(text)
    return Cell(text, values=(text, low, high)) if value is None else estimate(value, _value(low), _value(high))


def _value(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
