"""Open the data of a run: avatars or a folder of videos, with held-out validation data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from generator.errors import TrainingError
from generator.trackers import Tracker, find_tracker, load_tracker
from generator.training.config import DataConfig, TrainConfig

from .avatar_casting import Casting, avatars_digest
from .avatar_clips import AvatarClips
from .avatar_examples import AvatarExamples
from .avatar_shelf import Shelf
from .batch import Example
from .examples import ClipExamples
from .maps import head_of
from .track_cache import Coverage, Progress, TrackCache, find_videos, track_all
from .video_clips import Take, VideoClips, split, takes_of

AVATARS = "avatars"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The training and validation data of a run.

    Attributes:
        training: Training examples, by number.
        validation: Validation examples by the kind of hold-out: "identities", "styles".
        card: Description of the data for the model card.
        pictures: Function that returns pictures (N, 3, S, S) uint8, for fitting a patch codec.
    """

    training: Dataset[Example]
    validation: Mapping[str, Dataset[Example]]
    card: Mapping[str, Any]
    pictures: Callable[[], Tensor]


def open_avatars(config: TrainConfig, cache: Path, progress: Progress, workers: int = 1) -> TrainingData:
    """Open avatars; validation uses other identities, and held-out styles separately.

    A layered model is trained on scenes that are drawn, tracked and moved to disk once; other models on clips that are
    rendered on demand, with exact parameters.

    Args:
        config: Settings of the run.
        cache: Folder of the scenes.
        progress: Progress callback; receives the number of finished scenes and of all.
        workers: Number of processes that draw scenes.

    Raises:
        TrainingError: The model has other parameters than avatars, or the scenes cannot be written.
    """
    model, data = config.model, config.data
    if model.face_model != "arkit":
        raise TrainingError(
            f"this model reads {model.face_model} parameters, which avatars do not have; train it on videos, "
            "or set model.face_model = 'arkit' and model.expression_inputs = 54"
        )
    training = Casting.for_training(config.seed, data.holdout_styles)
    others = {"identities": Casting.for_validation(config.seed, training.styles)}
    if data.holdout_styles:
        others["styles"] = Casting.for_validation(config.seed, data.holdout_styles)
    card = {
        "description": "avatars drawn by generator.avatars; nothing else",
        "digest": avatars_digest(),
        "holdout_styles": list(data.holdout_styles),
    }
    if not model.layered:
        return TrainingData(
            _clips(training, config), {name: _clips(casting, config) for name, casting in others.items()}, card,
            lambda: _rendered(training, config),
        )  # fmt: skip
    shelves = {
        name: (Shelf.below(cache, casting, model.image_size, _TARGETS), count)
        for name, casting, count in (
            ("training", training, data.avatars),
            *((name, casting, config.validation.sources) for name, casting in others.items()),
        )
    }
    missing = {name: len(shelf.missing(count)) for name, (shelf, count) in shelves.items()}
    total, before = sum(missing.values()), 0
    for name, (shelf, count) in shelves.items():
        if missing[name]:
            first = before - (count - missing[name])
            shelf.fill(count, lambda done, _, first=first: progress(first + done, total), workers)  # type: ignore[misc]
        before += missing[name]
    shelf, count = shelves.pop("training")
    examples = AvatarExamples(shelf, count, config.seed, data.targets)
    return TrainingData(
        examples,
        {name: AvatarExamples(held, number, None, _TARGETS) for name, (held, number) in shelves.items()},
        card | {"avatars": len(examples), "tracker": "arkit"},
        lambda: _shelved(shelf, count, data.codec_scenes),
    )


_TARGETS = 6
"""Frames of a scene beside its source."""


def _shelved(shelf: Shelf, count: int, scenes: int) -> Tensor:
    chosen = shelf.usable(count)[:scenes]
    pictures = np.stack([shelf.read(number).source for number in chosen])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()


def _rendered(casting: Casting, config: TrainConfig) -> Tensor:
    clips = AvatarClips(casting, config.model.image_size)
    pictures = [clips.at(number).draw([0])[0].picture for number in range(config.data.codec_scenes)]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


def _clips(casting: Casting, config: TrainConfig) -> Dataset[Example]:
    clips = AvatarClips(casting, config.model.image_size)
    return ClipExamples(clips, config.model, config.data, _kind(config), casting.seed)


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
    examples = _videos(training, config)
    return TrainingData(examples, sets, card, lambda: _sources(examples, data.codec_scenes))


def _sources(examples: Dataset[Example], count: int) -> Tensor:
    return torch.stack([examples[number].source for number in range(count)])


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
