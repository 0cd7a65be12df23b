"""Train and score a detector once, and store the result: a finished run is not repeated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from detectors import Detector, DetectorCard, DetectorSpec, TrainConfig, TrainingSource, load_detector, save_detector
from forensics.corpus import Corpus, Slice, Split
from forensics.evaluation import ScoreTable, operating_threshold, read_scores, write_scores
from forensics.evaluation.run import corpus_digest, rows_of_slice, score_samples
from forensics.storage.files import write_whole
from forensics.training.run_settings import TrainingRun
from forensics.training.train import train_on

PER_CLIP = 2
"""Frames of a clip for training and scoring; neighbouring frames are similar. A clip detector uses eight."""


_RECORD = "run.json"


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one training.

    Attributes:
        videos: Scores of the test split and its control slice, one row per clip.
        threshold: Threshold at which at most one in twenty genuine validation clips is flagged.
        validation_auc: Frame AUC on the validation split.
        seconds: Duration of the training.
    """

    videos: ScoreTable
    threshold: float
    validation_auc: float
    seconds: float


def is_done(folder: Path) -> bool:
    """Return whether a run is trained and scored."""
    return (folder / _RECORD).exists()


def run_once(
    folder: Path,
    corpus: Corpus,
    detector: Detector,
    config: TrainConfig,
    source: TrainingSource,
    methods: tuple[str, ...],
    per_clip: int = PER_CLIP,
) -> Run:
    """Train a detector in place on some forgeries, score the test split, and keep scores and weights.

    Args:
        folder: Of this run.
        corpus: The corpus.
        detector: Where training begins.
        config: How it is trained.
        source: What it learns from as manipulated.
        methods: Which forgeries, as patterns.
        per_clip: Frames of a clip that are learned from and scored.
    """
    scores, about = folder / "scores.csv", folder / _RECORD
    if not is_done(folder):
        run = TrainingRun(detector.spec.name, source, per_clip, config, methods=methods)
        detector, log = train_on(corpus, run, detector=detector)
        held = score_samples(detector, corpus, corpus.where(split=Split.VAL), per_clip=per_clip)
        tested = score_samples(detector, corpus, corpus.where(split=Split.TEST), per_clip=per_clip)
        folder.mkdir(parents=True, exist_ok=True)
        write_scores(tested.by_video(), scores)
        save_detector(detector, folder, DetectorCard("avatars", log.data_digest, "by identity", "Apache-2.0"))
        record = {
            "threshold": operating_threshold(rows_of_slice(held, Slice.MAIN).by_video()),
            "validation_auc": log.validation_auc,
            "seconds": log.seconds,
        }
        write_whole(about, lambda part: part.write_text(json.dumps(record), "utf-8"))
    return Run(read_scores(scores), **json.loads(about.read_text("utf-8")))


def scored_on(corpus: Corpus, folder: Path, spec: DetectorSpec, per_clip: int = PER_CLIP) -> Run:
    """Score the test split of another corpus with the stored detector of a run, once."""
    scores = folder / f"scores-{corpus_digest(corpus.samples)[:16]}.csv"
    if not scores.exists():
        detector = load_detector(folder, spec)
        tested = score_samples(detector, corpus, corpus.where(split=Split.TEST), per_clip=per_clip)
        write_scores(tested.by_video(), scores)
    return Run(read_scores(scores), **json.loads((folder / _RECORD).read_text("utf-8")))
