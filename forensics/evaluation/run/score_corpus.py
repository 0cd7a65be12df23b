"""Score corpora: build score tables of samples and measure the control slice."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors import Detector
from forensics.corpus import Corpus, Label, Sample, Slice, attributes_of
from forensics.errors import CorpusError
from forensics.evaluation import Interval, ScoreTable
from forensics.evaluation.metrics.intervals import bootstrap_intervals
from forensics.execution.progress import Report, silent
from forensics.execution.workers import Work, WorkerConfig, one_thread, open_pool
from forensics.faces import (
    KEPT,
    SCORED_FACES,
    CropJob,
    CropTable,
    Cut,
    FaceFinder,
    cut_all,
    cut_kept,
    job_of,
    source_of,
    stack_crops,
)

_LOG = logging.getLogger(__name__)

BATCH = 256
"""Number of crops that are in memory and scored at once."""

LARGE = 512
"""Side of a crop in pixels above which the samples are scored one at a time."""

GROUP = 4
"""Number of samples that a worker scores together: with eight frames per clip, one batch of the network."""


@dataclass(frozen=True, slots=True, eq=False)
class ControlShift:
    """The change of scores when genuine samples are marked.

    Attributes:
        plain: Mean score of the plain samples.
        marked: Mean score of the same samples with a control mark.
        shift: Mean of the differences, marked minus plain, with a bootstrap interval over identities.
        pairs: Number of pairs.
    """

    plain: float
    marked: float
    shift: Interval
    pairs: int


def key_of(sample: Sample) -> str:
    """Return the key of a sample's video in a table of scores: `dataset/method/compression/name`, as far as known."""
    return "/".join(part for part in sample.video_key if part)


def score_samples(
    detector: Detector,
    corpus: Corpus,
    samples: Sequence[Sample],
    *,
    per_clip: int,
    finder: FaceFinder | None = None,
    worker_config: WorkerConfig | None = None,
    report: Report = silent,
) -> ScoreTable:
    """Score the frames of samples, one batch of crops at a time, so that any corpus needs little memory.

    Samples without a crop get the undecided score 0.5 and count as not covered; frames get the score of their highest
    face.

    Args:
        detector: The detector.
        corpus: The corpus of the samples.
        samples: The samples.
        per_clip: Largest number of frames of one clip.
        finder: Face finder for samples without a sidecar.
        worker_config: Configuration of the worker pool, with one thread per worker; the scores do not depend on the
            number of workers. None scores in this process, on all threads, and the last bit of the scores may differ.
        report: Progress callback.

    Returns:
        One row for each frame.

    Raises:
        CorpusError: No face was found in any sample, or a sample has no sidecar and there is no finder.
    """
    kept = corpus.root / KEPT
    jobs = [job_of(corpus, sample, detector.spec, per_clip, SCORED_FACES) for sample in samples]
    cache = kept if kept.is_dir() else None
    tables: list[ScoreTable] = []
    for table, done in (
        _scored_here(detector, jobs, finder, cache)
        if worker_config is None
        else _scored_by(worker_config, detector, jobs, finder, cache)
    ):
        tables.append(table)
        _LOG.debug("scored %d of %d samples", done, len(jobs))
        report(done / len(jobs), "scoring")
    if not tables or not any(table.covered.any() for table in tables):
        raise CorpusError(f"no face was found in any of {len(samples)} samples of {corpus.root}", corpus.root)
    table = ScoreTable.joined(tables)
    _LOG.info(
        "scored %d frames of %d samples with %s; faces by %s",
        len(table.scores),
        len(samples),
        detector.spec.name,
        source_of(finder),
    )
    sample_of = {key_of(sample): sample for sample in samples}
    return replace(table, attributes=attributes_of(corpus, [sample_of[video] for video in table.videos]))


def _scored_here(
    detector: Detector, jobs: Sequence[CropJob], finder: FaceFinder | None, cache: Path | None
) -> Iterator[tuple[ScoreTable, int]]:
    """Yield the scores of one batch of crops after the other, and how many samples are done."""
    waiting: list[tuple[CropJob, Cut]] = []
    most = BATCH if 0 < detector.spec.input_size <= LARGE else 1
    for number, done in enumerate(cut_all(jobs, finder, cache=cache), start=1):
        waiting.append(done)
        if number == len(jobs) or sum(len(cut.crops) for _, cut in waiting) >= most:
            yield score_crop_table(detector, stack_crops(waiting)), number
            waiting = []


