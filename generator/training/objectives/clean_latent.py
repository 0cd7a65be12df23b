"""Define the objective of `mini`: the clean latent in picture units, and the composed picture inside a window.

The composed picture is compared where the moved layers cannot be trusted; elsewhere it is theirs, to the bit.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from generator.network.model import AniFaceDiff, Conditions
from generator.network.patch_codec import PatchCodec
from generator.network.schedule import noise_schedule
from generator.training.config import ObjectiveConfig
from generator.training.data.batch import Batch, conditions, to_unit

from .features import FeatureDistance

_STARTS = 0.4
"""Share of samples at the last time. Sampling begins there, and with four steps this step decides much."""
_AROUND = 0.8
"""Share of windows around a place that the moved layers cannot show."""
_LABELLED = 2.0
"""Additional weight of eyes and mouth."""
_SHUT = 0.02
"""Weight of the gate itself: where nothing is gained by drawing, the layers stay."""


class CleanLatent:
    """Compute the losses of a network that predicts the clean latent.

    Args:
        config: Settings of the objective.
    """

    def __init__(self, config: ObjectiveConfig) -> None:
        self._config = config
        self._schedule = noise_schedule("sample")
        self._features = FeatureDistance(Path(config.features)) if config.features and config.perceptual else None

    def __call__(self, model: AniFaceDiff, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the losses; the expression is dropped for a whole batch at a time."""
        codec, patch, device = model.codec, model.config.patch, batch.target.device
        assert isinstance(codec, PatchCodec)  # noqa: S101 - the loss is in the patch codec's units  # nosec B101
        given = conditions(batch)
        if torch.rand((), generator=generator) < self._config.drop_expression:
            given = Conditions(given.maps, torch.zeros_like(given.expression))
        target = to_unit(batch.target)
        source = model.encode_source(to_unit(batch.source))
        clean = codec.encode(target)
        time = torch.randint(0, 1000, (len(clean),), generator=generator)
        start = torch.rand(len(clean), generator=generator) < _STARTS
        time = torch.where(start, torch.full_like(time, 999), time).to(device)
        noise = torch.randn(clean.shape, generator=generator).to(device)
        noisy = self._schedule.add_noise(clean, noise, time)
        predicted = model.denoise(noisy, time, model.prepare(source, given))

        error = predicted - clean
        squared = (error * codec.scale[:, None, None]).square().sum(1).mean() / (3 * patch**2)
        latent = 8 * squared + 0.15 * error.abs().mean()

        open_to_change = 1 - given.maps["guides"][:, :1]
        window = _window(open_to_change, min(self._config.window, model.config.grid), patch, generator)
        rows, columns = (slice(part.start * patch, part.stop * patch) for part in window)
        out, gate = model.compose(predicted, given, window)
        wanted, labels = target[..., rows, columns], batch.labels[:, rows, columns]
        labelled = ((labels == 2) | (labels == 3)).float()[:, None]
        weight = open_to_change[..., rows, columns] * (1 + _LABELLED * labelled)
        total = weight.sum().clamp(min=1.0)
        picture = (weight * (out - wanted).abs()).sum() / (3 * total)
        edges = torch.zeros((), device=device)
        for ours, true, share in zip(_gradient(out), _gradient(wanted), _inner(weight), strict=True):
            edges = edges + (share * (ours - true).abs()).sum() / (3 * total)
        losses = {"latent": latent, "picture": picture, "edges": edges, "gate": _SHUT * gate.mean()}
        if self._features is not None:
            losses["perceptual"] = self._config.perceptual * self._features(out, wanted, weight)
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}


def _window(open_to_change: Tensor, cells: int, patch: int, generator: torch.Generator) -> tuple[slice, slice]:
    """Choose rows and columns of the latent grid, mostly around a place that may change, otherwise anywhere."""
    grid = open_to_change.shape[-1] // patch
    y, x = (int(torch.randint(0, grid - cells + 1, (), generator=generator)) for _ in range(2))
    if torch.rand((), generator=generator) < _AROUND:
        pick = int(torch.randint(0, len(open_to_change), (), generator=generator))
        rows, columns = torch.nonzero(open_to_change[pick, 0] > 0.5, as_tuple=True)
        if len(rows):
            at = int(torch.randint(0, len(rows), (), generator=generator))
            y, x = int(rows[at]) // patch - cells // 2, int(columns[at]) // patch - cells // 2
    y, x = (min(max(0, value), grid - cells) for value in (y, x))
    return slice(y, y + cells), slice(x, x + cells)


def _gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture[..., 1:, :] - picture[..., :-1, :], picture[..., :, 1:] - picture[..., :, :-1]


def _inner(weight: Tensor) -> tuple[Tensor, Tensor]:
    return weight[..., 1:, :], weight[..., :, 1:]
