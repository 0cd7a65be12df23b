"""Fill the tables in docs/ and README.md from results/*.csv; none of their content is typed by hand.

A table is placed between `<!-- table: NAME -->` and `<!-- end -->`; NAME is a file results/NAME.csv. `<!-- card: PATH
-->` is replaced by the card of shipped weights at PATH. With `--check` nothing is written, and the program fails where
a table is stale.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(<!-- (table|card): ([\w/]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Rows = list[dict[str, str]]


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


REGIONS = ("whole", "eyes", "mouth", "hair", "background")
TRUTH = "true frames"


def interval(row: dict[str, str] | None) -> str:
    """Return a value with its interval, where it has one."""
    if row is None:
        return ""
    return f"{row['value']} [{row['low']}, {row['high']}]" if row["low"] else row["value"]


def by_style(rows: Rows) -> list[tuple[str, Rows]]:
    """Return the rows of each group of styles, such as seen and held out, each with its name."""
    return [
        (f"styles: {group}", [row for row in rows if row["styles"] == group])
        for group in dict.fromkeys(row["styles"] for row in rows)
    ]


def methods_of(rows: Rows) -> list[str]:
    """Return the measured methods in their order, without the gains of one over another."""
    return list(dict.fromkeys(row["method"] for row in rows))


def generation(rows: Rows) -> str:
    """Return PSNR by method and region, for each group of styles."""
    parts = []
    for group, some in by_style(rows):
        cells = {(row["measure"], row["method"], row["region"]): row for row in some}
        methods = [method for method in methods_of(some) if method != TRUTH]
        lines = [
            [method, *(interval(cells.get(("psnr_db/frame", method, region))) for region in REGIONS)]
            for method in methods
        ]
        counts = (cells["psnr_db/frame", methods[0], region] for region in REGIONS)
        note = ", ".join(f"{row['region']} {row['n_identities']}/{row['n_frames']}" for row in counts)
        parts.append(markdown([f"PSNR, dB, {group}", *REGIONS], lines) + f"\nN (identities/frames): {note}.\n")
    return "\n".join(parts)


def generation_measures(rows: Rows) -> str:
    """Return every measure but PSNR by method, for each group of styles."""
    parts = []
    for group, some in by_style(rows):
        cells = {(row["measure"], row["method"], row["region"]): row for row in some}
        lines = [
            [measure, region, *(interval(cells.get((measure, method, region))) for method in methods_of(some))]
            for measure, region in dict.fromkeys((row["measure"], row["region"]) for row in some)
            if measure != "psnr_db/frame" and region in REGIONS[:3]
        ]
        parts.append(markdown([f"measure, {group}", "where", *methods_of(some)], lines))
    return "\n".join(parts)


def generation_gains(rows: Rows) -> str:
    """Return the generator's gain in fidelity over the baselines, on the same frames."""
    groups = by_style(rows)
    lines = []
    for measure in dict.fromkeys(row["measure"] for row in rows if "_gain/" in row["measure"]):
        for region in dict.fromkeys(row["region"] for row in rows if row["measure"] == measure):
            if region.startswith(("whole", "eyes", "mouth")):
                cells = [
                    next((row for row in some if (row["measure"], row["region"]) == (measure, region)), None)
                    for _, some in groups
                ]
                lines.append([measure, region, *map(interval, cells)])
    return markdown(["gain", "where, over what", *(group for group, _ in groups)], lines)


def generation_styles(rows: Rows) -> str:
    """Return what reads the faces errs by on true frames, style by style."""
    found = [row for row in rows if row["method"] == TRUTH and row["region"].startswith("style=")]
    found = [row for row in found if row["measure"] != "psnr_db/frame"]
    cells = {(row["measure"], row["region"]): row for row in found}
    measures = list(dict.fromkeys(row["measure"] for row in found))
    lines = [
        [style.partition("=")[2], *(cells[measure, style]["value"] for measure in measures)]
        for style in dict.fromkeys(row["region"] for row in found)
    ]
    return markdown(["style", *(measure.removesuffix("/frame") for measure in measures)], lines)


AVATARS = {
    "frames_per_second": "frames a second", "seconds_to_make": "seconds to make one",
    "found_frontal": "found, from the front", "found_posed": "found, in motion",
    "mesh_error_frontal": "error of the mesh, from the front", "mesh_error_posed": "error of the mesh, in motion",
}  # fmt: skip
"""Labels of what is measured of avatars."""


def avatars(rows: Rows) -> str:
    """Return speed, and how the face mesh finds faces, style by style."""
    cells = {(row["style"], row["measure"]): row for row in rows}
    styles = [style for style in dict.fromkeys(row["style"] for row in rows) if style != "all"]

    def cell(style: str, measure: str) -> str:
        row = cells[style, measure]
        digits = 1 if measure == "frames_per_second" else 3 if measure.startswith("mesh") else 2
        value, low, high = (f"{float(row[name]):.{digits}f}" for name in ("value", "low", "high"))
        return f"{value} [{low}, {high}]"

    lines = [[style, *(cell(style, measure) for measure in AVATARS)] for style in styles]
    first, made = cells[styles[0], "seconds_to_make"], cells["all", "compile_seconds"]
    note = (
        f"{first['n']} avatars of each style, seeds from {first['seed']}, pictures of {first['size']} pixels; "
        f"{first['machine']}, processor time. The first frames of all styles together take "
        f"{float(made['value']):.0f} seconds longer."
    )
    return markdown(["style", *AVATARS.values()], lines) + f"\n{note}\n"


