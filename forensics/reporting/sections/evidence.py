"""Build the sections on what a detector may have learned instead: probes, control slice, coverage and worst errors."""

from __future__ import annotations

from collections.abc import Sequence

from forensics.evaluation import Measure
from forensics.reporting.blocks import Cell, Column, Exhibit, Gallery, Media, Prose, Section, Strip, Table, section
from forensics.reporting.failures import Failure
from forensics.reporting.gather import DetectorResults, Results
from forensics.reporting.words import count_cell, estimate_cell, estimate_fields, metric, number, text_cell

SHIFT = "score_shift_by_mark/video"
MEAN = "mean_score/video"
_PROBES = {
    "metadata": "file size, dimensions, container and quality alone",
    "codec": "traces of the codec alone",
    "identity": "who is shown, from the detector's own features",
    "mark": "the mark in the pixels",
}


def probes(results: Results) -> Section | None:
    """Build the section on what separates the classes without the manipulation."""
    columns = (
        Column("probe"),
        Column("measure"),
        Column("value", estimate_fields("value"), numeric=True),
        Column("manipulated", numeric=True),
        Column("genuine", numeric=True),
        Column("note"),
    )
    rows = []
    warnings: list[str] = []
    for one in results.probes:
        warnings += one.report.warnings
        for cell in one.report.measures:
            if cell.level.value == "video" or not any(found.level.value == "video" for found in one.report.measures):
                rows.append(
                    (
                        text_cell(one.title, _PROBES.get(one.title, "")),
                        text_cell(metric(cell.name), "" if cell.slice == "all" else cell.slice),
                        estimate_cell(cell),
                        count_cell(cell.n_positive),
                        count_cell(cell.n_negative),
                        text_cell(cell.note),
                    )
                )
    table = Table("probes", "Probes", columns, tuple(rows)) if rows else None
    return section(
        "probes",
        "Probes",
        "Small classifiers that see something other than the manipulation. One that does well shows a leak: a detector "
        "may have learned that instead.",
        [Prose(tuple(dict.fromkeys(warnings))) if warnings else None, table],
    )


def control(results: Results) -> Section | None:
    """Build the section on how scores change when genuine samples are marked."""
    columns = (
        Column("detector"),
        Column("pairs", numeric=True),
        Column("mean, plain", estimate_fields("mean plain"), numeric=True),
        Column("mean, with mark", estimate_fields("mean with mark"), numeric=True),
        Column("shift", estimate_fields("shift"), numeric=True),
        Column("AUC, both marked", estimate_fields("auc both marked"), numeric=True),
    )
    rows, verdicts = [], []
    for one in results.detectors:
        shift = one.report.find(SHIFT, slice="control")
        if shift is None:
            continue
        rows.append(
            (
                text_cell(one.name),
                count_cell(shift.n_negative),
                estimate_cell(one.report.find(MEAN, slice="main")),
                estimate_cell(one.report.find(MEAN, slice="control")),
                estimate_cell(shift, sign=True),
                estimate_cell(one.report.find("auc/video", slice="control")),
            )
        )
        verdicts.append(f"{one.title}: {shift_verdict(shift)}")
    if not rows:
        return None
    return section(
        "control",
        "Control slice",
        "All our forgeries carry our mark, so a detector could cheat by reading it. Genuine samples were scored twice, "
        "plain and with a control mark; a shift away from zero would give the cheat away. In the last column both "
        "classes carry a mark, so that it is of no help.",
        [Table("control", "Genuine samples with and without mark", columns, tuple(rows)), Prose(tuple(verdicts))],
    )


def shift_verdict(shift: Measure) -> str:
    """Return the conclusion from the control slice about one detector in words."""
    if shift.low is None or shift.high is None:
        return "too few identities for an interval."
    if shift.low <= 0.0 <= shift.high:
        return "the interval holds zero; marking alone does not visibly move the score."
    if shift.value > 0.0:
        return "marking alone raises the score; part of the separation may be the mark."
    return "marking alone lowers the score, so it does not explain the separation."


def coverage(results: Results) -> Section | None:
    """Build the section on how many samples could be scored at all."""
    found = [(one, cell) for one in results.detectors if (cell := one.report.find("coverage/video")) is not None]
    if not found:
        found_tables = [(one, one.scores) for one in results.detectors if one.scores is not None]
        rows = tuple(
            (
                text_cell(one.name),
                count_cell(len(set(table.videos))),
                count_cell(len({name for name, seen in zip(table.videos, table.covered, strict=True) if seen})),
            )
            for one, table in found_tables
        )
        columns = (Column("detector"), Column("videos", numeric=True), Column("scored", numeric=True))
    else:
        rows = tuple(
            (text_cell(one.name), count_cell(cell.n_positive + cell.n_negative), estimate_cell(cell))
            for one, cell in found
        )
        columns = (
            Column("detector"),
            Column("videos", numeric=True),
            Column("share scored", estimate_fields("coverage"), numeric=True),
        )
    return section(
        "coverage",
        "Coverage",
        "Videos without a face, and files that cannot be read, are not left out: they count in every number with the "
        "undecided score 0.5.",
        [Table("coverage", "Videos with at least one scored frame", columns, rows) if rows else None],
    )


def failures(results: Results) -> Section | None:
    """Build the section on the worst false alarms and misses, with maps of what supported the detector's answer."""
    blocks = []
    for one in results.detectors:
        for label, title in ((0, "false alarms"), (1, "misses")):
            found = [failure for failure in one.failures if failure.label == label]
            if found:
                blocks.append(Gallery(tuple(_strip(failure) for failure in found), f"{one.title}: {title}", dense=True))
    worst = [(one, failure) for one in results.detectors for failure in one.failures]
    return section(
        "failures",
        "Worst errors",
        "Genuine videos with the highest scores and manipulated ones with the lowest. The colour shows where the "
        "network found what spoke for its wrong answer; that is where it looked, not where the picture was changed.",
        [*blocks, _failure_table(worst) if worst else None],
    )


def _strip(failure: Failure) -> Strip:
    kind = "genuine" if failure.label == 0 else failure.method or "manipulated"
    return Strip(
        f"{failure.video}, {kind}, score {number(failure.score, 2)}",
        (
            Exhibit(Media(failure.crop, f"face crop of {failure.video}"), "crop"),
            Exhibit(Media(failure.heat, f"where the detector looked in {failure.video}"), "looked at"),
        ),
    )


def _failure_table(worst: Sequence[tuple[DetectorResults, Failure]]) -> Table:
    columns = (
        Column("detector"),
        Column("video"),
        Column("error"),
        Column("method"),
        Column("score", numeric=True),
        Column("score of the frame shown", numeric=True),
    )
    rows = tuple(
        (
            text_cell(one.name),
            text_cell(failure.video, kind="mono"),
            text_cell("false alarm" if failure.label == 0 else "miss"),
            text_cell(failure.method),
            Cell(number(failure.score), values=(repr(failure.score),)),
            Cell(number(failure.frame_score), values=(repr(failure.frame_score),)),
        )
        for one, failure in worst
    )
    return Table("failures", "The same as a table", columns, rows, folded=True)
