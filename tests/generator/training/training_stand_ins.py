"""Provide small data and sizes for the tests of training: random pictures that are determined by their number."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from generator.network.config import TOY_SD15
from generator.training import TrainConfig, TrainingData, recipe
from generator.training.config import Stage
from generator.training.data.batch import Example

SIZES = dataclasses.replace(
    TOY_SD15, image_size=32, widths=(32, 64), attention=(True, True), layers=1, spatial_layers=((8, 2), (8, 2), (8, 2))
)


class RandomExamples(Dataset[Example]):
    """Draw example `number` from a generator of that seed; with `only`, the same few examples are repeated."""

    def __init__(self, targets: int = 1, only: int | None = None) -> None:
        self.targets, self.only = targets, only
        self.seen: list[int] = []

    def __getitem__(self, number: int) -> Example:
        self.seen.append(number)
        generator = torch.Generator().manual_seed(number % self.only if self.only else number)

        def pictures(*shape: int) -> Tensor:
            return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)

        size = SIZES.image_size
        maps = {name: pictures(self.targets, 3, size, size) for name in SIZES.maps}
        expression = torch.randn(self.targets, SIZES.expression_inputs, generator=generator)
        source, target = pictures(3, size, size), pictures(self.targets, 3, size, size)
        return Example(source, target, maps, expression, pictures(self.targets, size, size) % 4, f"face {number}")


def random_data(targets: int = 1, only: int | None = None) -> TrainingData:
    card = {"description": "random pictures", "digest": "0" * 64}
    return TrainingData(RandomExamples(targets, only), {}, card)


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