def demo(rows: Rows) -> str:
    """Return the main measures and the robustness grid, both detectors side by side."""
    shown = ("auc/", "eer/", "tpr_at_fpr_5/", "fpr/video", "score_shift")
    detectors = list(dict.fromkeys(row["detector"] for row in rows))
    lines: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        distorted = row["distortion"] != "none"
        if row["measure"].startswith(shown) and (not distorted or row["measure"] == "auc/video"):
            name = f"{row['measure']}, {row['distortion']} {row['severity']}" if distorted else row["measure"]
            lines.setdefault(name, {}).setdefault(row["detector"], row)
    table = []
    for name, found in lines.items():
        cells = [interval(found[detector]) for detector in detectors]
        counts = found[detectors[0]]
        table.append([name, *cells, counts["n_forged"], counts["n_genuine"]])
    return markdown(["measure", *detectors, "forged", "genuine"], table) + f"\nSeed {rows[0]['seed']}.\n"


def cpu_detector(rows: Rows) -> str:
    """Return the video measures of the shipped detector, with and without the mark on genuine clips."""
    slices = {"main": "genuine clips plain", "control": "genuine clips marked"}
    measures = (
        "auc", "average_precision", "eer", "tpr_at_fpr_5", "balanced_accuracy", "fpr", "tpr", "brier", "ece_mass"
    )  # fmt: skip
    cells = {(row["name"], row["slice"]): row for row in rows if row["distortion"] == "none"}
    table = []
    for name in (f"{measure}/video" for measure in measures):
        found = [cells[name, key] for key in slices]
        table.append(
            [name, *(f"{float(r['value']):.3f} [{float(r['low']):.3f}, {float(r['high']):.3f}]" for r in found)]
        )
    counts = cells["auc/video", "main"]
    note = f"{counts['n_positive']} forged and {counts['n_negative']} genuine clips and stills, video level."
    return markdown(["measure", *slices.values()], table) + f"\n{note}\n"


def cpu_forgeries(rows: Rows) -> str:
    """Return the shipped detector's AUC on each forgery against genuine samples."""
    some = [row for row in rows if row["slice"].startswith("method=")]
    table = [
        [
            row["slice"].partition("=")[2] + (f", {row['note']}" if row["note"] else ""),
            interval(row),
            row["n_positive"],
            row["n_negative"],
        ]
        for row in some
    ]
    return markdown(["forgery", "AUC, video", "forged", "genuine"], table)


def training_speed(rows: Rows) -> str:
    """Return the cost of a training step."""
    names = {"mini-1": "`mini`", "toy-1": "`sd15` at toy size, stage 1", "toy-2": "the same, stage 2"}
    shown = ("pixels", "cpu_seconds_per_step", "peak_gib", "seconds_to_draw_a_source")
    header = ["case", "sources x targets", "pixels", "CPU s per step", "peak GiB", "s to draw a source"]
    of = "{sources} x {targets}"
    table = [[names.get(row["case"], row["case"]), of.format(**row), *(row[key] for key in shown)] for row in rows]
    return markdown(header, table)


def plain(rows: Rows) -> str:
    """Return the file unchanged."""
    return markdown(list(rows[0]), [list(row.values()) for row in rows])


def install_sizes(rows: Rows) -> str:
    """Return what the requirements take on disk, and what each extra adds to that."""
    lines = [[f"`{row['part']}`", row["packages"], row["megabytes"], ", ".join(row["largest"].split())] for row in rows]
    return markdown(["part", "packages", "MB on disk", "largest of them"], lines) + f"\n{rows[0]['machine']}.\n"


def extras(rows: Rows) -> str:
    """Return for each platform and version of Python how many extras can be had as wheels, and which cannot."""
    pythons = list(dict.fromkeys(row["python"] for row in rows))
    lines = []
    for platform in dict.fromkeys(row["platform"] for row in rows):
        line = [platform]
        for python in pythons:
            there = [row for row in rows if row["platform"] == platform and row["python"] == python]
            missing = [f"`{row['extra']}`" for row in there if row["resolves"] != "True"]
            found = f"{len(there) - len(missing)} of {len(there)}"
            line.append(", not ".join([found, *missing[:1]]) + "".join(f", {name}" for name in missing[1:]))
        lines.append(line)
    return markdown(["extras with wheels for all they need", *(f"Python {python}" for python in pythons)], lines)


def robustness(rows: Rows) -> str:
    """Return AUC and false positive rate by distortion, undistorted first, one column per severity."""
    cells = {(row["distortion"], int(row["severity"]), row["name"]): row for row in rows}
    steps = range(1, 1 + max(severity for _, severity, _ in cells))
    table = []
    for name in dict.fromkeys(row["distortion"] for row in rows if row["distortion"] != "none"):
        for measure, words in (("auc/video", "AUC"), ("fpr/video", "FPR")):
            before = cells[("none", 0, measure)]
            found = [cells.get((name, step, measure)) for step in steps]
            shown = ["" if row is None else f"{float(row['value']):.2f}" for row in (before, *found)]
            table.append([f"`{name}`" if words == "AUC" else "", words, *shown])
    row = cells[("none", 0, "auc/video")]
    note = f"{row['n_positive']} forged and {row['n_negative']} genuine samples, threshold {row['threshold']}."
    return markdown(["distortion", "", "none", *map(str, steps)], table) + f"\n{note}\n"


