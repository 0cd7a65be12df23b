"""Run `facetrail evaluate --probe`: measure what else could explain the scores."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.execution.progress import Report, subrange

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.probes import Outcome
    from forensics.evaluation.run import Evaluated
    from forensics.faces import CropTable

PROBES = ("metadata", "codec", "identity", "mark")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("probes")
    group.add_argument(
        "--probe",
        nargs="+",
        choices=PROBES,
        default=[],
        metavar="NAME",
        help="ask what else gives the classes away: metadata (files unseen inside), codec (their traces), identity and "
        "mark (what a detector's features carry)",
    )


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether a probe is requested."""
    return bool(options.probe)


def measure(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterator[EvalReport]:
    """Run the probes; each gets its own report, and its warnings are added to every detector that they concern.

    Raises:
        CorpusError: A probe finds too few people, or no control slice.
        UsageError: There is no corpus, only a file of scores, or a detector judges clips.
    """
    from forensics.errors import UsageError

    detectors = [one for one in done if one.detector is not None and one.corpus is not None]
    if not detectors:
        raise UsageError("--probe looks at the files of a CORPUS; a file of scores has none")
    chosen = [name for name in PROBES if name in options.probe]
    for number, name in enumerate(chosen):
        outcome = _run(name, detectors, subrange(report, number / len(chosen), (number + 1) / len(chosen)))
        first = detectors[0].report
        yield replace(outcome.report(first.corpus, first.seed), corpus_digest=first.corpus_digest)
        for one in detectors:
            told = [text for text in outcome.warnings if _concerns(text, one, detectors)]
            if told:
                yield replace(one.report, measures=(), warnings=tuple(told))


def describe(report: EvalReport) -> str:
    """Return the measures of a probe as a table, empty for a detector."""
    from forensics.evaluation import columns

    if not report.detector.startswith("probe:"):
        return ""
    rows = [("measure", "slice", "value", "95 % interval", "forged", "genuine", "")]
    for one in report.measures:
        interval = "none" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
        note = one.note.partition("; features")[0]
        rows.append((one.name, one.slice, f"{one.value:.3f}", interval, str(one.n_positive), str(one.n_negative), note))
    return f"{report.detector}: {report.protocol}\n{columns(rows)}"


def _run(name: str, detectors: Sequence[Evaluated], report: Report) -> Outcome:
    from forensics.errors import UsageError
    from forensics.evaluation.probes import probe_codec, probe_identity, probe_mark, probe_metadata

    first = detectors[0]
    seed, replicates = first.settings.seed, first.settings.replicates
    if first.corpus is None or first.detector is None:
        raise UsageError("a probe wants a corpus and a detector")
    if name == "metadata":
        return probe_metadata(first.corpus, seed=seed, replicates=replicates, report=report)
    if name == "codec":
        return probe_codec(
            first.corpus, first.detector.spec, seed=seed, replicates=replicates, finder=first.finder, report=report
        )
    crop_tables = [
        (one.report.detector, one.detector, _crop_table(one, report)) for one in detectors if one.detector is not None
    ]
    return (probe_identity if name == "identity" else probe_mark)(crop_tables, seed=seed, replicates=replicates)


def _crop_table(one: Evaluated, report: Report) -> CropTable:
    from forensics.errors import UsageError
    from forensics.faces import gather_crops

    if one.detector is None or one.corpus is None or one.detector.spec.frames > 1:
        raise UsageError(f"{one.report.detector} judges clips; probes read the features of single crops")
    return gather_crops(
        one.corpus,
        one.samples,
        one.detector.spec,
        per_clip=one.settings.per_clip,
        finder=one.finder,
        report=report,
    )


def _concerns(text: str, one: Evaluated, detectors: Sequence[Evaluated]) -> bool:
    """Return whether a warning is about this detector: it names it, or it names none."""
    named = [other for other in detectors if text.startswith(f"{other.report.detector}: ")]
    return not named or one in named
