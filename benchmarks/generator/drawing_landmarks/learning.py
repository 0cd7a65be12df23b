"""Train the network on samples that are made while it learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generator.trackers.drawn_face import PLACES, DrawnFaceNetwork, ShapeBasis
from generator.trackers.drawn_face.network import CELLS

from .examples import Examples
from .no_faces import no_face_sample
from .samples import Sample, face_sample

_PLACES = list(PLACES)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the network is trained.

    Attributes:
        avatars: Avatars that are rendered, each in six poses.
        steps: Steps of the optimiser.
        batch: Pictures of a step.
        faces: Share of the pictures that show a face.
        rate: Learning rate.
        cooldown: Share of the steps in which the rate falls to 0.
        seed: Seed of everything random.
    """

    avatars: int = 300
    steps: int = 4000
    batch: int = 32
    faces: float = 0.75
    rate: float = 1.2e-3
    cooldown: float = 0.35
    seed: int = 16


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Pictures (N, 3, S, S) in [0, 1], places (N, K, 2) in [0, 1] of the picture, and (N,) 1 where there is a face."""

    pictures: Tensor
    places: Tensor
    faces: Tensor


def train(
    examples: Examples, recipe: Recipe, say: Callable[[str], None], checkpoint: Path | None = None, processes: int = 1
) -> DrawnFaceNetwork:
    """Train the network; return the moving average of its weights.

    Several processes change the same weights without waiting for each other (Niu et al. 2011, arXiv 1106.5730); then
    two runs give slightly different weights.

    Args:
        examples: Rendered avatars.
        recipe: The recipe.
        say: Progress callback; receives a line of text.
        checkpoint: Where a half-done training is kept; one that is there goes on.
        processes: Processes that learn at the same time; each makes its own samples.
    """
    torch.manual_seed(recipe.seed)
    network = DrawnFaceNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaging = torch.optim.swa_utils.get_ema_multi_avg_fn(0.5 ** (1 / max(1.0, 140 / processes)))  # type: ignore[no-untyped-call]
    average = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=averaging, use_buffers=True)
    optimiser, first = None, 0
    if checkpoint is not None and checkpoint.is_file():
        kept = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(kept["network"])
        average.load_state_dict(kept["average"])
        optimiser, first = kept["optimiser"], int(kept["step"])
    network.share_memory()
    work = _Work(examples, recipe, network, average.share_memory(), optimiser, first, processes, checkpoint, say)
    if processes == 1:
        _learn(0, work)
    else:
        started = [get_context("fork").Process(target=_learn, args=(rank, work)) for rank in range(processes)]
        for process in started:
            process.start()
        for process in started:
            process.join()
        if any(process.exitcode for process in started):
            raise RuntimeError("a training process ended early; run the same command again, it goes on")
    trained = DrawnFaceNetwork()
    trained.load_state_dict(average.module.state_dict())
    return trained.eval()


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What the processes of a training share."""

    examples: Examples
    recipe: Recipe
    network: DrawnFaceNetwork
    average: torch.optim.swa_utils.AveragedModel
    optimiser: dict[str, object] | None
    first: int
    processes: int
    checkpoint: Path | None
    say: Callable[[str], None]


