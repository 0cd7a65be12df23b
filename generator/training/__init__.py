"""Train AniFaceDiff: one loop for both presets, with objectives and data as separate modules."""

from __future__ import annotations

from .config import (
    DataConfig,
    ObjectiveConfig,
    OptimiserConfig,
    TrainConfig,
    ValidationConfig,
    recipe,
)
from .data.data import AVATARS, TrainingData, open_avatars, open_videos
from .data.track_cache import default_cache
from .devices import DEVICES, rank
from .start import with_base
from .trainer import Trainer

__all__ = [
    "AVATARS",
    "DEVICES",
    "DataConfig",
    "ObjectiveConfig",
    "OptimiserConfig",
    "TrainConfig",
    "Trainer",
    "TrainingData",
    "ValidationConfig",
    "default_cache",
    "open_avatars",
    "open_videos",
    "rank",
    "recipe",
    "with_base",
]
