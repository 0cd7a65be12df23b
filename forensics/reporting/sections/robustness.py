"""Build the section on the effect of distortions: AUC, and false positives at the frozen threshold."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.evaluation import CLEAN, Measure
from forensics.reporting.blocks import Column, Figure, Figures, Prose, Section, Table, section
from forensics.reporting.charts.heat import Row, Square, heat_map, size_of
from forensics.reporting.gather import DetectorResults, Results
from forensics.reporting.words import (
    count_cell,
    counts,
    estimate_cell,
    estimate_fields,
    interval,
    number,
    signed,
    text_cell,
)

from .adversarial import is_attack

_WORST = 0.4
_NARROW = 400.0


def robustness(results: Results) -> Section | None:
    """Build each detector's maps side by side, grouped by suite."""
    blocks: list[Figures | None] = []
    rows: list[tuple[DetectorResults, Measure]] = []
    for index, one in enumerate(results.detectors):
        cells = [measure for measure in one.report.measures if _is_cell(measure)]
        rows += [(one, cell) for cell in cells]
        figures = [
            _map(one, f"robustness_auc_{index + 1}", "AUC", [cell for cell in cells if cell.metric == "auc"]),
            _map(
                one,
                f"robustness_fpr_{index + 1}",
                "rise of false positives at the frozen threshold",
                drift(one, cells),
            ),
        ]
        present = tuple(figure for figure in figures if figure is not None)
        blocks.append(Figures(present) if present else None)
    quirks = dict.fromkeys(note for one in results.detectors for note in distortion_notes(one))
    quirks |= dict.fromkeys(f"{cell.distortion}: {cell.note}" for _, cell in rows if cell.metric == "auc" and cell.note)
    reading = (
        "Each square is the test after one distortion, mildest first. The deeper the colour, the more harm: AUC lost "
        "against the undistorted test, or genuine videos newly flagged by a threshold that nobody adjusted."
    )
    table = _table(rows) if rows else None
    notes = Prose(tuple(quirks)) if quirks else None
    return section("robustness", "Robustness", reading, [*blocks, notes, table])


def drift(one: DetectorResults, cells: Sequence[Measure]) -> list[Measure]:
    """Return the rise of the false positive rate of every cell, as measured or otherwise from the rates themselves."""
    found = [cell for cell in cells if cell.metric == "fpr_drift"]
    if found:
        return found
    clean = next((cell for cell in one.report.measures if cell.metric == "fpr" and cell.distortion == CLEAN), None)
    if clean is None:
        return []
    return [
        Measure(
            "fpr_drift/video", cell.level, cell.slice, cell.distortion, cell.severity, cell.value - clean.value,
            None, None, cell.n_positive, cell.n_negative, cell.note, cell.parameter,
        )
        for cell in cells
        if cell.metric == "fpr"
    ]  # fmt: skip


def distortion_notes(one: DetectorResults) -> tuple[str, ...]:
    """Return the warnings of a detector's results that are about a distortion and begin with its name."""
    names = {cell.distortion for cell in one.report.measures}
    return tuple(warning for warning in one.report.warnings if warning.partition(": ")[0] in names)


def _is_cell(measure: Measure) -> bool:
    distorted = measure.distortion != CLEAN and not is_attack(measure.distortion)
    return distorted and measure.slice == "all" and measure.name.endswith("/video")


def _map(one: DetectorResults, name: str, what: str, cells: Sequence[Measure]) -> Figure | None:
    if not cells:
        return None
    is_auc = cells[0].metric == "auc"
    clean = one.report.find("auc/video")
    start = clean.value if clean is not None and is_auc else max(cell.value for cell in cells)
    names = dict.fromkeys(cell.distortion for cell in cells)
    levels = sorted({cell.severity for cell in cells})
    rows, suite = [], ""
    for distortion in names:
        group, _, short = distortion.rpartition(":")
        found = {cell.severity: cell for cell in cells if cell.distortion == distortion}
        squares = tuple(_square(found.get(level), start, is_auc) for level in levels)
        rows.append(Row(short, squares, group if group != suite else ""))
        suite = group
    drawn = heat_map(f"{what} of {one.title} by distortion and level", rows, [f"level {level}" for level in levels])
    note = f"Each square rests on {counts(cells[0])}."
    if is_auc and clean is not None:
        note = f"Undistorted, over the whole test: {number(clean.value)}, {interval(clean.low, clean.high)}. {note}"
    return Figure(name, f"{one.title}: {what}", drawn, note=note, wide=size_of(drawn)[0] > _NARROW)


def _square(cell: Measure | None, start: float, is_auc: bool) -> Square | None:
    if cell is None:
        return None
    harm = (start - cell.value if is_auc else cell.value) / _WORST
    words = number(cell.value, 2) if is_auc else signed(cell.value, 2)
    hint = f"{cell.distortion} {cell.parameter or cell.severity}: {words}, {interval(cell.low, cell.high, 2)}"
    return Square(words, harm, cell.parameter, hint)


def _table(rows: Sequence[tuple[DetectorResults, Measure]]) -> Table:
    columns = (
        Column("detector"),
        Column("distortion"),
        Column("level", numeric=True),
        Column("parameter"),
        Column("measure"),
        Column("value", estimate_fields("value"), numeric=True),
        Column("manipulated", numeric=True),
        Column("genuine", numeric=True),
    )
    cells = tuple(
        (
            text_cell(one.name),
            text_cell(cell.distortion),
            text_cell(str(cell.severity)),
            text_cell(cell.parameter),
            text_cell(cell.name),
            estimate_cell(cell, sign=cell.metric == "fpr_drift"),
            count_cell(cell.n_positive),
            count_cell(cell.n_negative),
        )
        for one, cell in rows
    )
    return Table("robustness", "All distortions", columns, cells, folded=True)
