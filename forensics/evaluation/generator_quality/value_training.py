"""Train the network that reads face parameters from places, on faces that need not be drawn.

The exact places of a face follow from its parameters, so the number of examples is unlimited. The errors of found
places, which the network must tolerate, are measured on puppets that the finding network never saw.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional

from generator.puppets import sample_motion

from .face_net import FACE_WINDOW, PARTS, VALUES, Floats, PlaceNet, ValueNet, as_input
from .judge_examples import Examples, training_puppet, varied
from .true_values import OPEN_EYES, face_places, place_apertures

_MOTION_FRAMES = 60
_MOMENTS = 8
_BATCH = 256


def sample_faces(puppets: int, seed: int) -> tuple[Floats, Floats]:
    """Draw faces of many heads at moments of their motions, without pictures.

    Returns:
        Places (N, 70, 2) in head units and values (N, 36) in the order of `PARTS`.
    """
    places, values = [], []
    for number in range(puppets):
        puppet, rng = training_puppet(number, seed)
        motion = sample_motion(rng, puppet, _MOTION_FRAMES)
        for chosen in rng.choice(_MOTION_FRAMES, _MOMENTS, replace=False):
            params = varied(motion[int(chosen)], rng)
            row = np.concatenate(
                [puppet.shape, params.expression, params.pose, params.gaze, [0, 0, 0]], dtype=np.float32
            )
            places.append(face_places(row))
            row[-3:] = place_apertures(places[-1])
            values.append(row)
    return np.stack(places), np.stack(values)


@torch.inference_mode()
def place_errors(net: PlaceNet, examples: Examples) -> Floats:
    """Return the errors of found places (N, 70, 2), in head units, on puppets that the network never saw."""
    cuts = FACE_WINDOW.cut(examples.pictures, examples.cameras)
    found = torch.cat([net(as_input(cuts[start : start + 64])) for start in range(0, len(cuts), 64)])
    return found.numpy() - np.stack([face_places(row) for row in examples.truths])


def train_values(
    faces: tuple[Floats, Floats], errors: Floats, epochs: int, seed: int, note: Callable[[str], None] = lambda _: None
) -> ValueNet:
    """Train a network to read values from places with the same errors as found ones.

    Args:
        faces: Exact places (N, 70, 2) and values (N, 36).
        errors: (M, 70, 2) errors of found places; each example gets the sum of two new random ones, scaled so that the
            spread stays the same.
        epochs: Passes over all faces.
        seed: Seed of weights, order and errors.
        note: Progress callback.
    """
    places, values = faces
    rng, steps = np.random.default_rng(seed), len(places) // _BATCH
    torch.manual_seed(seed)
    net = ValueNet(values.mean(0), values.std(0) + 1e-6)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=epochs * steps)
    lids = sum(list(PARTS.values())[:4])
    for epoch in range(epochs):
        total = 0.0
        for rows in rng.permutation(len(places))[: steps * _BATCH].reshape(steps, _BATCH):
            angle = rng.uniform(0, np.pi / 2, (_BATCH, 1, 1))
            first, second = rng.integers(len(errors), size=(2, _BATCH))
            wrong = np.cos(angle) * errors[first] + np.sin(angle) * errors[second]
            weights = np.ones((_BATCH, VALUES), np.float32)
            weights[values[rows, lids : lids + 2].min(1) < OPEN_EYES, lids - 2 : lids] = 0
            answer = net(torch.from_numpy((places[rows] + wrong).astype(np.float32)))
            off = (answer - torch.from_numpy(values[rows])) / net.spread
            loss = (
                functional.smooth_l1_loss(off, torch.zeros_like(off), reduction="none") * torch.from_numpy(weights)
            ).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        if epoch % 10 == 9:
            note(f"pass {epoch + 1} of {epochs} over faces: loss {total / steps:.4f}")
    return net.eval()
