"""Train the shipped network further without maps of lids, gaze and lips, so that it needs the expression tokens.

Only the denoiser and the Expression Adapter are trained. The reference network, the spatial encoder and the codec stay
as shipped, so their outputs for the examples are computed once and shared by all runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.paper_claims.arms import Family, Run, shown
from benchmarks.paper_claims.network import LAST
from benchmarks.paper_claims.weighing import weights_of
from forensics.storage.files import write_whole
from generator.network.attention import AttentionInputs
from generator.network.config import MINI
from generator.network.model import AniFaceDiff, Conditions, Prepared
from generator.network.patch_codec import PatchCodec
from generator.network.weights_io import load_pretrained
from generator.training.data.batch import Example, collate, conditions, to_unit
from generator.training.data.example_store import load_store

LESSONS = "lessons.pt"
PUPPETS, FRAMES = 3, 4
"""Number of puppets of a step, and of targets for each: those of an example whose expression moves most."""
ADAPTER_RATE = 4.0
"""Learning rate relative to the rest: the shipped adapter has hardly been trained, unlike the rest."""


class Continued(AniFaceDiff):
    """Run the shipped network once, at the schedule's last time, and decode with the codec, without the compositor.

    The compositor decides from the maps where to copy the warped source, and here neither contains the expression.
    """

    def __init__(self) -> None:
        super().__init__(MINI)

    def forward(self, picture: Tensor, given: Conditions) -> Tensor:
        """Return pictures (N, 3, S, S), about in [-1, 1].

        Args:
            picture: (M, 3, S, S) sources in [-1, 1].
            given: Conditions of N frames; those of one source are consecutive.
        """
        return self.codec.decode(self.clean(self.prepare(self.encode_source(picture), given)))

    def clean(self, prepared: Prepared) -> Tensor:
        """Return clean latents (N, C, g, g)."""
        count = len(prepared.context)
        nothing = torch.zeros(count, MINI.latent_channels, MINI.grid, MINI.grid)
        return self.denoise(nothing, torch.full((count,), LAST), prepared)


@dataclass(frozen=True, slots=True)
class Lesson:
    """The training input and target of one puppet, in half precision.

    Attributes:
        features: Features of the reference network, (1, tokens, channels) by name.
        context: (1, 1, D).
        beside: (T, K, g, g) conditions beside the latent.
        clean: (T, C, g, g) true latents.
        weight: (T, g, g) of each cell in the loss.
        expression: (T, E).
    """

    features: Mapping[str, Tensor]
    context: Tensor
    beside: Tensor
    clean: Tensor
    weight: Tensor
    expression: Tensor


def shipped() -> Continued:
    """Return the network with its initial weights."""
    model = Continued()
    model.load_state_dict(load_pretrained()[0].state_dict())
    return model


def learning(model: Continued) -> dict[str, torch.nn.Parameter]:
    """Return the trained parameters, by name; the others are frozen."""
    model.requires_grad_(False)
    chosen = {
        name: values
        for name, values in model.named_parameters()
        if name.startswith(("denoiser.", "expression_adapter."))
    }
    for values in chosen.values():
        values.requires_grad_(True)
    return chosen


def is_adapter(name: str) -> bool:
    """Return whether a parameter belongs to the Expression Adapter or its keys and values."""
    return name.startswith("expression_adapter.") or "_expression." in name


def open_lessons(store: Path, family: Family) -> list[Lesson]:
    """Open the training data of the runs, which is computed from a store of examples on first use."""
    path = store / LESSONS
    if not path.exists():
        model = shipped().eval()
        found = [_lesson(model, family, one) for one in load_store(store)]
        write_whole(path, partial(torch.save, [_fields(one) for one in found]))
    return [Lesson(**one) for one in torch.load(path, weights_only=True)]


def _fields(lesson: Lesson) -> dict[str, object]:
    return {name: getattr(lesson, name) for name in Lesson.__slots__}


@torch.no_grad()
def _lesson(model: Continued, family: Family, one: Example) -> Lesson:
    batch = collate([one])
    weight = functional.avg_pool2d(weights_of(batch)[:, None], MINI.patch)[:, 0]
    chosen = weight.sum((1, 2)).argsort(descending=True)[:FRAMES].sort().values
    maps = {name: values[chosen] for name, values in shown(batch.maps, family).items()}
    batch = replace(batch, maps=maps, target=batch.target[chosen], expression=batch.expression[chosen])
    picture = to_unit(batch.source)
    latent = model.codec.encode(picture)
    source, context = model.encode_source(picture), model.context(picture, latent)
    prepared = model.prepare(source, conditions(batch))
    assert prepared.beside is not None  # noqa: S101 - `MINI` concatenates
    features = {name: values.half() for name, values in model.reference_net(latent, context).items()}
    clean = model.codec.encode(to_unit(batch.target))
    return Lesson(features, context.half(), prepared.beside.half(), clean.half(), weight[chosen], batch.expression)


def loss_of_lessons(model: Continued, run: Run, lessons: list[Lesson]) -> Tensor:
    """Return the weighted mean squared difference of the decoded pictures to the true ones.

    The codec's components are orthonormal, so the loss is computed from the latents without decoding.

    Args:
        model: The network.
        run: Run that defines whether the expression is an input.
        lessons: Lessons, one for each puppet of the step.
    """
    expression = torch.cat([one.expression for one in lessons])
    features = {name: torch.cat([one.features[name] for one in lessons]).float() for name in lessons[0].features}
    inputs = AttentionInputs(
        model.denoiser.reference_bank(features),
        expression=model.expression_adapter(expression if run.adapter else torch.zeros_like(expression)),
    )
    context = torch.cat([one.context for one in lessons]).float().repeat_interleave(FRAMES, 0)
    prepared = Prepared(torch.cat([one.beside for one in lessons]).float(), None, context, inputs)
    difference = model.clean(prepared) - torch.cat([one.clean for one in lessons]).float()
    assert isinstance(model.codec, PatchCodec)  # noqa: S101 - `MINI`'s
    squared = (difference * model.codec.scale[:, None, None]).square().sum(1)
    weight = torch.cat([one.weight for one in lessons])
    return (weight * squared).sum() / (weight.sum() * 3 * MINI.patch**2)


def order(seed: int, turn: int, count: int) -> list[int]:
    """Return the order of a round's lessons."""
    return [int(number) for number in np.random.default_rng((seed, turn)).permutation(count)]
