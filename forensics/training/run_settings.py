"""How a detector is trained on a corpus: which one, on what, beginning where; from a file, and from a command line."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from detectors import DetectorSpec, TrainConfig, TrainingSource, find_spec, is_adapter, load_detector
from forensics.errors import InputError
from forensics.storage.toml_settings import overlay, read_toml

SOURCES = (TrainingSource.SELF_BLENDED, TrainingSource.FORGED)
"""The training sources that a corpus offers; its forgeries are drawn together with their twins where they have any."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Everything a run needs beside the corpus.

    Attributes:
        detector: Name of the untrained detector.
        training_source: What it learns from as manipulated, one of `SOURCES`.
        per_clip: Most crops of one clip.
        config: Settings of the optimiser.
        pretrained: Where its backbone's weights come from: a safetensors file or a folder with one, True for the local
            Hugging Face cache, False for random weights.
        methods: Which forgeries it learns from, as shell patterns of their names; none of them takes all that the
            corpus has.
        start: Folder of a trained detector of the same name that is to learn more; None begins anew.
        hold_out: Forgeries that it must not learn from, as shell patterns of their names.
    """

    detector: str = "cpu"
    training_source: TrainingSource = TrainingSource.FORGED
    per_clip: int = 8
    config: TrainConfig = field(default_factory=TrainConfig)
    pretrained: bool | Path = False
    methods: tuple[str, ...] = ()
    start: Path | None = None
    hold_out: tuple[str, ...] = ()


def read_run(path: Path, run: TrainingRun) -> TrainingRun:
    """Read a TOML file over a run's settings.

    Args:
        path: Keys `detector`, `training_source` (or `diet`, its name in older files), `per_clip`, `pretrained`,
            `methods`, `start`, `hold_out` and a table `config` with the fields of `TrainConfig`.
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
    run = overlay(path, run, fixed=("config.augment",), former={"diet": "training_source"})
    if run.training_source not in SOURCES:
        offered = " or ".join(repr(str(source)) for source in SOURCES)
        raise InputError(f"{path}: training_source is {str(run.training_source)!r}, expected {offered}", path)
    return run


def taken_to(run: TrainingRun, detector: str) -> TrainingRun:
    """Return a run of another detector; settings that equal the old detector's recipe change to the new one's.

    Args:
        run: The settings so far.
        detector: Name of the untrained detector.

    Raises:
        UnknownDetectorError: No detector has that name.
    """
    return _taken_to(run, find_spec(detector))


def _taken_to(run: TrainingRun, after: DetectorSpec) -> TrainingRun:
    before = find_spec(run.detector)
    old = TrainConfig.of(before)
    chosen = {
        entry.name: getattr(run.config, entry.name)
        for entry in fields(TrainConfig)
        if getattr(run.config, entry.name) != getattr(old, entry.name)
    }
    source = _meant(after) if run.training_source is _meant(before) else run.training_source
    return replace(run, detector=after.name, training_source=source, config=TrainConfig.of(after, **chosen))


def with_options(
    run: TrainingRun,
    *,
    detector: str | None,
    training_source: TrainingSource | None,
    epochs: int | None,
    seed: int | None,
    pretrained: bool | Path | None = None,
    methods: tuple[str, ...] | None = None,
    start: Path | None = None,
    hold_out: tuple[str, ...] | None = None,
) -> TrainingRun:
    """Return a run with the settings of a command line in place of its own; None leaves a setting as it is.

    Args:
        run: The settings so far.
        detector: Name of the untrained detector.
        training_source: What it learns from as manipulated, one of `SOURCES`.
        epochs: Most passes over the data.
        seed: Random seed.
        pretrained: Where the backbone's weights come from.
        methods: Which forgeries it learns from.
        start: Folder of a trained detector that is to learn more; it names the detector where nothing else does.
        hold_out: Which forgeries it must not learn from.

    Raises:
        CheckpointError: `start` is no trained detector.
        InputError: The detector was made elsewhere, as Python code, an ONNX file or a served model.
        UnknownDetectorError: No detector has that name.
    """
    for name in (detector, start):
        if name is not None and is_adapter(name):
            raise InputError(
                f"{name}: a detector that was made elsewhere is not trained here; name a method (`--detector`, "
                "see `facetrail train detector --help`), or a folder of a trained or converted detector (`--from`)"
            )
    known = None if start is None else load_detector(start).spec
    if known is not None and detector in (None, known.name):
        run = _taken_to(run, known)
    else:
        run = taken_to(run, detector or run.detector)
    config = replace(
        run.config,
        epochs=run.config.epochs if epochs is None else epochs,
        seed=run.config.seed if seed is None else seed,
    )
    return replace(
        run,
        training_source=training_source or run.training_source,
        config=config,
        pretrained=run.pretrained if pretrained is None else pretrained,
        methods=run.methods if methods is None else methods,
        start=start or run.start,
        hold_out=run.hold_out if hold_out is None else hold_out,
    )


def _meant(spec: DetectorSpec) -> TrainingSource:
    source = spec.recipe.training_source
    return source if source in SOURCES else TrainingSource.FORGED
