"""Hold what an evaluation measured, compare detectors, and write the results folder.

This module loads no detector, so that scores of another program are measured without loading what computes networks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.evaluation import (
    SCORES_NAME,
    Aggregation,
    Comparison,
    EvalReport,
    EvalRun,
    ScoreTable,
    compare_all,
    folder_of,
    write_report,
    write_run,
    write_scores,
)
from forensics.evaluation.protocol.protocols import SEALED, Protocol
from forensics.evaluation.protocol.read_journal import now
from forensics.execution.environment import PACKAGES, installed_version, machine
from forensics.execution.workers import WorkerConfig
from forensics.faces import USUAL_FINDER

if TYPE_CHECKING:
    from detectors import Detector
    from forensics.corpus import Corpus, Sample
    from forensics.faces import FaceFinder, FinderChoice

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of an evaluation.

    Attributes:
        protocol: The protocol, which selects samples, threshold and slices.
        aggregation: Aggregation of frame scores into a video's score.
        per_clip: Largest number of frames of one clip.
        face_finder: Face finder for samples without a sidecar.
        seed: Seed of the bootstrap.
        replicates: Number of bootstrap replicates.
        command: The command line, for the record.
        worker_config: Configuration of the worker pool; None scores in this process, on all its threads.
    """

    protocol: Protocol = SEALED
    aggregation: Aggregation = Aggregation.MEAN
    per_clip: int = 8
    face_finder: FinderChoice = USUAL_FINDER
    seed: int = 0
    replicates: int = 1000
    command: str = ""
    worker_config: WorkerConfig | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """One detector, measured on the test.

    Attributes:
        report: Its measures.
        table: The undistorted test scores, one row per frame; None for a probe.
        validation: The validation scores, one row per frame, None where there is none.
        folder: Its folder of results, None where nothing is written.
        detector: None for a file of scores and for a probe.
        corpus: None for a file of scores.
        samples: The tested samples; empty for a file of scores.
        finder: Face finder for samples without a sidecar, None where it is not needed.
        settings: The settings of the evaluation.
        seen_methods: Forgeries that the detector was trained on, empty where that is unknown.
    """

    report: EvalReport
    table: ScoreTable | None
    settings: Settings
    validation: ScoreTable | None = None
    folder: Path | None = None
    detector: Detector | None = None
    corpus: Corpus | None = None
    samples: tuple[Sample, ...] = ()
    finder: FaceFinder | None = None
    seen_methods: tuple[str, ...] = ()


def with_reports(done: Sequence[Evaluated], further: Iterable[EvalReport]) -> tuple[Evaluated, ...]:
    """Add measures and warnings to the detectors of the same name; reports of other names are appended.

    Args:
        done: The evaluated detectors.
        further: Reports with further measures.
    """
    found = list(done)
    for report in further:
        place = next((index for index, one in enumerate(found) if one.report.detector == report.detector), None)
        if place is None:
            folder = None if found[0].folder is None else found[0].folder.parent / folder_of(report.detector)
            found.append(replace(found[0], report=report, table=None, validation=None, folder=folder, detector=None))
            continue
        old = found[place].report
        both = replace(
            old,
            measures=(*old.measures, *(one for one in report.measures if one not in old.measures)),
            warnings=tuple(dict.fromkeys((*old.warnings, *report.warnings))),
        )
        found[place] = replace(found[place], report=both)
    return tuple(found)


def compare_evaluated(done: Sequence[Evaluated], settings: Settings) -> tuple[Comparison, ...]:
    """Compare the detectors on the videos that all of them scored; empty for a single detector."""
    videos = {one.report.detector: one.table.by_video(settings.aggregation) for one in done if one.table is not None}
    return compare_all(videos, seed=settings.seed, replicates=settings.replicates) if len(videos) > 1 else ()


def write_results(
    done: Sequence[Evaluated], comparisons: Sequence[Comparison], settings: Settings, out: Path
) -> EvalRun:
    """Write the results folder: a folder for each detector and probe, and `run.json`.

    Args:
        done: The evaluated detectors.
        comparisons: Comparisons of the detectors.
        settings: Settings of the evaluation.
        out: The results folder.
    """
    for one in done:
        folder = out / folder_of(one.report.detector)
        write_report(one.report, folder)
        if one.table is not None and not (folder / SCORES_NAME).is_file():
            write_scores(one.table, folder / SCORES_NAME)
    first = done[0].report
    run = EvalRun(
        corpus=first.corpus,
        created=now(),
        command=settings.command,
        seed=settings.seed,
        environment=(*((name, installed_version(name) or "absent") for name in PACKAGES), ("machine", machine())),
        detectors=tuple(one.report.detector for one in done if one.table is not None),
        comparisons=tuple(comparisons),
        probes=tuple(one.report.detector for one in done if one.table is None),
        protocol=first.protocol,
        corpus_digest=first.corpus_digest,
    )
    write_run(run, out)
    _LOG.info("wrote the results of %d detectors and probes to %s", len(done), out)
    return run
