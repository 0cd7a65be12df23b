"""Build the section on attacks: AUC over the attack's strength, and the transfer of attacks between detectors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forensics.evaluation import Measure
from forensics.reporting.blocks import Column, Figure, Figures, Key, Section, Table, section
from forensics.reporting.charts.drawing import tone
from forensics.reporting.charts.heat import Row, Square, heat_map, size_of
from forensics.reporting.charts.ladder import Ladder, Rung, ladder_chart
from forensics.reporting.gather import DetectorResults, Results
from forensics.reporting.words import estimate_cell, estimate_fields, interval, number, text_cell

_ATTACK = re.compile(r"^(fgsm|pgd|square)\b", re.IGNORECASE)
_FROM = " from "
_STRENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*255")
_WORST = 0.5
_NARROW = 400.0


def is_attack(distortion: str) -> bool:
    """Return whether a distortion is an attack on a detector."""
    return _ATTACK.match(distortion) is not None


def adversarial(results: Results) -> Section | None:
    """Build the chart of white-box attacks and the transfer matrix."""
    cells = [
        (one, measure)
        for one in results.detectors
        for measure in one.report.measures
        if is_attack(measure.distortion) and measure.slice == "all" and measure.name.endswith("/video")
    ]
    figures = [figure for figure in (_ladders(results, cells), _transfer(results, cells)) if figure is not None]
    table = _table(cells) if cells else None
    return section(
        "adversarial",
        "Adversarial attacks",
        "Manipulated pixels were moved by at most ε to look genuine to the detector, through its own crop. White box: "
        "the attacker holds the very detector; `square` only asks it for scores. Transfer: the attack was made on "
        "another one.",
        [Figures(tuple(figures), (table,)) if figures and table else None],
    )


def _ladders(results: Results, cells: Sequence[tuple[DetectorResults, Measure]]) -> Figure | None:
    ladders: list[Ladder] = []
    for one in results.detectors:
        attacks = dict.fromkeys(
            cell.distortion for owner, cell in cells if owner is one and _FROM not in cell.distortion
        )
        for attack in attacks:
            found = [
                cell for owner, cell in cells if owner is one and cell.distortion == attack and cell.metric == "auc"
            ]
            clean = one.report.find("auc/video")
            known = clean is None or any(_strength(cell) == 0.0 for cell in found)
            start = [] if known or clean is None else [Rung(0.0, "0", clean.value, clean.low, clean.high)]
            rungs = [Rung(_strength(cell), _label(cell), cell.value, cell.low, cell.high) for cell in found]
            if rungs:
                ladders.append(
                    Ladder(f"{one.title}, {attack}", (*start, *sorted(rungs, key=lambda rung: rung.strength)))
                )
    if not ladders:
        return None
    chart = ladder_chart("AUC under white-box attack", ladders, "ε, steps of 1/255", "AUC", chance=0.5)
    legend = tuple(Key(ladder.name, tone(index, len(ladders))) for index, ladder in enumerate(ladders))
    return Figure("adversarial", "AUC under white-box attack", chart, legend)


def _transfer(results: Results, cells: Sequence[tuple[DetectorResults, Measure]]) -> Figure | None:
    """Draw AUC at the strongest ε that all attacks share: rows are attacked detectors, columns surrogates."""
    found = [(one, cell) for one, cell in cells if cell.metric == "auc" and _FROM in cell.distortion]
    if not found:
        return None
    strongest = max(_strength(cell) for _, cell in found)
    surrogates = dict.fromkeys(cell.distortion.partition(_FROM)[2] for _, cell in found)
    titles = {one.name: one.title for one in results.detectors}
    rows = []
    for one in results.detectors:
        clean = one.report.find("auc/video")
        start = 1.0 if clean is None else clean.value
        squares = tuple(_square(one, name, strongest, start) for name in surrogates)
        if any(square is not None for square in squares):
            rows.append(Row(one.title, squares))
    drawn = heat_map(
        "AUC under attacks made on another detector", rows, [titles.get(name, name) for name in surrogates]
    )
    note = f"At ε {strongest:g}/255; rows are attacked, columns name the detector that the attack was made on."
    return Figure("transfer", "Transfer of attacks, AUC", drawn, note=note, wide=size_of(drawn)[0] > _NARROW)


def _square(one: DetectorResults, surrogate: str, strength: float, start: float) -> Square | None:
    for cell in one.report.measures:
        if cell.name != "auc/video" or not is_attack(cell.distortion) or _strength(cell) != strength:
            continue
        _, sep, source = cell.distortion.partition(_FROM)
        if (source == surrogate) if sep else (surrogate == one.name):
            hint = f"{cell.distortion}: {number(cell.value, 2)}, {interval(cell.low, cell.high, 2)}"
            return Square(number(cell.value, 2), (start - cell.value) / _WORST, "" if sep else "white box", hint)
    return None


def _strength(cell: Measure) -> float:
    match = _STRENGTH.search(cell.parameter)
    return float(match[1]) if match else float(cell.severity)


def _label(cell: Measure) -> str:
    return f"{_strength(cell):g}"


def _table(cells: Sequence[tuple[DetectorResults, Measure]]) -> Table:
    columns = (
        Column("detector"),
        Column("attack"),
        Column("strength"),
        Column("measure"),
        Column("value", estimate_fields("value"), numeric=True),
    )
    rows = tuple(
        (
            text_cell(one.name),
            text_cell(cell.distortion),
            text_cell(cell.parameter),
            text_cell(cell.name),
            estimate_cell(cell),
        )
        for one, cell in cells
    )
    return Table("adversarial", "All attacks", columns, rows, folded=True)
