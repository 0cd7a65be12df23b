"""Change pixels by at most ε so that a detector errs: FGSM and PGD in the L∞ norm, and Square without gradients.

The attacker knows the network, its normalisation and the place of the face, and passes the frames on as whole levels
without loss. A codec after the attack would remove a part of the change, so the effect measured here is that of the
worst case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from detectors import Detector, has_gradients
from forensics.errors import InputError
from forensics.faces import Floats, Frames

from .crop import PixelCrop, pixel_crop
from .square import square_attack

Method = Literal["fgsm", "pgd", "square"]
METHODS: tuple[Method, ...] = ("fgsm", "pgd", "square")
STEPS = 10
"""Default number of gradient steps of PGD."""

QUERIES = 200
"""Default number of queries of the Square attack."""

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Attack:
    """The strength and the number of steps of an attack.

    FGSM takes one step of ε along the sign of the gradient (Goodfellow et al. 2015, §4). PGD starts at a random point
    within ε and takes steps of 2.5·ε/steps, each followed by a projection back to ε and to 0–255 (Madry et al. 2018,
    §2.1); of all points visited, including the frame itself, the worst for the detector is kept. Square only asks for
    scores (`square_attack`).

    Attributes:
        method: `fgsm`, `pgd` or `square`.
        epsilon: Largest change of a channel of a pixel, in levels of 255.
        steps: Gradient steps of PGD, or queries of Square.
    """

    method: Method = "pgd"
    epsilon: int = 4
    steps: int = STEPS

    def __post_init__(self) -> None:
        """Check the settings of an attack.

        Raises:
            InputError: The method is unknown, or a number out of range.
        """
        if self.method not in METHODS or not 0 <= self.epsilon <= 255 or self.steps < 1:
            raise InputError(f"an attack is fgsm, pgd or square with ε of 0–255 and a step or more, got {self}")

    @property
    def rounds(self) -> int:
        """Return how often the gradient is computed."""
        return 1 if self.method == "fgsm" else self.steps

    @property
    def stride(self) -> float:
        """Return the length of a step, in levels of 255."""
        return float(self.epsilon) if self.method == "fgsm" else 2.5 * self.epsilon / self.steps

    def __str__(self) -> str:
        return f"ε {self.epsilon}/255"


def attack_frames(
    detector: Detector,
    frames: Sequence[Frames],
    boxes: Floats,
    landmarks: Floats,
    directions: NDArray[np.integer],
    attack: Attack,
    rng: np.random.Generator,
) -> list[Frames]:
    """Change frames so that a detector's score of their faces changes.

    The objective is the logit itself. The sign of its gradient is that of the cross-entropy's, and it does not vanish
    where the detector is sure. Only pixels that the crop reads can change.

    Args:
        detector: The detector to attack; its network is not changed.
        frames: N times (H, W, 3) uint8 RGB.
        boxes: (N, 4) box of the face in each, in pixels.
        landmarks: (N, 68, 2) in pixels.
        directions: (N,) 1 to raise the score, −1 to lower it.
        attack: Settings of the attack.
        rng: Random generator of the start of PGD.

    Returns:
        The changed frames, uint8, every channel of every pixel within ε of its old value.

    Raises:
        InputError: The detector judges clips, or has no gradients and the attack needs them.
    """
    spec = detector.spec
    refuse_unfit(detector, attack.method)
    if attack.epsilon == 0:
        return [frame.copy() for frame in frames]
    changed: list[Frames] = []
    for first in range(0, len(frames), _BATCH):
        part = slice(first, first + _BATCH)
        crops = [
            pixel_crop(frame.shape, box, points, spec)
            for frame, box, points in zip(frames[part], boxes[part], landmarks[part], strict=True)
        ]
        if attack.method == "square":
            changed += square_attack(
                detector,
                frames[part],
                boxes[part],
                landmarks[part],
                crops,
                directions[part],
                epsilon=attack.epsilon,
                queries=attack.steps,
                rng=rng,
            )
        else:
            changed += _attack_batch(detector, frames[part], crops, directions[part], attack, rng)
    return changed


def refuse_unfit(detector: Detector, method: Method) -> None:
    """Check that a detector can be attacked by a method.

    Raises:
        InputError: The detector judges clips, or has no gradients and the method needs them.
    """
    if detector.spec.frames > 1:
        raise InputError(f"detector {detector.spec.name!r} judges clips; attacks are made on detectors of single crops")
    if method != "square" and not has_gradients(detector):
        raise InputError(f"detector {detector.spec.name!r} has no gradients for {method}; use --attack square")


def _attack_batch(
    detector: Detector,
    frames: Sequence[Frames],
    crops: Sequence[PixelCrop],
    directions: NDArray[np.integer],
    attack: Attack,
    rng: np.random.Generator,
) -> list[Frames]:
    start = [
        torch.from_numpy(_patch(frame, crop).astype(np.float32)) for frame, crop in zip(frames, crops, strict=True)
    ]
    points = start if attack.method == "fgsm" else [_near(pixels, attack.epsilon, rng) for pixels in start]
    signs = torch.from_numpy(np.asarray(directions, dtype=np.float32))
    best, (worth, _) = start, _slopes(detector, start, crops, signs, with_slopes=False)
    for step in range(attack.rounds + 1):
        is_last = step == attack.rounds
        values, slopes = _slopes(detector, points, crops, signs, with_slopes=not is_last)
        better = (values >= worth) | (attack.method == "fgsm")
        best = [new if better[row] else old for row, (new, old) in enumerate(zip(points, best, strict=True))]
        worth = torch.where(better, values, worth)
        if not is_last:
            points = [
                _project(pixels + attack.stride * slope.sign(), origin, attack.epsilon)
                for pixels, slope, origin in zip(points, slopes, start, strict=True)
            ]
    return [_put(frame, crop, pixels) for frame, crop, pixels in zip(frames, crops, best, strict=True)]


def _slopes(
    detector: Detector, points: Sequence[Tensor], crops: Sequence[PixelCrop], signs: Tensor, *, with_slopes: bool
) -> tuple[Tensor, Sequence[Tensor]]:
    """Return the objective (N,) at some pixels, and its gradient with respect to each."""
    detector.model.eval()
    leaves = [pixels.detach().requires_grad_(with_slopes) for pixels in points]
    spec = detector.spec
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (spec.mean, spec.std))
    with torch.set_grad_enabled(with_slopes):
        planes = torch.stack([crop.cut(pixels) for crop, pixels in zip(crops, leaves, strict=True)])
        device = next(detector.model.parameters()).device
        values = detector.model(((planes / 255 - mean) / std).to(device)).cpu() * signs
    slopes: Sequence[Tensor] = torch.autograd.grad(values.sum(), leaves) if with_slopes else ()
    return values.detach(), slopes


def _near(pixels: Tensor, epsilon: int, rng: np.random.Generator) -> Tensor:
    """Draw a random point within ε."""
    noise = torch.from_numpy(rng.uniform(-epsilon, epsilon, tuple(pixels.shape))).float()
    return (pixels + noise).clamp(0, 255)


def _project(pixels: Tensor, origin: Tensor, epsilon: int) -> Tensor:
    return pixels.clamp(origin - epsilon, origin + epsilon).clamp(0, 255)


def _patch(frame: Frames, crop: PixelCrop) -> Frames:
    return frame[crop.rows[0] : crop.rows[1], crop.columns[0] : crop.columns[1]]


def _put(frame: Frames, crop: PixelCrop, pixels: Tensor) -> Frames:
    """Return a frame with the changed pixels in place, as whole levels."""
    changed = frame.copy()
    _patch(changed, crop)[:] = pixels.round().to(torch.uint8).numpy()
    return changed