def adversarial(rows: Rows) -> str:
    """Return the AUC under attack, one column per ε, for each detector and each attacked network."""
    kept = [row for row in rows if row["name"] == "auc/video"]
    levels = {row["severity"]: row["parameter"] for row in kept}
    table = []
    for detector, attack in dict.fromkeys((row["detector"], row["distortion"]) for row in kept):
        method, _, other = attack.partition(" from ")
        of = {row["severity"]: row for row in kept if row["detector"] == detector and row["distortion"] == attack}
        shown = [between(of[level]) if level in of else "" for level in levels]
        table.append([detector, f"{method}, {f'made for {other}' if other else 'white box'}", *shown])
    note = f"{kept[0]['n_positive']} forged and {kept[0]['n_negative']} genuine samples."
    return markdown(["AUC/video of", "attack", *levels.values()], table) + f"\n{note}\n"


def between(row: dict[str, str]) -> str:
    """Return a value with its interval, with two digits."""
    value, low, high = (f"{float(row[key]):.2f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def probes(rows: Rows) -> str:
    """Return the results of the probes; a note is cut before its list of features."""
    shown = ("corpus_digest", "probe", "name", "slice", "value", "low", "high", "n_positive", "n_negative")
    return markdown(
        ["corpus", *shown[1:], "note"], [[*(row[key] for key in shown), row["note"].partition(";")[0]] for row in rows]
    )


def scope_gate(rows: Rows) -> str:
    """Return how many pictures of each kind the gate accepts."""
    table = [
        [row["kind"], row["files"], row["let_in"], f"{row['share']} [{row['low']}, {row['high']}]"] for row in rows
    ]
    return markdown(["kind", "files", "let in", "share"], table)


PHOTO_SHOWN = (
    "self-blend", "face-swap", "reenactment", "mesh-warp", "mouth-edit", "eyes-edit", "codec-twin", "all forgeries",
)  # fmt: skip


def photo_cells(rows: Rows, what: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """Return the rows of one part of the measurement by slice, measure and distortion."""
    return {(row["slice"], row["measure"], row["distortion"]): row for row in rows if row["what"] == what}


def short(row: dict[str, str] | None) -> str:
    """Return a value with its interval, each with three decimals."""
    if row is None:
        return ""
    return f"{float(row['value']):.3f} [{float(row['low']):.3f}, {float(row['high']):.3f}]"


def photo_forgeries(rows: Rows) -> str:
    """Return AUC and share found of each forgery of photographs, undistorted, and the genuine pictures flagged."""
    cells = photo_cells(rows, "detector")
    table = [
        [name, short(cells[name, "auc", "none"]), short(found := cells[name, "found", "none"]), found["pictures"]]
        for name in PHOTO_SHOWN
    ]
    genuine = cells["genuine", "flagged", "none"]
    note = f"Of {genuine['pictures']} genuine pictures of {genuine['people']} people, {short(genuine)} were flagged."
    return markdown(["forgery", "AUC", "found at the frozen threshold", "forged pictures"], table) + f"\n{note}\n"


def photo_distortions(rows: Rows) -> str:
    """Return AUC after each distortion, and the share of genuine pictures that is flagged."""
    cells = photo_cells(rows, "detector")
    table = []
    for distortion in dict.fromkeys(row["distortion"] for row in rows if row["what"] == "detector"):
        values = [f"{float(cells[name, 'auc', distortion]['value']):.3f}" for name in PHOTO_SHOWN[:-1]]
        everything = short(cells["all forgeries", "auc", distortion])
        table.append([distortion, everything, *values, short(cells["genuine", "flagged", distortion])])
    return markdown(["distortion", "AUC, all", *PHOTO_SHOWN[:-1], "genuine flagged"], table)


def photo_groups(rows: Rows) -> str:
    """Return the AUC, the flagged genuine pictures and the gap of each group of people."""
    cells = photo_cells(rows, "groups")
    table = []
    for name in dict.fromkeys(name for name, _, _ in cells):
        auc = cells[name, "auc", "none"]
        note = f", {auc['note']}" if auc["note"] else ""
        table.append(
            [f"{name.replace('=', ': ')}{note}", auc["people"], short(auc),
             short(cells.get((name, "auc gap to the others", "none"))), short(cells[name, "flagged", "none"])]
        )  # fmt: skip
    return markdown(["group", "people", "AUC", "gap to the others", "genuine flagged"], table)


def photo_answers(rows: Rows) -> str:
    """Return how often each answer is given to genuine and to forged pictures, and how well scores are calibrated."""
    cells = photo_cells(rows, "answers")
    says = ("likely manipulated", "no sign of manipulation found")
    table = [
        [name, distortion, *(short(cells[name, answer, distortion]) for answer in says)]
        for name, distortion in dict.fromkeys((name, distortion) for name, _, distortion in cells)
    ]
    calibration = photo_cells(rows, "calibration")
    note = "; ".join(
        f"{'Brier score' if measure == 'brier' else 'calibration error'} {short(row)}"
        + ("" if distortion == "none" else f" after {distortion}")
        for (_, measure, distortion), row in calibration.items()
    )
    return markdown(["pictures", "distortion", *says], table) + f"\n{note[0].upper()}{note[1:]}.\n"


PHOTO_TARGETS = (
    ("self-blend, AUC", "self-blend", "auc", "none", 0.97),
    ("face-swap, AUC", "face-swap", "auc", "none", 0.97),
    ("mouth-edit, AUC", "mouth-edit", "auc", "none", 0.95),
    ("eyes-edit, AUC", "eyes-edit", "auc", "none", 0.95),
    ("reenactment, AUC", "reenactment", "auc", "none", 0.97),
    ("mesh-warp, AUC", "mesh-warp", "auc", "none", 0.97),
    ("codec-twin, AUC", "codec-twin", "auc", "none", 0.97),
    ("all forgeries after JPEG 50, AUC", "all forgeries", "auc", "JPEG 50", 0.92),
    ("all forgeries after H.264 crf 30, AUC", "all forgeries", "auc", "H.264 crf 30", 0.92),
    ("genuine flagged, at most", "genuine", "flagged", "none", 0.05),
    ("genuine flagged after JPEG 50, at most", "genuine", "flagged", "JPEG 50", 0.10),
    ("genuine flagged after H.264 crf 30, at most", "genuine", "flagged", "H.264 crf 30", 0.10),
    (
        "genuine flagged after half size and H.264 crf 34, at most",
        "genuine",
        "flagged",
        "half size, H.264 crf 34",
        0.10,
    ),
)
"""What was aimed at: name, slice, measure, distortion, value."""


def photo_targets(rows: Rows) -> str:
    """Return what was aimed at beside what was measured."""
    cells = photo_cells(rows, "detector")
    table = []
    for name, kind, measure, distortion, wanted in PHOTO_TARGETS:
        row = cells[kind, measure, distortion]
        met = float(row["value"]) <= wanted if measure == "flagged" else float(row["value"]) >= wanted
        table.append([name, f"{wanted:.2f}", short(row), "yes" if met else "no"])
    return markdown(["target", "aimed at", "measured", "met"], table)


def photo_scope(rows: Rows) -> str:
    """Return what the choice of the detector and its scope do with pictures of each kind."""
    table = [
        [row["slice"], row["measure"], row["pictures"], interval(row)]
        for row in rows
        if row["what"] in ("choice", "scope")
    ]
    return markdown(["pictures", "what happened", "pictures", "share"], table)


def photo_clips(rows: Rows) -> str:
    """Return what was measured of clips, each scored by the mean over its frames."""
    cells = photo_cells(rows, "clips")
    table = [
        [name, measure.replace("auc", "AUC"), short(row), row["pictures"]]
        for (name, measure, _), row in cells.items()
    ]  # fmt: skip
    return markdown(["clips", "measure", "value", "clips"], table)


def photo_avatars(rows: Rows) -> str:
    """Return how `photo`, and the detector of avatars beside it, do on drawn avatars of ten styles."""
    found = [row for row in rows if row["what"] == "avatars"]
    notes = list(dict.fromkeys(row["note"] for row in found))
    by_note = {note: photo_cells([row for row in found if row["note"] == note], "avatars") for note in notes}
    table = [
        [f"{name}, {measure.replace('auc', 'AUC')}", distortion, row["pictures"],
         *(short(cells[name, measure, distortion]) for cells in by_note.values())]
        for (name, measure, distortion), row in by_note[notes[0]].items()
    ]  # fmt: skip
    heads = [f"`{note.removeprefix('detector ')}`" for note in notes]
    return markdown(["avatars", "distortion", "pictures", *heads], table)


def photo_shortcuts(rows: Rows) -> str:
    """Return what a mark changes in genuine pictures, and how genuine avatars with turned heads are taken."""
    table = [
        [row["slice"], row["measure"], row["distortion"], row["pictures"], short(row)]
        for row in rows
        if row["what"] in ("control", "turned")
    ]
    return markdown(["pictures", "measure", "distortion", "pictures", "value"], table)


def examine_time(rows: Rows) -> str:
    """Return the cost of examining a file by stage, in CPU seconds."""
    parts = ("cpu_seconds", "decode", "mark_search", "face_finding", "network", "rest")
    header = ["case", "seconds", *(part.replace("_", " ") for part in parts[1:]), "by the clock, at best", "load"]
    last = ("least_wall_seconds", "load")
    return markdown(header, [[row["case"], *(row[part] for part in (*parts, *last))] for row in rows])


def speed(rows: Rows) -> str:
    """Return one line for each case, with its limit or peer, and the commands and machine below."""
    lines = [
        [
            row["what"],
            f"{float(row['value']):.4g} {row['unit']}",
            f"{row['against']}: {float(row['reference']):.4g}",
            f"{float(row['ratio']):.2f}",
            row["runs"],
            f"{float(row['load']):.1f}",
        ]
        for row in rows
    ]
    header = ["what", "measured", "limit or peer", "ratio", "runs", "load"]
    commands = ", ".join(f"`{command}`" for command in dict.fromkeys(row["command"] for row in rows))
    return markdown(header, lines) + f"\n{commands}; {rows[0]['machine']}.\n"


def intervals(rows: Rows) -> str:
    """Return one line for each design and question, with the numbers of people side by side."""
    people = list(dict.fromkeys(row["people"] for row in rows))
    cells = {(row["design"], row["question"], row["people"]): row for row in rows}
    lines = [
        [design, question, wanted, *(between(cells[design, question, number]) for number in people)]
        for design, question, wanted in dict.fromkeys((row["design"], row["question"], row["wanted"]) for row in rows)
    ]
    header = ["made-up corpus", "share of simulations in which", "wanted", *(f"{number} people" for number in people)]
    return markdown(header, lines) + f"\n{rows[0]['simulations']} simulations a cell, four videos a person.\n"


def animate_time(rows: Rows) -> str:
    """Return first frames and frames a second by preset and size, and where the time of a frame goes."""
    cases = list(dict.fromkeys((row["preset"], row["size"]) for row in rows))
    drives = list(dict.fromkeys(row["drive"] for row in rows))
    cells = {(row["preset"], row["size"], row["drive"], row["part"], row["stage"]): row for row in rows}

    def wall(case: tuple[str, str], drive: str, part: str, stage: str = "all") -> float:
        return float(cells[*case, drive, part, stage]["wall_ms"])

    lines = [
        [
            f"`{case[0]}`, {case[1]} px",
            *(f"{wall(case, drive, 'first frame') / 1000:.1f}" for drive in drives),
            *(f"{1000 / wall(case, drive, 'each frame'):.1f}" for drive in drives),
        ]
        for case in cases
    ]
    header = ["preset", *(f"first frame, s, {drive}" for drive in drives), *(f"frames/s, {drive}" for drive in drives)]
    each = [row for row in rows if row["part"] == "each frame" and row["drive"] == drives[0]]
    drawn = [row["stage"] for row in each if row["stage"] != "other"]
    stages = sorted(dict.fromkeys(drawn), key=lambda stage: stage == "all")
    parts = [
        [stage, *(value(cells.get((*case, drives[0], "each frame", stage))) for case in cases)] for stage in stages
    ]
    one = rows[0]
    load = max(float(row["load"]) for row in rows)
    note = f"Median of {one['runs']} runs of {one['frames']} frames, {one['threads']} threads, load up to {load:.1f}."
    second = ["each frame with a saved motion, ms", *(f"`{preset}`, {size} px" for preset, size in cases)]
    return markdown(header, lines) + f"\n{note}\n\n" + markdown(second, parts)


def value(row: dict[str, str] | None) -> str:
    """Return a wall time in milliseconds, or nothing."""
    return "" if row is None else f"{float(row['wall_ms']):.1f}"


def arkit_tracking(rows: Rows) -> str:
    """Return how well the avatar head fits each set of clips, and how its coefficients correlate with the truth."""
    sets = list(dict.fromkeys(row["set"] for row in rows))
    cells = {(row["set"], row["measure"]): row for row in rows}
    correlated = [row for row in rows if row["measure"].startswith("correlation")]
    measures = list(dict.fromkeys(row["measure"] for row in rows if row not in correlated))
    first = [[measure, *(interval(cells.get((name, measure))) for name in sets)] for measure in measures]
    counts = ", ".join(f"{name} {max(int(row['n_clips']) for row in rows if row['set'] == name)}" for name in sets)
    last = sets[-2:]
    names = dict.fromkeys(row["measure"] for row in correlated)
    ordered = sorted(names, key=lambda name: -float(cells.get((last[0], name), {"value": "-2"})["value"]))
    second = [
        [name.removeprefix("correlation, "), *(interval(cells.get((each, name))) for each in last)] for name in ordered
    ]
    note = f"Clips: {counts}; at most {rows[0]['n_frames']} frames each.\n"
    return markdown(["measure", *sets], first) + f"\n{note}\n" + markdown(["correlation of", *last], second)


def drawing_faces(rows: Rows) -> str:
    """Return the share of pictures in which a face is found, set by set, and what of it sits well."""
    cells = {(row["set"], row["measure"]): row for row in rows}
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    counts = {row["set"]: row["n_pictures"] for row in rows}
    lines = [[name, count, *(interval(cells.get((name, one))) for one in measures)] for name, count in counts.items()]
    return markdown(["set", "pictures", *measures], lines)


LEARNERS = {
    "resnet18": "colours", "cnn_aug": "colours, blur and JPEG (`cnn_aug`)", "srm": "colours, residuals (`srm`)",
    "spsl": "colours, phase (`spsl`)", "twins": "ranked twins (`twins`)", "flicker": "change over time (`flicker`)",
    "sbi": "fresh self-blends (`sbi`)",
}  # fmt: skip
"""Labels of the methods in the cross-forgery matrix."""


def detector_matrix(rows: Rows) -> str:
    """Return the AUC by training and test forgery; the training forgery is bold."""
    found = [row for row in rows if row["measure"] == "auc/video"]
    cells = {(row["method"], row["trained_on"], row["tested_on"]): row for row in found}
    tested = list(dict.fromkeys(row["tested_on"] for row in found))
    lines = []
    for method, trained_on in dict.fromkeys((row["method"], row["trained_on"]) for row in found):
        shown = [f"{float(cells[method, trained_on, name]['value']):.2f}" for name in tested]
        marked = [f"**{cell}**" if name == trained_on else cell for name, cell in zip(tested, shown, strict=True)]
        lines.append([LEARNERS[method], trained_on, *marked])
    reach = [(float(row["high"]) - float(row["low"])) / 2 for row in found]
    seeds = sorted({row["seeds"] for row in found})
    note = (
        f"{found[0]['n_forged']} forged and {found[0]['n_genuine']} genuine clips a cell, mean of {' or '.join(seeds)} "
        f"seeds. Half the 95 % interval over people is {median(reach):.2f} in the median and {max(reach):.2f} at most."
    )
    return markdown(["method", "learned", *tested], lines) + f"\n{note}\n"


def detector_matrix_alarms(rows: Rows) -> str:
    """Return the share of genuine clips that each method flags, and its increase under our mark."""
    lines = []
    for method in dict.fromkeys(row["method"] for row in rows):
        some = [row for row in rows if row["method"] == method]
        plain = [row for row in some if row["tested_on"] == "genuine"]
        changes = [row for row in some if row["measure"] == "fpr_change/video"]
        lines.append([LEARNERS[method], spanned(plain), spanned(changes)])
    return markdown(["method", "flagged", "flagged more under the mark"], lines)


def spanned(rows: Rows) -> str:
    """Return the mean of several values, and the range of their intervals."""
    value = sum(float(row["value"]) for row in rows) / len(rows)
    low, high = (
        min(float(row["low"] or row["value"]) for row in rows),
        max(float(row["high"] or row["value"]) for row in rows),
    )
    return f"{value:.3f} ({low:.2f} to {high:.2f})"


def retraining(rows: Rows) -> str:
    """Return the AUC on each forgery before and after retraining, and its change, in unseen and in seen styles."""
    parts = []
    for method, styles in dict.fromkeys((row["method"], row["styles"]) for row in rows):
        some = [row for row in rows if (row["method"], row["styles"]) == (method, styles)]
        cells = {(row["stage"], row["tested_on"], row["measure"]): row for row in some}
        stages = list(dict.fromkeys(row["stage"] for row in some))
        changed = stages[1:]
        lines = [
            [
                name,
                *(between(cells[stage, name, "auc/video"]) for stage in stages),
                *(between(cells[stage, name, "auc_change/video"]) for stage in changed),
            ]
            for name in dict.fromkeys(row["tested_on"] for row in some if row["measure"] == "auc/video")
        ]
        one = next(row for row in some if row["measure"] == "auc/video")
        header = [f"{LEARNERS[method]}, {styles} styles", *stages, *(f"change, {stage}" for stage in changed)]
        note = f"{one['n_forged']} forged and {one['n_genuine']} genuine clips a cell, mean of {one['seeds']} seeds."
        parts.append(markdown(header, lines) + f"\n{note}\n")
    return "\n".join(parts)


def throughput(rows: Rows) -> str:
    """Return the crops per second of the network alone and of a corpus on disk."""
    rates = ("bare_per_second", "from_disk_per_second")
    lines = [
        [f"`{row['detector']}`", *(f"{float(row[rate]):.1f}" for rate in rates), f"{float(row['ratio']):.2f}"]
        for row in rows
    ]
    return markdown(["detector", "network alone", "from disk", "ratio"], lines)


def faults(rows: Rows) -> str:
    """Return the cost of each file, and of the separate process for a folder of small files."""
    lines = [
        [row["file"].replace("_", " "), row["bytes"], f"{float(row['seconds']):.1f}", f"{float(row['mebibytes']):.0f}",
         " ".join(row["answer"].split())]
        for row in rows
    ]  # fmt: skip
    return markdown(["file", "bytes", "seconds", "MiB at most", "what is said"], lines) + f"\n{rows[0]['machine']}.\n"


def public_files(rows: Rows) -> str:
    """Return how many public files have each pair of states, the library's and ours, and why the two differ."""
    pairs = Counter((row["trusted_roots"], row["library"], row["ours"], row["why"]) for row in rows)
    lines = [
        [roots, library, ours.replace("_", " "), str(count), why]
        for (roots, library, ours, why), count in sorted(pairs.items(), key=lambda one: (one[0][0], bool(one[0][3])))
    ]
    equal = sum(row["equal"] == "True" for row in rows)
    note = f"{len(rows)} comparisons, {equal} equal; c2pa-python {rows[0]['c2pa_version']}."
    return markdown(["trusted roots", "library", "ours", "files", "why it differs"], lines) + f"\n{note}\n"


def manifest_store(rows: Rows) -> str:
    """Return the time of each query of a store."""
    times = ("median_ms", "p99_ms", "slowest_ms", "cpu_ms")
    lines = [[f"{int(row['files']):,}", row["what"], *(row[time] for time in times), row["n"]] for row in rows]
    lost = sum(int(row["lost"] or 0) for row in rows)
    loads = [float(row["load"]) for row in rows]
    note = f"{lost} files lost by writing at once. {rows[0]['machine']}, load {min(loads):.1f} to {max(loads):.1f}."
    header = ["files in the store", "what", "median, ms", "p99, ms", "slowest, ms", "of the processor, ms", "N"]
    return markdown(header, lines) + f"\n{note}\n"


def load(rows: Rows) -> str:
    """Return the response times of each kind of request under load."""
    header = ["question", "a second", "N", "p50, ms", "p99, ms", "slowest, ms", "turned away", "errors"]
    lines = [[row["kind"], *list(row.values())[1:8]] for row in rows]
    one = rows[0]
    note = f"{one['minutes']} minutes, {int(one['files']):,} files in the store. {one['machine']}, load {one['load']}."
    return markdown(header, lines) + f"\n{note}\n"


def service_fuzz(rows: Rows) -> str:
    """Return how each route answered what a fuzzer sent."""
    header = ["route", "requests", "done, 2xx", "refused, 4xx", "busy, 503", "other 5xx"]
    lines = [[f"`{row['route']}`" if row["route"].startswith("/") else row["route"], *list(row.values())[1:6]]
             for row in rows]  # fmt: skip
    one = rows[-1]
    note = f"{one['failed_checks']} failed checks. schemathesis {one['schemathesis']}, seed {one['seed']}, at most "
    note += f"{one['examples']} examples for each operation and phase. {one['machine']}."
    return markdown(header, lines) + f"\n{note}\n"


def instances(rows: Rows) -> str:
    """Return how one and two instances answer over one database."""
    header = ["instances", "look-ups a second", "N", "p50, ms", "p99, ms", "turned away", "errors", "sealed",
              "a seal, p50, ms", "manifests not found"]  # fmt: skip
    names = (
        "instances",
        "per_second",
        "n",
        "p50_ms",
        "p99_ms",
        "turned_away",
        "errors",
        "sealed",
        "seal_p50_ms",
        "lost",
    )
    one = rows[0]
    loads = " and ".join(row["load"] for row in rows)
    note = f"{one['minutes']} minutes each, {int(one['files']):,} files in the store. {one['machine']}, load {loads}."
    return markdown(header, [[row[name] for name in names] for row in rows]) + f"\n{note}\n"


def kept_tags(rows: Rows) -> str:
    """Return how many tags of each kind of file stay as they were."""
    header = ["file", "what was done", "tags before", "same", "stated anew", "changed", "missing"]
    lines = [[f"`{row['kind']}`", *list(row.values())[1:7]] for row in rows]
    return markdown(header, lines) + f"\nexiftool {rows[0]['exiftool']}.\n"


def scale_rows(rows: Rows) -> str:
    """Return the cost of every step per row of a manifest, one column per number of rows."""
    found = [row for row in rows if row["part"] == "rows"]
    counts = list(dict.fromkeys(row["n"] for row in found))
    cells = {(row["measure"], row["n"]): f"{float(row['value']):.1f}" for row in found}
    lines = [
        [name, *(cells.get((name, count), "–") for count in counts)]
        for name in dict.fromkeys(row["measure"] for row in found)
    ]
    total = [f"{sum(float(row['value']) for row in found if row['n'] == count):.1f}" for count in counts]
    lines.append(["all together", *total])
    return markdown(["µs of the processor a row", *(f"{int(count):,} rows" for count in counts)], lines)


def scale(rows: Rows) -> str:
    """Return all other measures of scale."""
    found = [row for row in rows if row["part"] != "rows"]
    lines = [
        [row["part"], row["measure"], row["n"], row["value"], row["unit"], f"{float(row['load']):.1f}"] for row in found
    ]
    return markdown(["part", "what", "n", "value", "unit", "load"], lines) + f"\n{rows[0]['machine']}.\n"


STEPS = ("make and seal a frame", "cut and keep a frame's crop", "score a frame, crop kept, detector cpu")
SIZES = ("size of a frame, sidecar and mask with it", "size of a kept crop")
TERAFLOPS, CARD_HOURS, PIXELS = 100, 1000, 512
"""Assumptions of the plan: speed of a card, available card hours, and the picture size of sd15."""


def scale_plan(rows: Rows) -> str:
    """Return the yield and the needs of a number of card hours, from measured constants and one assumption."""
    cost = {row["measure"]: float(row["value"]) for row in rows if row["part"] == "costs"}
    with (ROOT / "results" / "sd15_speed.csv").open(encoding="utf-8", newline="") as file:
        speed = {(row["measure"], row["case"]): float(row["value"]) for row in csv.DictReader(file)}
    larger = (PIXELS / 256) ** 2
    lines = []
    for case in ("lcm, 4 steps, no guidance", "ddim, 25 steps, guidance (default)"):
        flop = speed["gflop", "conditioned, temporal"] * speed["evaluations_per_frame", case] * 1e9
        frames = CARD_HOURS * 3600 * TERAFLOPS * 1e12 / flop
        hours = [frames * cost[key] * size / 3600 for key, size in zip(STEPS, (larger, 1, 1), strict=True)]
        kept = [frames * cost[key] * size / 2**30 for key, size in zip(SIZES, (larger, 1), strict=True)]
        shown = (*(f"{one:,.0f}" for one in hours), *(f"{one:.2f} TiB" for one in kept))
        lines.append([case, f"{frames / 1e6:.1f} million", *shown])
    header = [
        "sampler",
        "frames",
        "core h: mark, encode, sign, at most",
        "core h: crops",
        "core h: score",
        "media",
        "crops",
    ]
    return markdown(header, lines)


REENACTMENT = {
    "psnr_face": "PSNR face",
    "psnr_eyes": "eyes",
    "psnr_mouth": "mouth",
    "psnr_whole": "whole",
    "ssim_face": "SSIM face",
    "perceptual": "perceptual",
    "identity": "identity",
    "landmark_error": "landmark error",
    "blink_r": "blink r",
    "mouth_r": "mouth r",
    "jitter": "jitter",
}
"""Measures of reenactment with the names of their columns."""


def reenactment(rows: Rows) -> str:
    """Return the measures of every method over clips, and the speed of geometry."""
    every = [row for row in rows if row["clip"] == "all"]
    cells = {(row["method"], row["measure"]): row for row in every}
    methods = dict.fromkeys(row["method"] for row in every)

    def cell(row: dict[str, str] | None) -> str:
        if row is None:
            return "–"
        value, low, high = (float(row[name] or "nan") for name in ("value", "low", "high"))
        return f"{value:.2f} [{low:.2f}, {high:.2f}]" if row["low"] else f"{value:.2f}"

    lines = [[method, *(cell(cells.get((method, name))) for name in REENACTMENT)] for method in methods]
    clips = cells["geometry", "psnr_face"]
    rates = " and ".join(
        f"{float(row['value']):.0f} frames/s at {row['measure'].rsplit('_', 1)[-1]} px"
        for row in every
        if row["measure"].startswith("frames_a_second")
    )
    note = f"{clips['n_clips']} clips of {clips['n_frames']} frames."
    note = f"{note} `geometry` draws {rates} of processor time on one thread."
    return markdown(["method", *REENACTMENT.values()], lines) + f"\n{note}\n"


def user_tasks(rows: Rows) -> str:
    """Return what each task of a user takes: commands, lines of the user's own, and seconds at which load."""
    timed = [row for row in rows if row["seconds"]]
    lines = [
        [row["task"], row["commands"], row["own_lines"], f"{float(row['seconds']):.0f}", f"{float(row['load']):.0f}",
         row["corpus"].split()[0]]
        for row in timed
    ]  # fmt: skip
    header = ["task", "commands", "lines of one's own", "seconds", "load", "samples"]
    return markdown(header, lines) + f"\n{timed[0]['machine']}.\n"


def own_data(rows: Rows) -> str:
    """Return what it takes to forge own files."""
    (row,) = rows
    lines = [
        ["files of people", f"{row['files']} of {row['people']}"],
        ["forged and control files made, of them clips", f"{row['made']}, {row['clips']}"],
        ["frames of a clip, longest side", f"{row['frames']}, {row['size']} px"],
        ["seconds of the processor", f"{float(row['cpu_seconds']):.0f}"],
        ["seconds by the clock, at a load of", f"{float(row['seconds']):.0f}, {float(row['load']):.0f}"],
        ["clips an hour, by the processor on two cores", f"{float(row['clips_an_hour']):.0f}"],
        ["clips an hour, by the clock", f"{float(row['clips_an_hour_waited']):.0f}"],
        ["lines of one's own", row["own_lines"]],
    ]
    return markdown(["what", "how much"], lines) + f"\n`{row['command']}`; {row['machine']}.\n"


def scores_speed(rows: Rows) -> str:
    """Return seconds and memory of large tables of scores."""
    names = {
        "samples": "`evaluate`, own samples",
        "methods": "`evaluate`, 45 methods",
        "compare": "`compare`, 3 detectors",
    }
    lines = [
        [
            names[row["table"]], row["version"], f"{int(row['rows']):,}", f"{float(row['cpu_seconds']):.0f}",
            f"{float(row['seconds']):.0f}", f"{float(row['peak_mib']):.0f}", row["replicates"],
            f"{float(row['load']):.0f}",
        ]
        for row in rows
    ]  # fmt: skip
    header = ["table", "version", "rows", "CPU s", "seconds", "peak MiB", "replicates", "load"]
    return markdown(header, lines) + f"\n{rows[0]['machine']}.\n"


def outputs(rows: Rows) -> str:
    """Return how often credential and mark are read in each format of a clip."""
    names = ("credential", "mark of the clip", "mark of one frame")
    cells = {(row["format"], row["transparent"], row["measure"]): row for row in rows}
    lines = []
    for suffix, clear in dict.fromkeys((row["format"], row["transparent"]) for row in rows):
        found = [cells[suffix, clear, name] for name in names]
        shares = [f"{round(float(one['share']) * int(one['n']))} of {one['n']}" for one in found]
        bounds = [f" [{float(one['low']):.2f}, {float(one['high']):.2f}]" for one in found]
        source = "cut out" if clear == "True" else "whole"
        size = f"{float(found[0]['kilobytes_a_frame']):.0f}"
        lines.append([f"`{suffix}`", source, *(a + b for a, b in zip(shares, bounds, strict=True)), size])
    return markdown(["format", "source", *names, "kB a frame"], lines)


FORMS = {
    one.__name__: one
    for one in (
        generation, generation_measures, generation_gains, generation_styles, avatars, reenactment, demo,
        cpu_detector, cpu_forgeries, training_speed, robustness, adversarial, probes, scope_gate, examine_time, speed,
        intervals, animate_time, outputs, arkit_tracking, drawing_faces, faults, manifest_store, load, detector_matrix,
        detector_matrix_alarms, retraining, scale, scale_rows, scale_plan, throughput, install_sizes, public_files,
        extras, service_fuzz, instances, kept_tags,
        photo_forgeries, photo_distortions, photo_groups, photo_answers, photo_scope, photo_targets,
        photo_clips, photo_avatars, photo_shortcuts, user_tasks, own_data, scores_speed,
    )
}  # fmt: skip


FILES = {
    "user_tasks": "own_detector",
    "generation_measures": "generation", "generation_gains": "generation", "generation_styles": "generation",
    "scale_rows": "scale", "scale_plan": "scale", "detector_matrix_alarms": "detector_matrix",
    "cpu_forgeries": "cpu_detector", "photo_forgeries": "photo", "photo_distortions": "photo",
    "photo_groups": "photo", "photo_answers": "photo", "photo_scope": "photo",
    "photo_targets": "photo", "photo_clips": "photo", "photo_avatars": "photo", "photo_shortcuts": "photo",
}  # fmt: skip
"""Results files of tables that have another name."""


def table_of(name: str) -> str:
    """Return the Markdown of one results file."""
    with (ROOT / "results" / f"{FILES.get(name, name)}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return FORMS.get(name, plain)(rows)


def card_of(name: str) -> str:
    """Return every fact of a card, one per line, nested names joined by dots; a folder's card is its `card.json`."""
    place = ROOT / name
    file = place / "card.json" if place.is_dir() else place.with_suffix(".json")
    card = json.loads(file.read_text(encoding="utf-8"))
    return markdown(["fact", "value"], [[f"`{key}`", value] for key, value in facts(card)])


def facts(value: object, name: str = "") -> list[tuple[str, str]]:
    """Return the leaves of a record; lists stay on one line, long numbers are rounded to six digits."""
    if isinstance(value, dict):
        return [leaf for key in value for leaf in facts(value[key], f"{name}.{key}".lstrip("."))]
    if isinstance(value, list):
        return [(name, ", ".join(facts(one)[0][1] for one in value))]
    return [(name, f"{value:.6g}" if isinstance(value, float) else str(value).replace("|", "\\|"))]


def filled(match: re.Match[str]) -> str:
    """Return a block with its table."""
    return match[1] + (card_of(match[3]) if match[2] == "card" else table_of(match[3])) + match[4]


def main() -> int:
    """Fill or check every table."""
    stale = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        fresh = BLOCK.sub(filled, text)
        if fresh != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(fresh, encoding="utf-8")
    if stale:
        print(("stale: " if "--check" in sys.argv else "filled: ") + ", ".join(stale))
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
