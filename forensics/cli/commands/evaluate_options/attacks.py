"""Run `facetrail evaluate --attack`: measure detectors under small changes of the pixels."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.cli.arguments import positive_int
from forensics.execution.progress import Report

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.run import Evaluated

COLUMNS = ("auc", "auc_forged_attacked", "fpr", "tpr", "evaded", "framed")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("attacks, to learn how far a score can be trusted")
    group.add_argument(
        "--attack",
        choices=("fgsm", "pgd", "square"),
        help="change forged frames until they are missed and genuine ones until they are flagged, and measure again; "
        "square needs no gradients, only scores",
    )
    group.add_argument(
        "--epsilon",
        type=positive_int,
        nargs="+",
        default=[1, 2, 4, 8],
        metavar="N",
        help="largest change of a pixel, in levels of 255 (default: 1 2 4 8)",
    )
    group.add_argument(
        "--steps",
        type=positive_int,
        metavar="N",
        help="gradient steps of pgd (default: 10), or queries of square (default: 200)",
    )
    group.add_argument(
        "--surrogate",
        nargs="+",
        default=[],
        metavar="NAME_OR_DIR",
        help="attack these too, and try what was made for them on the detectors measured",
    )


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether an attack is requested."""
    return options.attack is not None


def measure(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterator[EvalReport]:
    """Attack every detector and every surrogate, and measure every detector under each attack.

    Raises:
        UsageError: There is no detector with a threshold, only a file of scores.
        InputError: A detector judges clips, or has no gradients and the attack needs them.
    """
    from detectors import load_detector
    from forensics.corpus import Slice
    from forensics.errors import UsageError
    from forensics.evaluation import short_names
    from forensics.evaluation.adversarial import QUERIES, STEPS, AttackPlan, measure_attacks

    found = {one.report.detector: one for one in done if one.detector is not None}
    targets = {name: one.detector for name, one in found.items() if one.detector is not None}
    thresholds = {name: one.report.threshold for name, one in found.items() if one.report.threshold is not None}
    first = next(iter(found.values()), None)
    if first is None or first.corpus is None or len(thresholds) < len(targets):
        raise UsageError("--attack changes the frames of a CORPUS; a file of scores cannot be attacked")
    names = short_names(options.surrogate) if options.surrogate else ()
    taken = sorted(set(names) & set(targets))
    if taken:
        raise UsageError(f"{taken[0]} is measured and so attacked already; name other surrogates")
    measured = measure_attacks(
        targets,
        thresholds,
        first.corpus,
        [sample for sample in first.samples if sample.slice is Slice.MAIN],
        AttackPlan(
            method=options.attack,
            epsilons=tuple(sorted(set(options.epsilon))),
            steps=options.steps or (QUERIES if options.attack == "square" else STEPS),
            per_clip=first.settings.per_clip,
            seed=first.settings.seed,
            replicates=first.settings.replicates,
        ),
        surrogates={name: load_detector(path) for name, path in zip(names, options.surrogate, strict=True)},
        finder=next((one.finder for one in found.values() if not _sees_frames(one)), first.finder),
        report=report,
    )
    for name, measures in measured.items():
        yield replace(found[name].report, measures=measures, warnings=())


def _sees_frames(one: Evaluated) -> bool:
    return one.detector is not None and one.detector.spec.whole_frame


def describe(report: EvalReport) -> str:
    """Return the attacks of a report as a table, empty without any."""
    from forensics.evaluation import columns

    attacked = [one for one in report.measures if one.distortion.partition(" ")[0] in ("fgsm", "pgd", "square")]
    cells = dict.fromkeys((one.distortion, one.severity, one.parameter) for one in attacked)
    if not cells:
        return ""
    rows: list[tuple[str, ...]] = [("attack", "", *COLUMNS)]
    for name, severity, parameter in cells:
        numbers = [report.find(f"{metric}/video", distortion=name, severity=severity) for metric in COLUMNS]
        rows.append((name, parameter, *("" if one is None else f"{one.value:.3f}" for one in numbers)))
    return f"{report.detector} under attack\n{columns(rows)}"
