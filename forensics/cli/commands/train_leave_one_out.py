"""Run `facetrail train detector --leave-one-out`: one detector for each forgery, trained without it, and measured."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.errors import CorpusError
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report, subrange

if TYPE_CHECKING:
    from forensics.corpus import Corpus
    from forensics.evaluation import EvalReport
    from forensics.training.run_settings import TrainingRun

EVALUATION = "evaluation"
"""Folder of the results beside the detectors."""

_TRAINING = 0.8
"""Share of the time spent on training."""


def leave_one_out(corpus: Corpus, settings: TrainingRun, options: argparse.Namespace, report: Report) -> CommandResult:
    """Train a detector without each forgery in turn, and show how well it knows that one and the others.

    Raises:
        CorpusError: The corpus has fewer than two forgeries.
    """
    from forensics.corpus import Split
    from forensics.evaluation.run import Settings, evaluate_corpus, write_results
    from forensics.faces import finder_for
    from forensics.reporting import evaluate_entry
    from forensics.training.data import forged_samples
    from forensics.training.train import save_trained, train_on, unfinished

    learned = forged_samples(corpus, Split.TRAIN, settings.methods, settings.hold_out)
    methods = sorted({sample.method for sample in learned if sample.label == "forged"})
    if len(methods) < 2:
        raise CorpusError(f"{corpus.root} has one forgery to learn from; leaving one out wants two", corpus.root)
    finder = finder_for(corpus, options.face_finder)
    folders = []
    for number, method in enumerate(methods):
        step = subrange(report, _TRAINING * number / len(methods), _TRAINING * (number + 1) / len(methods))
        run = replace(settings, hold_out=(*settings.hold_out, method))
        folder = options.out / f"without-{re.sub(r'[^A-Za-z0-9_.+-]+', '-', method)}"
        if not folder.exists():
            with unfinished(folder, corpus, run, finder) as checkpoint:
                detector, log = train_on(corpus, run, finder=finder, report=step, checkpoint=checkpoint)
                save_trained(detector, log, run, corpus, folder, finder)
        folders.append(str(folder))
    measuring = Settings(
        seed=settings.config.seed,
        per_clip=settings.per_clip,
        face_finder=options.face_finder,
        command=shlex.join(["facetrail", *sys.argv[1:]]),
    )
    out = options.out / EVALUATION
    done = evaluate_corpus(corpus, folders, measuring, out=out, report=subrange(report, _TRAINING, 1.0))
    write_results(done, (), measuring, out)
    lines = [str(options.out), describe([one.report for one in done], methods), f"  next: facetrail report {out}"]
    entries: list[JsonObject] = [
        {**evaluate_entry(one.report), "held_out": method} for one, method in zip(done, methods, strict=True)
    ]
    return CommandResult("\n".join(lines), tuple(entries))


def describe(reports: list[EvalReport], methods: list[str]) -> str:
    """Return a table with one row for each forgery that was left out."""
    from forensics.evaluation import HELD_OUT, SEEN, columns

    rows: list[tuple[str, ...]] = [
        ("left out", "AUC on it", "95 % interval", "AUC on the others", "gap", "95 % interval")
    ]
    for report, method in zip(reports, methods, strict=True):
        held = report.find("auc/video", slice=HELD_OUT)
        seen = report.find("auc/video", slice=SEEN)
        gap = report.find("auc_gap/video", slice=HELD_OUT)
        cells = [f"{held.value:.3f}" if held else "", _interval(held), f"{seen.value:.3f}" if seen else ""]
        rows.append((method, *cells, f"{gap.value:+.3f}" if gap else "", _interval(gap)))
    return columns(rows)


def _interval(measure: object) -> str:
    low, high = getattr(measure, "low", None), getattr(measure, "high", None)
    return "none" if low is None or high is None else f"{low:.3f} to {high:.3f}"
