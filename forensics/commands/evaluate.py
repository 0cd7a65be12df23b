"""`facetrail evaluate`: measure detectors, with intervals."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..answers import Answer, JsonObject
from ..arguments import DEFAULT_DETECTOR, add_json, add_seed, add_verbose
from ..progress import Report, part

if TYPE_CHECKING:
    from ..evaluation import EvalReport

SHOWN = ("auc/video", "auc/frame", "eer/video", "tpr_at_fpr_5/video", "balanced_accuracy/video")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "corpus", type=Path, nargs="?", metavar="CORPUS", help="corpus folder; its test split is measured"
    )
    parser.add_argument(
        "--detector",
        nargs="+",
        default=[DEFAULT_DETECTOR],
        metavar="NAME_OR_DIR",
        help=f"shipped detectors, or folders of trained ones (default: {DEFAULT_DETECTOR})",
    )
    parser.add_argument(
        "--scores",
        type=Path,
        metavar="FILE.csv",
        help="measure scores made by any program instead: columns video, identity, label, score",
    )
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="folder for evaluation.json and measures.csv")
    add_seed(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> Answer:
    """Measure scores from a file, or detectors on a corpus."""
    from ..entries import evaluate_entry
    from ..errors import UsageError
    from ..evaluation import write_report

    if (options.corpus is None) == (options.scores is None):
        raise UsageError("name either a CORPUS or --scores FILE.csv")
    if options.scores is not None:
        measured: tuple[EvalReport, ...] = (measure_file(options.scores, options.seed),)
    else:
        measured = measure_detectors(options.corpus, options.detector, options.seed, report)
    entries: list[JsonObject] = []
    for found in measured:
        if options.out is not None:
            write_report(found, options.out if len(measured) == 1 else options.out / Path(found.detector).name)
        entries.append(evaluate_entry(found))
    return Answer("\n\n".join(describe(found) for found in measured), tuple(entries))


def measure_file(path: Path, seed: int) -> EvalReport:
    """Measure scores that another program wrote; nothing is known about how its threshold was chosen."""
    from ..evaluation import EvalReport, measure_table, read_scores

    measures = measure_table(read_scores(path), seed=seed)
    return EvalReport(path.stem, path.name, "scores from a file, no threshold", seed, measures, sealed=False)


def measure_detectors(root: Path, names: list[str], seed: int, report: Report) -> tuple[EvalReport, ...]:
    """Measure detectors on a corpus' sealed test split."""
    from detectors import load_detector

    from ..corpus import Corpus
    from ..faces import finder_for
    from ..scoring import evaluate_on

    corpus = Corpus.load(root)
    finder = finder_for(corpus)
    measured = []
    for number, name in enumerate(names):
        step = part(report, number / len(names), (number + 1) / len(names))
        found, _ = evaluate_on(load_detector(name), corpus, name=name, seed=seed, finder=finder, report=step)
        measured.append(found)
    return tuple(measured)


def describe(report: EvalReport) -> str:
    """Put the chief measures into a table."""
    lines = [f"{report.detector} on {report.corpus}"]
    for measure in report.measures:
        if measure.name not in SHOWN:
            continue
        interval = "no interval" if measure.low is None else f"{measure.low:.3f} to {measure.high:.3f}"
        counts = f"{measure.n_positive} forged, {measure.n_negative} genuine"
        lines.append(f"  {measure.name:<26}{measure.slice:<10}{measure.value:.3f}   {interval:<18}{counts}")
    return "\n".join(lines)
