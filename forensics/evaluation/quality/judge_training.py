"""Train the judge on true puppet frames and nothing else; no generated picture is ever shown to it.

Training frames are blurred, lit and grained a little, so that the softness of a generated picture is not in itself
taken for another face. The identity network sees every frame on changing backgrounds, so that it learns heads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generator import EXPRESSION, FaceParams
from generator.puppets import STYLES, Puppet, PuppetFrame, render, sample_motion, sample_puppet

from .face_net import EMBEDDING, FACE_WINDOW, HEAD_WINDOW, PARTS, FaceNet, Floats, Pictures, as_input

Note = Callable[[str], None]

_MOTION_FRAMES = 60
_TEMPERATURE = 0.1
_EYES = (((37, 41), (38, 40)), ((43, 47), (44, 46)))
"""Upper and lower lid landmarks of the picture's left and right eye."""
_LIPS = (62, 66)
BLINKS = (EXPRESSION.index("blink_l"), EXPRESSION.index("blink_r"))
"""The coefficients that shut the eyes."""


@dataclass(frozen=True, slots=True)
class Examples:
    """True frames, cut, and what is true of them.

    Attributes:
        faces: (N, 96, 96, 3) cut by `FACE_WINDOW`.
        heads: (N, 96, 96, 3) cut by `HEAD_WINDOW`.
        backgrounds: (N, 96, 96) where `heads` shows no puppet.
        truths: (N, 36) in the order of `PARTS`.
        identities: (N,) numbers of the puppets.
    """

    faces: Pictures
    heads: Pictures
    backgrounds: NDArray[np.bool_]
    truths: Floats
    identities: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.truths)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the judge is trained.

    Attributes:
        puppets: How many identities.
        frames: Of each.
        epochs: Passes over all frames for the parameters.
        identity_epochs: The same for the identity.
        batch: Frames a step.
        rate: Highest learning rate; it follows half a cosine down to zero.
        seed: Of everything.
    """

    puppets: int = 2000
    frames: int = 4
    epochs: int = 6
    identity_epochs: int = 3
    batch: int = 64
    rate: float = 2e-3
    seed: int = 77


def apertures(frame: PuppetFrame, params: FaceParams) -> Floats:
    """Measure how far the left lid, the right lid and the lips stand open in the picture, (3,) in head units.

    Distances between landmarks, divided by the camera's scale, so that they do not depend on the picture's size.
    """
    points = frame.landmarks / (params.camera[0] * len(frame.image))
    lids = [np.mean([np.linalg.norm(points[a] - points[b]) for a, b in pairs]) for pairs in _EYES]
    return np.array([*lids, np.linalg.norm(points[_LIPS[0]] - points[_LIPS[1]])], np.float32)


def true_values(puppet: Puppet, params: FaceParams, frame: PuppetFrame) -> Floats:
    """Put what is true of a drawn frame into one row, (36,) in the order of `PARTS`."""
    return np.concatenate(
        [puppet.shape, params.expression, params.pose, params.gaze, apertures(frame, params)], dtype=np.float32
    )


def draw_examples(puppets: int, frames: int, seed: int, note: Note = lambda _: None) -> Examples:
    """Draw true frames of many puppets of all styles.

    Args:
        puppets: How many.
        frames: Of each; every fourth shows closed or half closed eyes.
        seed: Another seed gives other puppets.
        note: Is told how far it is.
    """
    rows: list[tuple[Pictures, Pictures, NDArray[np.bool_], Floats, int]] = []
    for number in range(puppets):
        rng = np.random.default_rng((seed, number))
        puppet = sample_puppet(rng, STYLES[number % len(STYLES)])
        motion = sample_motion(rng, puppet, _MOTION_FRAMES)
        for chosen in rng.choice(_MOTION_FRAMES, frames, replace=False):
            params = motion[int(chosen)]
            if rng.random() < 0.25:
                expression = params.expression.copy()
                expression[list(BLINKS)] = rng.choice([1.0, rng.random()])
                params = replace(params, expression=expression)
            frame = render(puppet, params)
            camera = params.camera[None]
            background = np.repeat(frame.labels[..., None] == 0, 3, 2).astype(np.uint8) * 255
            rows.append(
                (
                    FACE_WINDOW.cut(frame.image[None], camera)[0],
                    HEAD_WINDOW.cut(frame.image[None], camera)[0],
                    HEAD_WINDOW.cut(background[None], camera)[0, ..., 0] > 127,
                    true_values(puppet, params, frame),
                    number,
                )
            )
        if number % 100 == 99:
            note(f"{number + 1} of {puppets} puppets drawn")
    faces, heads, backgrounds, truths, identities = zip(*rows, strict=True)
    return Examples(np.stack(faces), np.stack(heads), np.stack(backgrounds), np.stack(truths), np.array(identities))


def train_parameters(examples: Examples, recipe: Recipe, note: Note = lambda _: None) -> tuple[FaceNet, Floats, Floats]:
    """Train the parameter network; gives it with the mean and the spread (36,) of its outputs."""
    middle, spread = examples.truths.mean(0), examples.truths.std(0) + 1e-6
    targets = torch.from_numpy((examples.truths - middle) / spread)
    weights = _weights(examples.truths)

    def loss(answer: Tensor, rows: NDArray[np.intp]) -> Tensor:
        errors = functional.smooth_l1_loss(answer, targets[rows], reduction="none", beta=0.5)
        return (errors * weights[rows]).mean()

    torch.manual_seed(recipe.seed)
    net = FaceNet(sum(PARTS.values()))
    _train(net, examples, loss, recipe, recipe.epochs, note, heads=False)
    return net, middle, spread


def train_identity(examples: Examples, recipe: Recipe, note: Note = lambda _: None) -> FaceNet:
    """Train the identity network to put frames of one puppet together and others apart.

    Supervised contrastive learning, Khosla et al. 2020, equation 2, within batches of whole puppets.
    """
    torch.manual_seed(recipe.seed + 1)
    net = FaceNet(EMBEDDING)
    named = torch.from_numpy(examples.identities)

    def loss(answer: Tensor, rows: NDArray[np.intp]) -> Tensor:
        unit = functional.normalize(answer)
        oneself = torch.eye(len(rows), dtype=torch.bool)
        chances = (unit @ unit.T / _TEMPERATURE).masked_fill(oneself, -torch.inf).log_softmax(1)
        same = (named[rows][:, None] == named[rows]) & ~oneself
        return -(chances.masked_fill(~same, 0).sum(1) / same.sum(1)).mean()

    _train(net, examples, loss, recipe, recipe.identity_epochs, note, heads=True)
    return net


def _weights(truths: Floats) -> Tensor:
    """Weigh lids, mouth and pose more, and gaze not at all where the eyes are shut."""
    weights = np.ones_like(truths)
    start = 0
    for name, count in PARTS.items():
        columns = slice(start, start + count)
        weights[:, columns] = {"shape": 1.0, "expression": 1.0, "pose": 2.0, "gaze": 2.0}.get(name, 4.0)
        if name == "gaze":
            lids = truths[:, start + count : start + count + PARTS["lids"]]
            weights[lids.max(1) < 0.08, columns] = 0
        start += count
    return torch.from_numpy(weights)


def _train(
    net: FaceNet,
    examples: Examples,
    loss: Callable[[Tensor, NDArray[np.intp]], Tensor],
    recipe: Recipe,
    epochs: int,
    note: Note,
    *,
    heads: bool,
) -> None:
    """Train on faces, or on heads before other backgrounds in batches of whole puppets."""
    rng = np.random.default_rng(recipe.seed)
    count = len(examples) // recipe.batch
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=epochs * count)
    net.train()
    for epoch in range(epochs):
        together = recipe.frames if heads else 1
        starts = rng.permutation(len(examples) // together) * together
        order, total = (starts[:, None] + np.arange(together)).ravel(), 0.0
        for batch in range(count):
            rows = order[batch * recipe.batch : (batch + 1) * recipe.batch]
            if heads:
                seen = [_varied(examples.heads[i], examples.backgrounds[i], rng) for i in rows]
            else:
                seen = [_varied(examples.faces[i], None, rng) for i in rows]
            found = loss(net(as_input(np.stack(seen))), rows)
            optimiser.zero_grad()
            found.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(found.detach())
        note(f"epoch {epoch + 1} of {epochs}: loss {total / count:.4f}")
    net.eval()


def _varied(picture: Pictures, background: NDArray[np.bool_] | None, rng: np.random.Generator) -> Pictures:
    """Blur, light and grain a cut, and put another background behind a head."""
    values = picture.astype(np.float32)
    if background is not None:
        corners = rng.uniform(0, 255, (2, 2, 3)).astype(np.float32)
        behind = cv2.resize(corners, picture.shape[:2], interpolation=cv2.INTER_LINEAR)
        values = np.where(background[..., None], behind, values)
    if rng.random() < 0.6:
        values = cv2.GaussianBlur(values, (0, 0), float(rng.uniform(0.3, 1.4)))
    values = (values - 128) * rng.uniform(0.9, 1.1) + 128 + rng.uniform(-10, 10)
    values = values + rng.uniform(0, 4) * rng.standard_normal(values.shape, dtype=np.float32)
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)