def _scored_by(
    worker_config: WorkerConfig,
    detector: Detector,
    jobs: Sequence[CropJob],
    finder: FaceFinder | None,
    cache: Path | None,
) -> Iterator[tuple[ScoreTable, int]]:
    """Yield the scores of one group of samples after the other, and how many samples are done."""
    groups = [jobs[first : first + GROUP] for first in range(0, len(jobs), GROUP)]
    with open_pool(worker_config, partial(_scorer, detector, finder, cache, worker_config.device)) as pool:
        for place, table in pool.work(groups):
            yield table, min((place + 1) * GROUP, len(jobs))


@contextmanager
def _scorer(
    detector: Detector, finder: FaceFinder | None, cache: Path | None, device: str | None
) -> Iterator[Work[Sequence[CropJob], ScoreTable]]:
    if device is not None:
        detector.model.to(device)
    with one_thread():
        yield lambda jobs, report: score_crop_table(
            detector, stack_crops([(job, cut_kept(job, finder, cache)) for job in jobs])
        )


def score_crop_table(detector: Detector, crop_table: CropTable) -> ScoreTable:
    """Score crops that are cut already; a frame that shows several faces has the highest score of them.

    Args:
        detector: Scores them; its crop contract must be the one they were cut for.
        crop_table: The crops.

    Returns:
        One row for each frame, those of samples without a crop at the end.
    """
    first = crop_table.first_faces
    owners = (*(crop_table.samples[row] for row in first), *crop_table.unseen)
    seen = np.maximum.reduceat(_probabilities(detector, crop_table), first) if len(first) else np.zeros(0)
    return ScoreTable(
        videos=tuple(key_of(sample) for sample in owners),
        identities=tuple(sample.identities for sample in owners),
        labels=np.array([sample.label is Label.FORGED for sample in owners], dtype=np.int64),
        scores=np.concatenate([seen, np.full(len(crop_table.unseen), 0.5)]),
        slices=tuple(sample.slice.value for sample in owners),
        methods=tuple(sample.method for sample in owners),
        covered=np.arange(len(owners)) < len(first),
    )


def _probabilities(detector: Detector, crop_table: CropTable) -> NDArray[np.float64]:
    """Return scores of all crops at once, or sample by sample where a detector judges consecutive crops together."""
    if detector.spec.frames == 1:
        return detector.probabilities(crop_table.crops)
    ends = [
        row for row in range(1, len(crop_table.samples)) if crop_table.samples[row].id != crop_table.samples[row - 1].id
    ]
    return np.concatenate([detector.probabilities(crops) for crops in np.split(crop_table.crops, ends)])


def rows_of_slice(table: ScoreTable, slice: Slice) -> ScoreTable:
    """Return the rows of one slice only.

    Args:
        table: The table.
        slice: The slice.
    """
    return table.rows([row for row, name in enumerate(table.slices) if name == slice.value])


def frozen_threshold(detector: Detector) -> float:
    """Return the threshold that a detector froze at 5 % false positives on validation data, 0.5 where it has none."""
    return detector.thresholds.fpr_5 if detector.thresholds is not None else 0.5


def control_shift(table: ScoreTable, corpus: Corpus, *, seed: int) -> ControlShift:
    """Compare genuine samples with the same samples with a control mark.

    Args:
        table: A table with scores of both slices.
        corpus: The corpus, which links each control sample to its genuine one.
        seed: Seed of the bootstrap.

    Raises:
        CorpusError: No control sample has its plain twin in the table.
    """
    videos = table.by_video()
    score_of = dict(zip(videos.videos, videos.scores, strict=True))
    plain_of = {
        (sample.source_id, sample.drive_id): key_of(sample)
        for sample in corpus.where(label=Label.GENUINE, slice=Slice.MAIN)
        if key_of(sample) in score_of
    }
    pairs = [
        (score_of[plain_of[sample.source_id, sample.drive_id]], score_of[key_of(sample)], sample)
        for sample in corpus.where(slice=Slice.CONTROL)
        if key_of(sample) in score_of and (sample.source_id, sample.drive_id) in plain_of
    ]
    if not pairs:
        raise CorpusError(f"{corpus.root} has no control slice to compare", corpus.root)
    plain = np.array([pair[0] for pair in pairs])
    marked = np.array([pair[1] for pair in pairs])
    found = bootstrap_intervals(
        {"shift": lambda labels, scores: float(scores.mean())},
        np.zeros(len(pairs), dtype=np.int64),
        marked - plain,
        [pair[2].identities for pair in pairs],
        np.random.default_rng(seed),
    )
    return ControlShift(float(plain.mean()), float(marked.mean()), found["shift"], len(pairs))