def _learn(rank: int, work: _Work) -> None:
    """Take every step whose number belongs to a process; the first one also averages, reports and keeps."""
    torch.set_num_threads(1)
    recipe, network = work.recipe, work.network
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=1e-3)
    if work.optimiser is not None:
        optimiser.load_state_dict(work.optimiser)
    sums: list[list[float]] = []
    for step in range(work.first + rank, recipe.steps, work.processes):
        for group in optimiser.param_groups:
            group["lr"] = recipe.rate * _share(step, recipe)
        batch = draw_batch(work.examples, recipe, np.random.default_rng([recipe.seed, step]))
        losses = _losses(network, batch)
        optimiser.zero_grad()
        torch.autograd.backward(losses[0] + losses[1] + losses[2])
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        sums.append([float(one.detach()) for one in losses])
        if rank == 0:
            work.average.update_parameters(network)
            if len(sums) == max(1, 100 // work.processes) or step + work.processes >= recipe.steps:
                places, maps, face = np.mean(sums, 0)
                work.say(f"step {step + 1} of {recipe.steps}: places {places:.4f}, maps {maps:.3f}, face {face:.4f}")
                sums = []
                _keep(work, optimiser, step + 1)


def _keep(work: _Work, optimiser: torch.optim.Optimizer, step: int) -> None:
    """Write the checkpoint."""
    if work.checkpoint is not None:
        states = {"network": work.network.state_dict(), "average": work.average.state_dict()}
        partial = work.checkpoint.with_suffix(".new")
        torch.save(states | {"optimiser": optimiser.state_dict(), "step": step}, partial)
        partial.rename(work.checkpoint)


def _share(step: int, recipe: Recipe) -> float:
    """Return the share of the learning rate at a step: a short rise, a plain, and a fall."""
    start = recipe.steps * (1 - recipe.cooldown)
    fall = 1 - max(0.0, step - start) / max(1.0, recipe.steps - start)
    return min(1.0, (step + 1) / 100) * fall


def draw_batch(examples: Examples, recipe: Recipe, rng: np.random.Generator) -> Batch:
    """Make the pictures of a step."""
    samples = [
        face_sample(examples, rng) if rng.random() < recipe.faces else no_face_sample(examples, rng)
        for _ in range(recipe.batch)
    ]
    return as_batch(samples)


def as_batch(samples: list[Sample]) -> Batch:
    """Return samples as tensors."""
    pictures = torch.from_numpy(np.stack([sample.picture for sample in samples])).permute(0, 3, 1, 2)
    side = float(pictures.shape[-1])
    places = torch.from_numpy(np.stack([sample.points[_PLACES, :2] for sample in samples])).float() / side
    return Batch(pictures.float() / 255, places, torch.tensor([float(sample.face) for sample in samples]))


def _losses(network: DrawnFaceNetwork, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Return the losses of places, of maps and of the question whether there is a face."""
    with torch.autocast("cpu", torch.bfloat16):
        places, logs, face = network(batch.pictures.contiguous(memory_format=torch.channels_last))
    shown = batch.faces > 0.5
    target = batch.places[shown]
    size = (target.amax(1) - target.amin(1)).amax(-1)[:, None, None]
    off = (places[shown].float() - target) / size
    distance = 10 * functional.smooth_l1_loss(off, torch.zeros_like(off), beta=0.03)
    soft = _soft_maps(target, network.ticks)
    maps = -(soft * logs[shown]).sum(-1).mean()
    known = functional.binary_cross_entropy_with_logits(face.float(), batch.faces)
    return 3 * distance, 0.15 * maps, known


def _soft_maps(places: Tensor, ticks: Tensor) -> Tensor:
    """Return maps (N, K, CELLS * CELLS) with a Gaussian of 0.8 cells around each place."""
    sigma = 0.8 * float(ticks[1] - ticks[0])
    x = torch.softmax(-((places[..., 0, None] - ticks) ** 2) / (2 * sigma**2), -1)
    y = torch.softmax(-((places[..., 1, None] - ticks) ** 2) / (2 * sigma**2), -1)
    return (y[..., :, None] * x[..., None, :]).reshape(*places.shape[:2], CELLS * CELLS)


def basis_of(examples: Examples, recipe: Recipe, count: int = 1500) -> ShapeBasis:
    """Return the shapes of the faces that the network learns from."""
    rng = np.random.default_rng([recipe.seed, 1 << 30])
    shapes = np.stack([face_sample(examples, rng).points for _ in range(count)]).astype(np.float64)
    return ShapeBasis.of(shapes, PLACES)
