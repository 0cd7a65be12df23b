"""Score many frames of clips, a few at a time, so that long clips need little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from detectors import Detector, FrameScores
from forensics.corpus import Corpus, Sample
from forensics.execution.progress import Report, silent
from forensics.execution.workers import SERIAL, Work, WorkerConfig, one_thread, open_pool
from forensics.faces import SCORED_FACES, FaceFinder, cut_kept, job_of, spread_indices

CHUNK = 32
"""Number of frames that are decoded and scored together."""


def score_clips(
    detector: Detector,
    corpus: Corpus,
    samples: Sequence[Sample],
    most: int,
    *,
    finder: FaceFinder | None = None,
    worker_config: WorkerConfig | None = None,
    report: Report = silent,
) -> list[FrameScores]:
    """Return the scores of clips, frame by frame.

    Args:
        detector: A detector of single pictures.
        corpus: The corpus of the samples.
        samples: Clips.
        most: Largest number of frames of a clip, evenly spread.
        finder: Face finder for samples without a sidecar.
        worker_config: Configuration of the worker pool; None scores in this process, on all its threads.
        report: Progress callback.
    """
    found: list[FrameScores] = []
    prepare = partial(_scorer, detector, corpus, most, finder, worker_config)
    with open_pool(worker_config or SERIAL, prepare) as pool:
        for place, clip in pool.work(samples):
            found.append(clip)
            report((place + 1) / len(samples), "scoring frame by frame")
    return found


@contextmanager
def _scorer(
    detector: Detector, corpus: Corpus, most: int, finder: FaceFinder | None, worker_config: WorkerConfig | None
) -> Iterator[Work[Sample, FrameScores]]:
    if worker_config is None:
        yield lambda sample, report: score_clip(detector, corpus, sample, most, finder)
        return
    if worker_config.device is not None:
        detector.model.to(worker_config.device)
    with one_thread():
        yield lambda sample, report: score_clip(detector, corpus, sample, most, finder)


def score_clip(detector: Detector, corpus: Corpus, sample: Sample, most: int, finder: FaceFinder | None) -> FrameScores:
    """Return the scores of one clip: in each frame that of the highest face, NaN without a face.

    The mask of the sample is not looked at, because it tells which frames were altered.

    Args:
        detector: A detector of single pictures.
        corpus: The corpus of the sample.
        sample: A clip.
        most: Largest number of frames, evenly spread.
        finder: Face finder where there is no sidecar.
    """
    job = replace(job_of(corpus, sample, detector.spec, most, SCORED_FACES), mask=None)
    frames = spread_indices(sample.frames, most)
    scores = np.full(len(frames), np.nan)
    for first in range(0, len(frames), CHUNK):
        part = frames[first : first + CHUNK]
        cut = cut_kept(replace(job, wanted=tuple(part.tolist())), finder, None)
        if not len(cut.frames):
            continue
        places = first + np.searchsorted(part, cut.frames)
        for place, score in zip(places.tolist(), detector.probabilities(cut.crops).tolist(), strict=True):
            scores[place] = np.fmax(scores[place], score)
    return FrameScores(frames, scores, float(sample.fps or 1.0), sample.frames)
