"""Train detectors on a corpus in the two ways that the report compares.

*Before* trains on genuine clips and self-blends of them, without any forgery of a generator. *After* trains on genuine
clips and the corpus' forgeries. Both choose their epoch, calibration and thresholds on validation identities.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from detectors import (
    Calibration,
    ConformalDecision,
    Detector,
    DetectorCard,
    TrainingSet,
    TrainingSource,
    TrainLog,
    create_detector,
    load_detector,
    read_card,
    save_detector,
    train_detector,
    train_self_blended,
)
from forensics.corpus import MANIFEST, Corpus, Label, Split
from forensics.errors import CorpusError
from forensics.execution.progress import Report, silent, subrange
from forensics.faces import FaceFinder, source_of
from forensics.storage.files import locked
from watermark import file_hash

from .data import TrainingCrops, check_splits, forged_samples, still_blends
from .run_settings import TrainingRun

_PREPARING = 0.25
"""Share of the time spent on reading and cutting."""


def open_untrained(run: TrainingRun) -> Detector:
    """Build the network that a run starts with: a new one, or a trained detector whose training continues.

    Raises:
        CheckpointError: The folder is not a trained detector.
        CorpusError: The folder contains another detector than the run names.
        UnknownDetectorError, WeightsError: As for `create_detector`.
    """
    if run.start is None:
        return create_detector(run.detector, seed=run.config.seed, pretrained=run.pretrained)
    known = load_detector(run.start)
    if known.spec.name != run.detector:
        raise CorpusError(f"{run.start} holds a detector {known.spec.name!r}, and {run.detector!r} is to be trained")
    return Detector(known.spec, known.model)


def train_on(
    corpus: Corpus,
    run: TrainingRun,
    *,
    detector: Detector | None = None,
    finder: FaceFinder | None = None,
    report: Report = silent,
    checkpoint: Path | None = None,
) -> tuple[Detector, TrainLog]:
    """Train a detector on a corpus' train split; every choice uses its val split.

    Args:
        corpus: The corpus; its test split is not used.
        run: Settings of the training.
        detector: The detector to train in place, instead of the one that the run names.
        finder: Face finder for samples without a sidecar.
        report: Progress callback.
        checkpoint: Folder for every epoch, from which an interrupted run continues.

    Raises:
        CorpusError: A split, a class or a forgery is missing, or faces cannot be found.
    """
    check_splits(corpus, run)
    detector = detector or open_untrained(run)

    def stepped(step: int, total: int, loss: float) -> None:
        report(_PREPARING + (1 - _PREPARING) * step / max(total, 1), "training")

    gather = partial(TrainingCrops, corpus, detector.spec, run, finder)
    train = gather(Split.TRAIN, subrange(report, 0.0, _PREPARING / 2))
    held = gather(Split.VAL, subrange(report, _PREPARING / 2, _PREPARING))
    if run.training_source is TrainingSource.SELF_BLENDED:
        faces, _ = train.faces()
        others, videos = held.faces()
        log = train_self_blended(
            detector, faces, run.config, validation=others, progress=stepped, checkpoint=checkpoint
        )
        detector.decision = fit_decision(detector, *still_blends(others, videos, detector.spec))
        return detector, log
    known, judged = train.crops(), held.crops()
    log = train_detector(
        detector, known.data, run.config, validation=judged.data, progress=stepped, checkpoint=checkpoint
    )
    detector.decision = fit_decision(detector, judged.data, [sample.id for sample in judged.owners])
    return detector, log


@contextmanager
def unfinished(out: Path, corpus: Corpus, run: TrainingRun, finder: FaceFinder | None = None) -> Iterator[Path]:
    """Yield the folder for a detector's epochs until the detector is saved; each run has its own folder.

    Args:
        out: Folder in which the detector will be saved.
        corpus: Its training corpus.
        run: Its settings.
        finder: Face finder for samples without a sidecar.

    Raises:
        BusyError: Another process runs the same training.
    """
    facts = f"{run!r}\n{file_hash(corpus.root / MANIFEST)}\n{source_of(finder)}"
    key = hashlib.sha256(facts.encode()).hexdigest()[:12]
    folder = out.parent / f".{out.name}.{key}.unfinished"
    with locked(folder):
        yield folder
        shutil.rmtree(folder)


def fit_decision(detector: Detector, held: TrainingSet, videos: Sequence[str]) -> ConformalDecision:
    """Fit the three-way decision on the mean probability of each validation video, the value that is judged later.

    Its risk is one in ten, or the smallest risk that the number of validation people supports.

    Args:
        detector: A trained and calibrated detector.
        held: Validation crops, or clips for a detector of clips.
        videos: (N,) video of each.
    """
    _, first, number = np.unique(list(videos), return_index=True, return_inverse=True)
    logits, _ = detector.embed(held.crops)
    probabilities = (detector.calibration or Calibration()).probabilities(logits)
    means = np.bincount(number, weights=probabilities) / np.bincount(number)
    people = [group if isinstance(group, str) else group[0] for group in (held.groups[row] for row in first)]
    return ConformalDecision.fit(np.asarray(held.labels)[first], means, None, people=people)


def save_trained(
    detector: Detector,
    log: TrainLog,
    run: TrainingRun,
    corpus: Corpus,
    folder: Path,
    finder: FaceFinder | None = None,
) -> None:
    """Write a trained detector with a card that describes its origin.

    Args:
        detector: The detector.
        log: Log of its training.
        run: Its settings.
        corpus: Its training corpus.
        folder: Folder of the detector.
        finder: The face finder that was used for samples without a sidecar.
    """
    forged = run.training_source is TrainingSource.FORGED
    what = "genuine and forged clips" if forged else "genuine clips and their self-blends"
    learned = forged_samples(corpus, Split.TRAIN, run.methods, run.hold_out) if forged else ()
    methods = sorted({sample.method for sample in learned if sample.label is Label.FORGED})
    card = DetectorCard(
        data=f"{what} of a corpus with {len(corpus.samples)} samples"
        + (f"; forgeries by {', '.join(methods)}" if methods else "")
        + ("" if run.start is None else "; begun with the weights of another detector"),
        data_digest=log.data_digest,
        split="by identity; epoch, calibration, scope and thresholds from the val split",
        licence="Apache-2.0",
        metrics={"auc/frame/validation": log.validation_auc},
        seed=run.config.seed,
        face_finder=source_of(finder),
        seen_methods=tuple(sorted({*methods, *(() if run.start is None else read_card(run.start).seen_methods)})),
        held_out=tuple(sorted({sample.method for sample in corpus.where(label=Label.FORGED)} - set(methods))),
        note="A score means little on pictures unlike the training data; the scope gate says when.",
    )
    save_detector(detector, folder, card)
