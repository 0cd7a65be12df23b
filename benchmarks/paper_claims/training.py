"""Train the runs: every arm separately, on the same examples and with the same number of steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.paper_claims.arms import Run
from benchmarks.paper_claims.continued import (
    ADAPTER_RATE,
    PUPPETS,
    Continued,
    is_adapter,
    learning,
    loss_of_lessons,
    open_lessons,
    order,
)
from benchmarks.paper_claims.continued import shipped as open_shipped
from benchmarks.paper_claims.network import OneStep, predict
from benchmarks.paper_claims.weighing import weights_of
from forensics.storage.files import write_whole
from generator.network.patch_codec import PatchCodec
from generator.training import OptimiserConfig
from generator.training.data.batch import Batch, collate, to_unit
from generator.training.data.example_store import ExampleStore
from generator.training.ema import RunningMean
from generator.training.objectives.objective import trained_parameters
from generator.training.trainer import learning_rate

Progress = Callable[[int, float], None]
"""Progress callback; receives the step and its loss."""

SOURCES = 2
"""Number of examples of a step."""
OPTIMISER = OptimiserConfig(rate=1.5e-3, warmup=20, average=0.98)
CONTINUED = OptimiserConfig(rate=1e-3, warmup=10, average=0.95)
CODEC_EXAMPLES = 40
WEIGHTS = "model.safetensors"
_KEEP_EVERY = 50


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """The trained parameters, optimiser settings and loss of a run.

    Attributes:
        model: The network.
        trained: Its trained parameters.
        adapter_rate: Rate of the adapter relative to the other parameters.
        config: Settings of the optimiser.
        loss: Loss function of a step.
    """

    model: OneStep | Continued
    trained: dict[str, torch.nn.Parameter]
    adapter_rate: float
    config: OptimiserConfig
    loss: Callable[[int], Tensor]


def loss_of(model: OneStep, run: Run, batch: Batch) -> Tensor:
    """Return the weighted mean absolute difference to the true pictures.

    Args:
        model: The network.
        run: Run that defines which maps of the batch, and whether the expression, are inputs.
        batch: Batch with every map.
    """
    weight = weights_of(batch)
    difference = (predict(model, run, batch) - to_unit(batch.target)).abs().mean(1)
    return (weight * difference).sum() / weight.sum()


def _from_nothing(run: Run, store: Path) -> Course:
    examples = ExampleStore(store, run.seed)
    model = OneStep()
    assert isinstance(model.codec, PatchCodec)  # noqa: S101 - `SIZES` says so
    model.codec.fit(to_unit(torch.cat([examples[number].target[::3] for number in range(CODEC_EXAMPLES)])))

    def loss(step: int) -> Tensor:
        return loss_of(model, run, collate([examples[step * SOURCES + place] for place in range(SOURCES)]))

    return Course(model, trained_parameters(model, 1), 1.0, OPTIMISER, loss)


def _from_shipped(run: Run, store: Path) -> Course:
    lessons, model = open_lessons(store, run.family), open_shipped()

    def loss(step: int) -> Tensor:
        places = [divmod(step * PUPPETS + place, len(lessons)) for place in range(PUPPETS)]
        return loss_of_lessons(
            model, run, [lessons[order(run.seed, turn, len(lessons))[place]] for turn, place in places]
        )

    return Course(model, learning(model), ADAPTER_RATE, CONTINUED, loss)


def train(run: Run, store: Path, folder: Path, progress: Progress) -> None:
    """Train a run; an unfinished run is resumed, a finished one is left.

    Args:
        run: The run.
        store: Store of the training examples.
        folder: Folder of the run; the running mean of the weights is written to its `model.safetensors`.
        progress: Progress callback.
    """
    if (folder / WEIGHTS).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(run.seed)
    course = (_from_shipped if run.family.continues else _from_nothing)(run, store)
    model, trained, config = course.model, course.trained, course.config
    groups = [
        {"params": [values for name, values in trained.items() if is_adapter(name) is adapter], "times": times}
        for adapter, times in ((False, 1.0), (True, course.adapter_rate))
    ]
    optimiser = torch.optim.AdamW(groups, betas=config.betas, weight_decay=config.weight_decay)
    mean = RunningMean(trained, config.average)
    step = _resume(folder, model, optimiser, mean)
    while step < run.family.steps:
        for group in optimiser.param_groups:
            group["lr"] = group["times"] * learning_rate(step, run.family.steps, config)
        loss = course.loss(step)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained.values(), config.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        mean.update(step)
        step += 1
        progress(step, loss.item())
        if step % _KEEP_EVERY == 0:
            state = {
                "step": step,
                "model": model.state_dict(),
                "mean": mean.tensors,
                "optimiser": optimiser.state_dict(),
            }
            write_whole(folder / "state.pt", partial(torch.save, state))
    with mean.applied():
        weights = {name: values.contiguous() for name, values in model.state_dict().items()}
        write_whole(folder / WEIGHTS, partial(save_file, weights))


def load(run: Run, folder: Path) -> OneStep | Continued:
    """Load a trained run's network."""
    model = Continued() if run.family.continues else OneStep()
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval()


def _resume(folder: Path, model: OneStep | Continued, optimiser: torch.optim.Optimizer, mean: RunningMean) -> int:
    path = folder / "state.pt"
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    mean.load(state["mean"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])
