"""Train the judge on true puppet frames only; it never sees a generated picture.

Training frames are turned, mirrored, softened, compressed, lit and grained a little, so that the judge does not take a
generated picture's softness or a codec's trace for another face. The identity network sees every frame on changing
backgrounds, so that it learns heads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .face_net import EMBEDDING, FACE_WINDOW, HEAD_WINDOW, PLACES, FaceNet, Floats, PlaceNet, as_input
from .judge_examples import TRAINING_SEED, Examples
from .picture_changes import before_another_background, recoloured, softened
from .true_values import OPEN_EYES, face_places, mirrored, turned

Note = Callable[[str], None]
Rows = NDArray[np.intp]
Prepared = tuple[Tensor, ...]
"""The input of a network, followed by the targets of its output."""
Prepare = Callable[[Rows, np.random.Generator], Prepared]
"""Function that changes some examples at random."""

_TEMPERATURE = 0.1
_MOST_LEAN = 0.3
"""Largest angle, in radians, by which pictures are turned."""
_NEAR = 0.02
"""Error in head units from which a wrong place counts linearly and no longer by its square."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of the judge's training.

    Attributes:
        puppets: Number of identities.
        frames: Number of frames of each identity.
        epochs: Passes over all frames for the places.
        epochs_again: Further passes, at half the rate and with a new warm-up.
        identity_epochs: Passes over all frames for the identity.
        faces: Number of heads of other puppets on which the values are trained; they are not drawn.
        value_epochs: Passes over their faces.
        held_back: Number of further puppets, on which the errors of found places are measured for the training of the
            values.
        batch: Frames per step.
        rate: Highest learning rate; it rises for `warm_up` steps, then follows half a cosine down to zero.
        warm_up: At most half of all steps.
        seed: Seed of the training; the faces use the next seed, and the puppets held back the one after.
    """

    puppets: int = 1600
    frames: int = 2
    epochs: int = 10
    epochs_again: int = 5
    identity_epochs: int = 8
    faces: int = 4000
    value_epochs: int = 24
    held_back: int = 200
    batch: int = 32
    rate: float = 3e-3
    warm_up: int = 240
    seed: int = TRAINING_SEED


def train_places(examples: Examples, recipe: Recipe, note: Note = lambda _: None, kept: Path | None = None) -> PlaceNet:
    """Train the network that finds places of the face.

    Args:
        examples: The training examples.
        recipe: Settings of the training.
        note: Progress callback.
        kept: File of the state that is needed to continue after an interruption.
    """
    both = np.stack([examples.truths, np.stack([mirrored(row) for row in examples.truths])])
    places = np.stack([[face_places(row) for row in rows] for rows in both])

    def prepare(rows: Rows, rng: np.random.Generator) -> Prepared:
        mirrors = (rng.random(len(rows)) < 0.5).astype(np.intp)
        leans = rng.uniform(-_MOST_LEAN, _MOST_LEAN, len(rows)) * (rng.random(len(rows)) < 0.7)
        cuts = [
            FACE_WINDOW.cut_one(examples.pictures[row], examples.cameras[row], lean, bool(mirror))
            for row, lean, mirror in zip(rows, leans, mirrors, strict=True)
        ]
        seen = as_input(np.stack([softened(recoloured(cut, rng), rng) for cut in cuts]))
        there = turned(places[mirrors, rows], leans)
        return seen, torch.from_numpy(there), torch.from_numpy(_weights(both[mirrors, rows]))

    def loss(answer: Tensor, prepared: Prepared) -> Tensor:
        there, weights = prepared
        lengths = functional.smooth_l1_loss(answer / _NEAR, there / _NEAR, reduction="none").mean(2)
        return (lengths * weights).mean()

    torch.manual_seed(recipe.seed)
    net = PlaceNet()
    _train(net, prepare, loss, (len(examples), 1, recipe.epochs), recipe, note, kept)
    again = replace(recipe, rate=recipe.rate / 2, warm_up=recipe.warm_up // 4, seed=recipe.seed + 3)
    kept = None if kept is None else kept.with_suffix(".again")
    _train(net, prepare, loss, (len(examples), 1, recipe.epochs_again), again, note, kept)
    return net


def train_identity(
    examples: Examples, recipe: Recipe, note: Note = lambda _: None, kept: Path | None = None
) -> FaceNet:
    """Train the identity network to map frames of one puppet close together and others apart.

    The loss is that of supervised contrastive learning (Khosla et al. 2020, equation 2), within batches of whole
    puppets. Arguments are as for `train_places`.
    """
    named = torch.from_numpy(examples.identities)

    def prepare(rows: Rows, rng: np.random.Generator) -> Prepared:
        cuts = HEAD_WINDOW.cut(examples.pictures[rows], examples.cameras[rows])
        grounds = np.repeat(~examples.puppets[rows][..., None], 3, 3).astype(np.uint8) * 255
        behind = HEAD_WINDOW.cut(grounds, examples.cameras[rows])[..., 0] > 127
        seen = [softened(before_another_background(*pair, rng), rng) for pair in zip(cuts, behind, strict=True)]
        return as_input(np.stack(seen)), named[rows]

    def loss(answer: Tensor, prepared: Prepared) -> Tensor:
        unit, (names,) = functional.normalize(answer), prepared
        oneself = torch.eye(len(names), dtype=torch.bool)
        chances = (unit @ unit.T / _TEMPERATURE).masked_fill(oneself, -torch.inf).log_softmax(1)
        same = (names[:, None] == names) & ~oneself
        return -(chances.masked_fill(~same, 0).sum(1) / same.sum(1)).mean()

    torch.manual_seed(recipe.seed + 1)
    net = FaceNet(EMBEDDING)
    _train(net, prepare, loss, (len(examples), recipe.frames, recipe.identity_epochs), recipe, note, kept)
    return net


def _weights(truths: Floats) -> Floats:
    """Return weights of places (N, 70): eyes and mouth count twice, and the iris of a shut eye does not count."""
    weights = np.ones((len(truths), PLACES), np.float32)
    weights[:, 36:] = 2
    weights[:, 68:] *= truths[:, -3:-1] >= OPEN_EYES
    return weights


def _train(
    net: nn.Module,
    prepare: Prepare,
    loss: Callable[[Tensor, Prepared], Tensor],
    plan: tuple[int, int, int],
    recipe: Recipe,
    note: Note,
    kept: Path | None,
) -> None:
    """Train a network; `plan` has the number of examples, how many consecutive ones stay together, and the passes."""
    count, together, epochs = plan
    steps = count // recipe.batch
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=1e-2)
    total_steps = epochs * steps
    rise = min(0.5, recipe.warm_up / total_steps)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=total_steps, pct_start=rise)
    trained: dict[str, Any] = {"net": net, "optimiser": optimiser, "schedule": schedule}
    done = _go_on(trained, recipe, kept)
    net.train()
    began = time.monotonic()
    with ThreadPoolExecutor(1) as ahead:
        for epoch in range(done, epochs):
            rng = np.random.default_rng((recipe.seed, epoch))
            starts = rng.permutation(count // together) * together
            batches = (starts[:, None] + np.arange(together)).ravel()[: steps * recipe.batch].reshape(steps, -1)
            coming, total = ahead.submit(prepare, batches[0], rng), 0.0
            for step in range(steps):
                seen, *wanted = coming.result()
                coming = ahead.submit(prepare, batches[(step + 1) % steps], rng)
                found = loss(net(seen.contiguous(memory_format=torch.channels_last)), tuple(wanted))
                optimiser.zero_grad()
                found.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
                total += float(found.detach())
            if kept is not None:
                states = {name: part.state_dict() for name, part in trained.items()}
                torch.save({"recipe": asdict(recipe), "done": epoch + 1, **states}, kept)
            left = (time.monotonic() - began) / (epoch + 1 - done) * (epochs - epoch - 1) / 60
            note(f"pass {epoch + 1} of {epochs}, {left:.0f} min left: loss {total / steps:.4f}")
    net.eval()


def _go_on(trained: dict[str, Any], recipe: Recipe, kept: Path | None) -> int:
    """Load the state of an interrupted training with the same recipe; return the number of finished passes."""
    if kept is None or not kept.exists():
        return 0
    state = torch.load(kept, weights_only=True)
    if state["recipe"] != asdict(recipe):
        return 0
    for name, part in trained.items():
        part.load_state_dict(state[name])
    return int(state["done"])
