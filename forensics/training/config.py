"""Configure the training of a detector on a corpus: detector, training data and start, from a file and options."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path

from detectors import DetectorSpec, TrainConfig, find_spec, load_detector
from forensics.errors import InputError
from forensics.storage.toml_settings import check_keys, read_toml


class Diet(StrEnum):
    """The kind of manipulated training data."""

    SELF_BLENDED = "self-blended"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """The settings of a run apart from the corpus.

    Attributes:
        detector: Name of the untrained detector.
        diet: The kind of manipulated training data.
        per_clip: Largest number of crops of one clip.
        config: Settings of the optimiser.
        pretrained: Source of its backbone's weights: a safetensors file or a folder with one, True for the local
            Hugging Face cache, False for random weights.
        methods: Shell patterns of the names of the forgeries to train on; empty for all forgeries of the corpus.
        start: Folder of a trained detector of the same name whose training continues; None starts from the untrained
            detector.
    """

    detector: str = "cpu"
    diet: Diet = Diet.FORGED
    per_clip: int = 8
    config: TrainConfig = field(default_factory=TrainConfig)
    pretrained: bool | Path = False
    methods: tuple[str, ...] = ()
    start: Path | None = None


def read_run(path: Path, run: TrainingRun) -> TrainingRun:
    """Read a TOML file and return a run's settings with the file's keys replaced.

    Args:
        path: Keys `detector`, `diet`, `per_clip`, `pretrained`, `methods`, `start` and a table `config` with the fields
            of `TrainConfig`.
        run: The values of all keys that the file does not set.

    Raises:
        InputError: The file is not TOML, or a key is unknown; the message suggests the nearest one.
    """
    values = read_toml(path)
    check_keys(path, values, [entry.name for entry in fields(TrainingRun)])
    settings = values.pop("config", {})
    names = [entry.name for entry in fields(TrainConfig) if entry.name != "augment"]
    check_keys(path, settings, names)
    if "diet" in values:
        check_keys(path, [values["diet"]], list(Diet))
        values["diet"] = Diet(values["diet"])
    for name in ("pretrained", "start"):
        if isinstance(values.get(name), str):
            values[name] = path.parent / values[name]
    methods = values.pop("methods", list(run.methods))
    if not isinstance(methods, list) or not all(isinstance(name, str) for name in methods):
        raise InputError(f"{path}: methods is a list of names, got {methods!r}", path)
    run = taken_to(run, str(values.pop("detector", run.detector)))
    return replace(run, **values, methods=tuple(methods), config=replace(run.config, **settings))


def taken_to(run: TrainingRun, detector: str) -> TrainingRun:
    """Return a run of another detector; settings that equal the old detector's recipe change to the new one's.

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
    """Return a run with the command line's values; None leaves a setting unchanged.

    Args:
        run: The settings so far.
        detector: Name of the untrained detector.
        diet: The kind of manipulated training data.
        epochs: Largest number of passes over the data.
        seed: Random seed.
        pretrained: Source of the backbone's weights.
        methods: Patterns of the forgeries to train on.
        start: Folder of a trained detector whose training continues; it names the detector where nothing else does.

    Raises:
        CheckpointError: `start` is not a trained detector.
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
