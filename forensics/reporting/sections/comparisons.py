"""Build the section on differences of detectors, on the same samples, corrected for all comparisons made."""

from __future__ import annotations

from forensics.evaluation import Comparison
from forensics.reporting.blocks import Cell, Column, Section, Table, section
from forensics.reporting.gather import Results
from forensics.reporting.words import estimate, estimate_fields, metric, number, text_cell


def comparisons(results: Results) -> Section | None:
    """Build the table of every paired comparison."""
    columns = (
        Column("first"),
        Column("second"),
        Column("measure"),
        Column("values", ("first value", "second value"), numeric=True),
        Column("difference", estimate_fields("difference"), numeric=True),
        Column("result"),
        Column("Holm p", numeric=True),
        Column("permutation p", numeric=True),
        Column("DeLong p", numeric=True),
        Column("groups", numeric=True),
    )
    rows = tuple(
        (
            text_cell(one.first),
            text_cell(one.second),
            text_cell(metric(one.name)),
            Cell(
                f"{number(one.first_value)} / {number(one.second_value)}",
                values=(repr(one.first_value), repr(one.second_value)),
            ),
            estimate(one.difference, one.low, one.high, sign=True),
            text_cell(result(one)),
            _p(one.p_adjusted),
            _p(one.p_permutation),
            _p(one.p_delong),
            text_cell(str(one.clusters)),
        )
        for one in results.run.comparisons
    )
    table = Table("comparisons", "Paired comparisons", columns, rows, note=_notes(results)) if rows else None
    return section(
        "comparisons",
        "Comparisons",
        "Two detectors on the same videos. DeLong's test takes videos for independent; the permutation keeps videos "
        "that share a person together. Holm's correction counts all comparisons of the table; below 0.05 they differ.",
        [table],
    )


def result(one: Comparison) -> str:
    """Return the result of a comparison in words."""
    return "distinguishable" if one.distinguishable else "not distinguishable"


def _notes(results: Results) -> str:
    notes = dict.fromkeys(one.note for one in results.run.comparisons if one.note)
    return f"{'; '.join(notes)}." if notes else ""


def _p(value: float | None) -> Cell:
    if value is None:
        return Cell("\N{EN DASH}", values=("",))
    return Cell("< 0.001" if value < 0.001 else number(value), values=(repr(value),))
