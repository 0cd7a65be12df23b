"""Train detectors on a corpus, the two ways the report compares.

*Before*: genuine clips and self-blends of them, so that no forgery of any generator was ever seen. *After*: genuine
clips and the corpus' forgeries. Both choose their epoch, calibration and thresholds on validation identities.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from detectors import (
    ConformalDecision,
    CropSet,
    Detector,
    DetectorCard,
    DetectorSpec,
    TrainConfig,
    TrainLog,
    create_detector,
    find_spec,
    save_detector,
    train_detector,
)

from .corpus import Corpus, Label, Sample, Slice, Split
from .corpus.manifest import MANIFEST
from .errors import CorpusError
from .faces import FaceFinder
from .faces.crops import blend_crops, gather_crops
from .files import LOCK, file_hash, locked
from .progress import Report, part, silent
from .settings import check_keys, read_toml

_PREPARING = 0.25
"""Share of the time that goes into reading and cutting."""


class Diet(StrEnum):
    """What a detector is fed as manipulated."""

    SELF_BLENDED = "self-blended"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Everything a run needs beside the corpus.

    Attributes:
        detector: Name of the untrained detector.
        diet: What it is fed as manipulated.
        per_clip: Most crops of one clip.
        config: Settings of the optimiser.
        pretrained: Where its backbone's weights come from: a safetensors file or a folder with one, True for the local
            Hugging Face cache, False for random weights.
    """

    detector: str = "cpu"
    diet: Diet = Diet.FORGED
    per_clip: int = 8
    config: TrainConfig = field(default_factory=TrainConfig)
    pretrained: bool | Path = False


def read_run(path: Path, run: TrainingRun) -> TrainingRun:
    """Read a TOML file over a run's settings.

    Args:
        path: Keys `detector`, `diet`, `per_clip`, `pretrained` and a table `config` with the fields of `TrainConfig`.
        run: What holds where the file says nothing.

    Raises:
        InputError: The file is no TOML, or a key is unknown; the message offers the nearest one.
    """
    values = read_toml(path)
    check_keys(path, values, [entry.name for entry in fields(TrainingRun)])
    settings = values.pop("config", {})
    names = [entry.name for entry in fields(TrainConfig) if entry.name != "augment"]
    check_keys(path, settings, names)
    if "diet" in values:
        check_keys(path, [values["diet"]], list(Diet))
        values["diet"] = Diet(values["diet"])
    if isinstance(values.get("pretrained"), str):
        values["pretrained"] = path.parent / values["pretrained"]
    run = taken_to(run, str(values.pop("detector", run.detector)))
    return replace(run, **values, config=replace(run.config, **settings))


def taken_to(run: TrainingRun, detector: str) -> TrainingRun:
    """Give a run of another detector: what was left at the old one's recipe follows the new one's.

    Args:
        run: The settings so far.
        detector: Name of the untrained detector.

    Raises:
        UnknownDetectorError: No detector has that name.
    """
    before, after = find_spec(run.detector), find_spec(detector)
    old = TrainConfig.of(before)
    chosen = {
        entry.name: getattr(run.config, entry.name)
        for entry in fields(TrainConfig)
        if getattr(run.config, entry.name) != getattr(old, entry.name)
    }
    diet = _meant(after) if run.diet is _meant(before) else run.diet
    return replace(run, detector=detector, diet=diet, config=TrainConfig.of(after, **chosen))


def _meant(spec: DetectorSpec) -> Diet:
    return Diet.SELF_BLENDED if spec.recipe.diet == "self_blended" else Diet.FORGED


def train_on(
    corpus: Corpus,
    run: TrainingRun,
    *,
    finder: FaceFinder | None = None,
    report: Report = silent,
    checkpoint: Path | None = None,
) -> tuple[Detector, TrainLog]:
    """Train a detector on a corpus' train split, with its val split for every choice.

    Args:
        corpus: The corpus; its test split is not touched.
        run: What to train and how.
        finder: Finds faces in samples without a sidecar.
        report: Is told how far the work is.
        checkpoint: Folder to which every epoch is written, and from which an interrupted run continues.

    Raises:
        CorpusError: A split or a class is missing, or faces cannot be found.
    """
    detector = create_detector(run.detector, seed=run.config.seed, pretrained=run.pretrained)
    if detector.spec.frames > 1:
        raise CorpusError(
            f"detector {run.detector!r} judges clips; train it from Python, on crops of consecutive frames"
        )
    middle = _PREPARING / 2
    train, pairs, _ = _crops(corpus, Split.TRAIN, detector, run, finder, part(report, 0.0, middle))
    held, _, videos = _crops(corpus, Split.VAL, detector, run, finder, part(report, middle, _PREPARING))

    def stepped(step: int, total: int, loss: float) -> None:
        report(_PREPARING + (1 - _PREPARING) * step / max(total, 1), "training")

    log = train_detector(
        detector,
        train.crops,
        train.labels,
        train.groups,
        run.config,
        validation=held,
        progress=stepped,
        pairs=pairs,
        checkpoint=checkpoint,
    )
    detector.decision = fit_decision(detector, held, videos)
    return detector, log


