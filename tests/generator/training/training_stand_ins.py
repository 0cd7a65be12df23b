"""Provide small data and sizes for the tests of training: random pictures that are determined by their number.

`TrueTracker` stands in for a tracker of rendered avatars.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from generator.avatars import Avatar, RenderedAvatar, render
from generator.face.face_params import DriveSequence, FaceParams
from generator.network.conditions import MAP_CHANNELS
from generator.network.config import TOY, TOY_SD15, ModelConfig
from generator.training import TrainConfig, TrainingData, recipe
from generator.training.config import Stage
from generator.training.data.batch import Example

SIZES = dataclasses.replace(
    TOY_SD15, image_size=32, widths=(32, 64), attention=(True, True), layers=1, spatial_layers=((8, 2), (8, 2), (8, 2))
)


class RandomExamples(Dataset[Example]):
    """Draw example `number` from a generator of that seed; with `only`, the same few examples are repeated."""

    def __init__(self, targets: int = 1, only: int | None = None, sizes: ModelConfig = SIZES) -> None:
        self.targets, self.only, self.sizes = targets, only, sizes
        self.seen: list[int] = []

    def __getitem__(self, number: int) -> Example:
        self.seen.append(number)
        generator = torch.Generator().manual_seed(number % self.only if self.only else number)

        def pictures(*shape: int) -> Tensor:
            return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)

        size = self.sizes.image_size
        maps = {
            name: pictures(self.targets, MAP_CHANNELS.get(name, 3), *(2 * [size // 2 if name == "turned" else size]))
            for name in self.sizes.maps
        }
        expression = torch.randn(self.targets, self.sizes.expression_inputs, generator=generator)
        source, target = pictures(3, size, size), pictures(self.targets, 3, size, size)
        return Example(source, target, maps, expression, pictures(self.targets, size, size) % 4, f"face {number}")


def random_data(targets: int = 1, only: int | None = None, sizes: ModelConfig = SIZES) -> TrainingData:
    """Return random training data; a patch codec is fitted on random pictures too."""
    card = {"description": "random pictures", "digest": "0" * 64}

    def pictures() -> Tensor:
        shape = (4, 3, sizes.image_size, sizes.image_size)
        return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(5), dtype=torch.uint8)

    return TrainingData(RandomExamples(targets, only, sizes), {}, card, pictures)


class TrueTracker:
    """Return the parameters that the last frames were rendered with; `render` takes the place of the renderer."""

    name, face_model = "arkit", "arkit"

    def __init__(self) -> None:
        self.rendered: list[FaceParams] = []

    def render(self, avatar: Avatar, params: FaceParams, size: int) -> RenderedAvatar:
        self.rendered.append(params)
        return render(avatar, params, size)

    def track_clip(self, frames: np.ndarray, fps: float) -> DriveSequence:
        moments = self.rendered[-len(frames) :]
        expression, pose, gaze, camera = (
            np.stack([getattr(each, name) for each in moments]) for name in ("expression", "pose", "gaze", "camera")
        )
        return DriveSequence(moments[0].shape, expression, pose, gaze, camera, fps, "arkit")


def mini_settings(targets: int = 2, **changes: Any) -> TrainConfig:
    """Return the settings of a short run of `mini` at toy size, on as few avatars as `avatar_cache` holds."""
    run = recipe("mini", 1)
    return dataclasses.replace(
        run, model=TOY,
        data=dataclasses.replace(
            run.data, sources=1, targets=targets, avatars=2, codec_scenes=2, workers=0, holdout_styles=()
        ),
        objective=dataclasses.replace(run.objective, window=3),
        validation=dataclasses.replace(run.validation, every=0, sources=1), **changes,
    )  # fmt: skip


Part = Mapping[str, Any]


def settings(
    stage: Stage = 1,
    *,
    data: Part | None = None,
    optimiser: Part | None = None,
    objective: Part | None = None,
    validation: Part | None = None,
    **changes: Any,
) -> TrainConfig:
    """Return the settings of a short run at toy size; a dictionary changes a part."""
    run = recipe("sd15", stage)
    run = dataclasses.replace(
        run, model=SIZES, steps=4, precision="no", recompute=False, checkpoint_every=2,
        data=dataclasses.replace(run.data, sources=1, targets=3 if stage == 2 else 1, workers=0, strides=(1,)),
        optimiser=dataclasses.replace(run.optimiser, warmup=0),
        validation=dataclasses.replace(run.validation, every=0, sources=0),
    )  # fmt: skip
    parts = {"data": data, "optimiser": optimiser, "objective": objective, "validation": validation}
    changed = {name: dataclasses.replace(getattr(run, name), **part) for name, part in parts.items() if part}
    return dataclasses.replace(run, **changed, **changes)
