"""The runs: every arm for itself, from random weights, on the same examples and with the same number of steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from forensics.files import write_whole
from generator.network.patch_codec import PatchCodec
from generator.training import OptimiserConfig
from generator.training.batch import Batch, collate, to_unit
from generator.training.example_store import ExampleStore
from generator.training.objective import trained_parameters
from generator.training.running_mean import RunningMean
from generator.training.trainer import learning_rate

from .arms import Run
from .network import OneStep, predict

Progress = Callable[[int, float], None]
"""Is told the step and its loss."""

SOURCES = 2
"""Examples of a step."""
OPTIMISER = OptimiserConfig(rate=1.5e-3, warmup=20, average=0.98)
CODEC_EXAMPLES = 40
WEIGHTS = "model.safetensors"
_KEEP_EVERY = 100
_BESIDE, _MOVING = 0.1, 10.0
"""Weights beside the face, and of what the expression moves."""
_MOVES = 24
"""Levels of 255 by which the source moved with its expression differs from the one moved at rest."""


def loss_of(model: OneStep, run: Run, batch: Batch) -> Tensor:
    """Return the weighted mean absolute difference to the true pictures.

    Args:
        model: The network.
        run: Which maps of the batch it is shown, and whether the expression.
        batch: With every map.
    """
    weight = weights_of(batch)
    difference = (predict(model, run, batch) - to_unit(batch.target)).abs().mean(1)
    return (weight * difference).sum() / weight.sum()


def weights_of(batch: Batch) -> Tensor:
    """Return how much each pixel counts (N, S, S): the face more than the rest, what its expression moves most."""
    moves = (batch.maps["moved"].int() - batch.maps["posed_moved"].int()).abs().amax(1) > _MOVES
    face = (batch.labels >= 1) & (batch.labels <= 3)
    return torch.where(face, 1.0, _BESIDE) + _MOVING * (moves & face)


def train(run: Run, store: Path, folder: Path, progress: Progress) -> None:
    """Train a run; what stands of it is continued or left.

    Args:
        run: The run.
        store: What it learns from.
        folder: Of the run; the running mean of the weights goes into its `model.safetensors`.
        progress: Is told how far it is.
    """
    if (folder / WEIGHTS).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    examples = ExampleStore(store, run.seed)
    torch.manual_seed(run.seed)
    model = OneStep()
    assert isinstance(model.codec, PatchCodec)  # noqa: S101 - `SIZES` says so
    model.codec.fit(to_unit(torch.cat([examples[number].target[::3] for number in range(CODEC_EXAMPLES)])))
    trained = trained_parameters(model, 1)
    optimiser = torch.optim.AdamW(trained.values(), betas=OPTIMISER.betas, weight_decay=OPTIMISER.weight_decay)
    mean = RunningMean(trained, OPTIMISER.average)
    step = _resume(folder, model, optimiser, mean)
    while step < run.family.steps:
        batch = collate([examples[step * SOURCES + place] for place in range(SOURCES)])
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, run.family.steps, OPTIMISER)
        loss = loss_of(model, run, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(trained.values(), OPTIMISER.clip)
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


def load(folder: Path) -> OneStep:
    """Return a trained run's network."""
    model = OneStep()
    model.load_state_dict(load_file(folder / WEIGHTS))
    return model.eval()


def _resume(folder: Path, model: OneStep, optimiser: torch.optim.Optimizer, mean: RunningMean) -> int:
    path = folder / "state.pt"
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    mean.load(state["mean"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])
