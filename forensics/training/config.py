"""Say how a detector is trained on a corpus: which one, fed what, from where; from a file, and from a command line."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path

from detectors import DetectorSpec, TrainConfig, find_spec, load_detector
from forensics.storage.toml_settings import overlay, read_toml


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
        methods: Which forgeries it is fed, as shell patterns of their names; none of them takes all the corpus has.
        start: Folder of a trained detector of the same name that is to learn more; None begins anew.
    """

    detector: str = "cpu"
    diet: Diet = Diet.FORGED
    per_clip: int = 8
    config: TrainConfig = field(default_factory=TrainConfig)
    pretrained: bool | Path = False
    methods: tuple[str, ...] = ()
    start: Path | None = None


def read_run(path: Path, run: TrainingRun) -> TrainingRun:
    """Read a TOML file over a run's settings.

    Args:
        path: Keys `detector`, `diet`, `per_clip`, `pretrained`, `methods`, `start` and a table `config` with the fields
            of `TrainConfig`.
        run: What holds where the file says nothing.

    Raises:
        InputError: The file is no TOML, a key is unknown, for which the message offers the nearest one, or a value is
            of another type.
        TrainingError: A value lies outside its range.
        UnknownDetectorError: No detector has the name that the file gives.
    """
    detector = read_toml(path).get("detector")
    if isinstance(detector, str):  # `overlay` refuses whatever else it is
        run = taken_to(run, detector)
    return overlay(path, run, fixed=("config.augment",))


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


def with_options(
    run: TrainingRun,
    *,
    detector: str | None,
    diet: Diet | None,
    epochs: int | None,
    seed: int | None,
    pretrained: bool | Path | None = None,
    methods: tuple[str, ...] | None = None,
    start: Path | None = None,
) -> TrainingRun:
    """Lay what a command line gave over a run; None leaves a setting as it is.

    Args:
        run: The settings so far.
        detector: Name of the untrained detector.
        diet: What it is fed as manipulated.
        epochs: Most passes over the data.
        seed: Random seed.
        pretrained: Where the backbone's weights come from.
        methods: Which forgeries it is fed.
        start: Folder of a trained detector that is to learn more; it names the detector where nothing else does.

    Raises:
        CheckpointError: `start` is no trained detector.
        UnknownDetectorError: No detector has that name.
    """
    if start is not None:
        detector = detector or load_detector(start).spec.name
    run = taken_to(run, detector or run.detector)
    config = replace(
        run.config,
        epochs=run.config.epochs if epochs is None else epochs,
        seed=run.config.seed if seed is None else seed,
    )
    return replace(
        run,
        diet=diet or run.diet,
        config=config,
        pretrained=run.pretrained if pretrained is None else pretrained,
        methods=run.methods if methods is None else methods,
        start=start or run.start,
    )


def _meant(spec: DetectorSpec) -> Diet:
    return Diet.SELF_BLENDED if spec.recipe.diet == "self_blended" else Diet.FORGED
