"""Build the sections on parts of the test: by forgery method, by group of people, and by any other slice."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.evaluation import CLEAN, Measure
from forensics.reporting.blocks import Column, Figure, Figures, Section, Table, section
from forensics.reporting.charts.heat import Row, Square, heat_map, size_of
from forensics.reporting.gather import DetectorResults, Results
from forensics.reporting.words import count_cell, estimate_cell, estimate_fields, interval, metric, number, text_cell

METHOD = "method="
_SHOWN = ("auc", "eer", "balanced_accuracy", "fpr", "tpr")
_SUMS = ("f_eo", "f_efpr")
_NARROW = 400.0


def cross_forgery(results: Results) -> Section | None:
    """Build the map of AUC of every detector, named after its training data, on every forgery method."""
    methods = list(dict.fromkeys(cell.slice for one in results.detectors for cell in _aucs(one, METHOD)))
    if len(methods) < 2:
        return None
    rows = [
        Row(one.title, tuple(_square(one, method) for method in methods))
        for one in results.detectors
        if any(True for _ in _aucs(one, METHOD))
    ]
    names = [name.removeprefix(METHOD) for name in methods]
    drawn = heat_map("AUC of each detector on each forgery method", rows, names)
    figure = Figure("cross_forgery", "AUC, detector by forgery method", drawn, wide=size_of(drawn)[0] > _NARROW)
    columns = (
        Column("detector"),
        Column("tested on"),
        Column("AUC", estimate_fields("auc"), numeric=True),
        Column("manipulated", numeric=True),
        Column("genuine", numeric=True),
    )
    cells = tuple(
        (
            text_cell(one.name),
            text_cell(cell.slice.removeprefix(METHOD)),
            estimate_cell(cell),
            count_cell(cell.n_positive),
            count_cell(cell.n_negative),
        )
        for one in results.detectors
        for cell in _aucs(one, METHOD)
    )
    table = Table("cross_forgery", "Numbers with intervals", columns, cells, folded=True)
    return section(
        "cross-forgery",
        "Across forgery methods",
        "A row is a detector, a column the method it is tested on, against all genuine videos. A detector that only "
        "knows its own method is deep in colour everywhere else.",
        [Figures((figure,), (table,))],
    )


def slices(results: Results) -> Section | None:
    """Build the table of every slice and every gap between groups of people."""
    cells = [
        (one, cell)
        for one in results.detectors
        for cell in one.report.measures
        if cell.slice not in ("all", "control") and cell.distortion == CLEAN and cell.name.endswith("/video")
    ]
    gaps = [(one, cell) for one, cell in cells if cell.metric.endswith("_gap") or cell.metric in _SUMS]
    parts = [(one, cell) for one, cell in cells if cell.metric in _SHOWN]
    return section(
        "slices",
        "Slices and groups",
        "The same detectors on parts of the test, at one threshold for all. A gap is the largest difference between "
        "two groups; where its interval reaches down to zero, chance alone may have made it.",
        [_gap_table(gaps), _slice_table(parts)],
    )


def _slice_table(cells: Sequence[tuple[DetectorResults, Measure]]) -> Table | None:
    if not cells:
        return None
    shown = [name for name in _SHOWN if any(cell.metric == name for _, cell in cells)]
    columns = (
        Column("slice"),
        Column("detector"),
        *(Column(metric(name), estimate_fields(name), numeric=True) for name in shown),
        Column("manipulated", numeric=True),
        Column("genuine", numeric=True),
    )
    keys = dict.fromkeys((cell.slice, one.name) for one, cell in cells)
    rows = []
    for name, detector in keys:
        found = {cell.metric: cell for one, cell in cells if (cell.slice, one.name) == (name, detector)}
        first = next(iter(found.values()))
        rows.append(
            (
                text_cell(name.replace("=", ": ")),
                text_cell(detector),
                *(estimate_cell(found.get(one)) for one in shown),
                count_cell(first.n_positive),
                count_cell(first.n_negative),
            )
        )
    return Table("slices", "Slices", columns, tuple(rows), folded=len(rows) > 16)


def _gap_table(cells: Sequence[tuple[DetectorResults, Measure]]) -> Table | None:
    if not cells:
        return None
    columns = (
        Column("group"),
        Column("detector"),
        Column("measure"),
        Column("value", estimate_fields("value"), numeric=True),
        Column("manipulated", numeric=True),
        Column("genuine", numeric=True),
        Column("note"),
    )
    rows = tuple(
        (
            text_cell(cell.slice),
            text_cell(one.name),
            text_cell(metric(cell.name)),
            estimate_cell(cell),
            count_cell(cell.n_positive),
            count_cell(cell.n_negative),
            text_cell(cell.note),
        )
        for one, cell in cells
    )
    return Table("gaps", "Gaps between groups", columns, rows)


def _aucs(one: DetectorResults, prefix: str) -> list[Measure]:
    return [
        cell
        for cell in one.report.measures
        if cell.name == "auc/video" and cell.slice.startswith(prefix) and cell.distortion == CLEAN
    ]


def _square(one: DetectorResults, name: str) -> Square | None:
    cell = one.report.find("auc/video", slice=name)
    if cell is None:
        return None
    hint = f"{name.removeprefix(METHOD)}: {number(cell.value)}, {interval(cell.low, cell.high)}"
    return Square(
        number(cell.value, 2),
        2 * (1 - cell.value),
        interval(cell.low, cell.high, 2).replace(" to ", "\N{EN DASH}"),
        hint,
    )
