"""Run `facetrail evaluate --when`: compare the segments that a detector finds with the altered ones of a corpus."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.cli.arguments import positive_int
from forensics.execution.progress import Report, subrange

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.run import Evaluated

_PREFIX = "segment_"
_MOST = 300
_FILE = "segments.json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("when")
    group.add_argument(
        "--when",
        nargs="?",
        type=positive_int,
        const=_MOST,
        metavar="N",
        help="score up to N frames of every clip and compare the segments above a threshold of the validation split "
        f"with the altered ones: AP at overlaps, AR at numbers of segments (default N: {_MOST})",
    )


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether segments are to be compared."""
    return options.when is not None


def measure(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterator[EvalReport]:
    """Compare the segments of every detector with those of its test clips.

    Raises:
        CorpusError: No tested clip is altered in parts.
        InputError: A detector judges clips.
        UsageError: There is no detector, only a file of scores.
    """
    from forensics.corpus import Split
    from forensics.errors import UsageError
    from forensics.evaluation.localisation import SegmentPlan, measure_segments

    detectors = [one for one in done if one.detector is not None and one.corpus is not None]
    if not detectors:
        raise UsageError("--when looks at the files of a CORPUS; a file of scores has none")
    for number, one in enumerate(detectors):
        if one.detector is None or one.corpus is None:
            continue
        settings, limits = one.settings, one.detector.thresholds
        found = measure_segments(
            one.detector,
            one.corpus,
            one.samples,
            () if settings.protocol.whole else one.corpus.where(split=Split.VAL),
            SegmentPlan(
                options.when,
                settings.seed,
                settings.replicates,
                0.5 if limits is None else limits.fpr_5,
                settings.worker_config,
            ),
            seen_methods=one.seen_methods,
            finder=one.finder,
            report=subrange(report, number / len(detectors), (number + 1) / len(detectors)),
        )
        if one.folder is not None:
            _write(one, found.found)
        yield replace(one.report, measures=found.measures, warnings=found.told)


def describe(report: EvalReport) -> str:
    """Return the measures of the segments as a table, empty without any."""
    from forensics.evaluation import columns

    found = [one for one in report.measures if one.metric.startswith(_PREFIX)]
    if not found:
        return ""
    rows = [("measure", "slice", "value", "95 % interval", "forged", "genuine", "")]
    for one in found:
        interval = "none" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
        counts = str(one.n_positive), str(one.n_negative)
        rows.append((_title(one.metric), one.slice, f"{one.value:.3f}", interval, *counts, one.note))
    return f"{report.detector}: when, against the altered segments\n{columns(rows)}"


def _title(metric: str) -> str:
    """Return `segment_ap_50` as `AP@0.5` and `segment_ar_10` as `AR@10`."""
    kind, number = metric.removeprefix(_PREFIX).split("_")
    return f"AP@{int(number) / 100:g}" if kind == "ap" else f"AR@{number}"


def _write(one: Evaluated, found: object) -> None:
    """Write the found segments beside the detector's scores: score, start and end of each by sample."""
    from forensics.storage.files import write_whole
    from forensics.storage.json_records import write_json

    if one.folder is None:
        return
    one.folder.mkdir(parents=True, exist_ok=True)
    write_whole(one.folder / _FILE, lambda part: part.write_text(write_json(found, indent=1) + "\n", "utf-8"))
