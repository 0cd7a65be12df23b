"""Open the data of a run: puppets rendered on demand, or a folder of videos, with held-out validation data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from generator.errors import TrainingError
from generator.trackers import Tracker, find_tracker, load_tracker
from generator.training.config import DataConfig, TrainConfig

from .batch import Example
from .examples import ClipExamples
from .maps import head_of
from .puppet_clips import Casting, PuppetClips, puppets_digest
from .puppet_groups import PuppetGroups
from .track_cache import Coverage, Progress, TrackCache, find_videos, track_all
from .video_clips import Take, VideoClips, split, takes_of

PUPPETS = "puppets"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The training and validation data of a run.

    Attributes:
        training: Training examples, by number.
        validation: Validation examples by the kind of hold-out: "identities", "styles".
        card: Description of the data for the model card.
    """

    training: Dataset[Example]
    validation: Mapping[str, Dataset[Example]]
    card: Mapping[str, Any]


def open_puppets(config: TrainConfig) -> TrainingData:
    """Open puppets rendered on demand; validation uses other identities, and held-out styles separately."""
    model, data = config.model, config.data
    if model.face_model != "puppet":
        raise TrainingError(
            f"this model reads {model.face_model} parameters, which puppets do not have; train it on videos, "
            "or set model.face_model = 'puppet' and model.expression_inputs = 14"
        )
    training = Casting.for_training(config.seed, data.holdout_styles)
    others = {"identities": Casting.for_validation(config.seed, training.styles)}
    if data.holdout_styles:
        others["styles"] = Casting.for_validation(config.seed, data.holdout_styles)
    card = {
        "description": "puppets drawn on the fly by generator.puppets; nothing else",
        "digest": puppets_digest(),
        "holdout_styles": list(data.holdout_styles),
    }
    return TrainingData(
        _puppets(training, config), {name: _puppets(casting, config) for name, casting in others.items()}, card
    )


def _puppets(casting: Casting, config: TrainConfig) -> Dataset[Example]:
    if config.model.codec == "patch":
        return PuppetGroups(casting, config.model, config.data)
    clips = PuppetClips(casting, config.model.image_size)
    return ClipExamples(clips, config.model, config.data, _kind(config), casting.seed, exact=True)


def _kind(config: TrainConfig) -> Any:  # noqa: ANN401 - a literal
    return "stills" if config.stage == 1 else "window"


def open_videos(
    folder: Path, config: TrainConfig, cache: Path, progress: Progress, process: int = 0, processes: int = 1
) -> TrainingData:
    """Open the faces of a folder of videos, which are tracked once.

    Args:
        folder: Videos at any depth; see `identity_of`.
        config: Settings of the run.
        cache: Folder of tracked parameters.
        progress: Progress callback; receives the number of tracked videos.
        process: Number of this process.
        processes: Number of processes.

    Raises:
        TrainingError: There is no usable clip, or the tracker reads another face model than the network.
        TrackerError: The tracker's files or packages are not available.
    """
    data, model = config.data, config.model
    tracker = find_tracker(data.tracker)
    if tracker.face_model != model.face_model:
        raise TrainingError(
            f"tracker {data.tracker} reads {tracker.face_model} parameters and the model wants {model.face_model}; "
            "choose another data.tracker or another base model"
        )
    kept = TrackCache(cache, data.tracker, data.piece)
    videos = find_videos(folder)
    records = track_all(videos, kept, _loader(data), progress, process, processes)
    coverage = Coverage.of(records)
    shortest = 2 if config.stage == 1 else (data.targets - 1) * min(data.strides) + 2
    motions = [[kept.motion_path(record.digest, piece) for piece in record.pieces] for record in records]
    takes = takes_of(folder, videos, records, motions, shortest)
    if not takes:
        raise TrainingError(f"{folder}: no clip of at least {shortest} frames with a face: {coverage}")
    training, held = split(takes, data)
    card = {
        "description": "a folder of videos, not part of this model folder",
        "digest": _digest([record.digest for record in records]),
        "tracker": data.tracker,
        "coverage": asdict(coverage),
        "identities": len({take.identity for take in training}),
        "clips": len(training),
        "holdout_identities": sorted({take.identity for take in held}),
    }
    sets = {"identities": _videos(held, config)} if held else {}
    return TrainingData(_videos(training, config), sets, card)


def _videos(takes: list[Take], config: TrainConfig) -> Dataset[Example]:
    head = head_of(config.model, config.data)
    clips = VideoClips(tuple(takes), head, config.model.image_size, config.seed)
    return ClipExamples(clips, config.model, config.data, _kind(config), config.seed)


def _loader(data: DataConfig) -> Callable[[], Tracker]:
    weights = Path(data.tracker_weights) if data.tracker_weights else None
    flame = Path(data.face_model_file) if data.face_model_file else None
    return lambda: load_tracker(data.tracker, weights, flame=flame)


def _digest(digests: list[str]) -> str:
    """Return the SHA-256 of the data set, computed from its files' digests, whatever their names and order."""
    return hashlib.sha256(json.dumps(sorted(digests)).encode()).hexdigest()