@contextmanager
def unfinished(out: Path, corpus: Corpus, run: TrainingRun) -> Iterator[Path]:
    """Yield the folder beside a detector's that its epochs are kept in until it is saved; another run has another one.

    Args:
        out: Where the detector is to be saved.
        corpus: What it is trained on.
        run: Its settings.

    Raises:
        BusyError: Another process is at the same training.
    """
    key = hashlib.sha256(f"{run!r}\n{file_hash(corpus.root / MANIFEST)}".encode()).hexdigest()[:12]
    folder = out.parent / f".{out.name}.{key}.unfinished"
    with locked(folder):
        try:
            yield folder
        except BaseException:
            if [path.name for path in folder.iterdir()] == [LOCK]:
                shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)


def fit_decision(detector: Detector, held: CropSet, videos: Sequence[str]) -> ConformalDecision:
    """Fit the three-way decision on the mean probability of each validation video, the number that is judged later.

    Its risk is one in ten, or the smallest that so few validation people can answer for.

    Args:
        detector: Trained and calibrated.
        held: Validation crops.
        videos: (N,) the video of each crop.
    """
    _, first, number = np.unique(list(videos), return_index=True, return_inverse=True)
    means = np.bincount(number, weights=detector.probabilities(held.crops)) / np.bincount(number)
    people = [group if isinstance(group, str) else group[0] for group in (held.groups[row] for row in first)]
    return ConformalDecision.fit(np.asarray(held.labels)[first], means, None, people=people)


def forged_diet(corpus: Corpus, split: Split) -> tuple[Sample, ...]:
    """Choose the samples that a detector of forgeries is trained on.

    Every forgery carries our mark, so a detector fed plain genuine samples learns to read the mark. Where a split has a
    control slice, its samples stand in for their plain twins: then the mark is on both classes and tells nothing.

    Args:
        corpus: The corpus.
        split: Which split.
    """
    forged = corpus.where(split=split, label=Label.FORGED)
    control = corpus.where(split=split, slice=Slice.CONTROL)
    return (*forged, *(control or corpus.where(split=split, label=Label.GENUINE)))


def save_trained(detector: Detector, log: TrainLog, run: TrainingRun, corpus: Corpus, folder: Path) -> None:
    """Write a trained detector with a card that says where it comes from.

    Args:
        detector: The detector.
        log: Of its training.
        run: Its settings.
        corpus: What it was trained on.
        folder: Where to write.
    """
    what = "genuine clips and their self-blends" if run.diet is Diet.SELF_BLENDED else "genuine and forged clips"
    methods = sorted({sample.method for sample in corpus.where(label=Label.FORGED, slice=Slice.MAIN)})
    card = DetectorCard(
        data=f"{what} of a corpus with {len(corpus.samples)} samples; forgeries by {', '.join(methods)}",
        data_digest=log.data_digest,
        split="by identity; epoch, calibration, scope and thresholds from the val split",
        licence="Apache-2.0",
        metrics={"auc/frame/validation": log.validation_auc},
        seed=run.config.seed,
        note="A score means little on pictures unlike the training data; the scope gate says when.",
    )
    save_detector(detector, folder, card)


def _crops(
    corpus: Corpus, split: Split, detector: Detector, run: TrainingRun, finder: FaceFinder | None, report: Report
) -> tuple[CropSet, list[str], list[str]]:
    """Give crops, the name that twins share, and the video of each crop."""
    spec = detector.spec
    if run.diet is Diet.SELF_BLENDED:
        genuine = corpus.where(split=split, label=Label.GENUINE, slice=Slice.MAIN)
        rng = np.random.default_rng([run.config.seed, list(Split).index(split)])
        blends, twins = blend_crops(corpus, genuine, spec, rng, per_clip=run.per_clip, report=report)
        kinds = ("genuine", "blended")
        return blends, twins, [f"{name.rpartition(':')[0]} {kinds[row % 2]}" for row, name in enumerate(twins)]
    samples = forged_diet(corpus, split)
    shelf = gather_crops(corpus, samples, spec, per_clip=run.per_clip, finder=finder, report=report)
    return shelf.as_set(), shelf.pairs, [sample.id for sample in shelf.samples]


def with_options(
    run: TrainingRun,
    *,
    detector: str | None,
    diet: Diet | None,
    epochs: int | None,
    seed: int | None,
    pretrained: bool | Path | None = None,
) -> TrainingRun:
    """Lay what a command line gave over a run; None leaves a setting as it is.

    Args:
        run: The settings so far.
        detector: Name of the untrained detector.
        diet: What it is fed as manipulated.
        epochs: Most passes over the data.
        seed: Random seed.
        pretrained: Where the backbone's weights come from.
    """
    run = taken_to(run, detector or run.detector)
    config = replace(
        run.config,
        epochs=run.config.epochs if epochs is None else epochs,
        seed=run.config.seed if seed is None else seed,
    )
    weights = run.pretrained if pretrained is None else pretrained
    return replace(run, diet=diet or run.diet, config=config, pretrained=weights)
