"""Define the objective of `mini`: the clean latent in picture units, and the composed picture inside a window."""

from __future__ import annotations

import torch
from torch import Tensor

from generator.network.model import AniFaceDiff, Conditions
from generator.network.patch_codec import PatchCodec
from generator.network.schedule import noise_schedule
from generator.training.config import ObjectiveConfig
from generator.training.data.batch import Batch, conditions, to_unit

_STARTS = 0.4
"""Share of samples at the last time. Sampling begins there, and with four steps this step decides much."""
_FEATURES = 0.6
"""Share of windows around an eye or a mouth."""


class CleanLatent:
    """Compute the losses of a network that predicts the clean latent.

    Args:
        config: Settings of the objective.
    """

    def __init__(self, config: ObjectiveConfig) -> None:
        self._config = config
        self._schedule = noise_schedule("sample")

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

        window = _window(batch, min(self._config.window, model.config.grid), patch, generator)
        rows, columns = (slice(part.start * patch, part.stop * patch) for part in window)
        out = model.compose(predicted, source, given, window)
        wanted, labels = target[..., rows, columns], batch.labels[:, rows, columns]
        weight = 1 + 3 * ((labels == 2) | (labels == 3)).float()[:, None]
        picture = 2 * (weight * (out - wanted).abs()).mean()
        edges = torch.zeros((), device=device)
        for ours, true in zip(_gradient(out), _gradient(wanted), strict=True):
            edges = edges + (ours - true).abs().mean()
        return {"loss": latent + picture + edges, "latent": latent, "picture": picture, "edges": edges}


def _window(batch: Batch, cells: int, patch: int, generator: torch.Generator) -> tuple[slice, slice]:
    """Choose rows and columns of the latent grid, mostly around an eye or mouth, otherwise anywhere."""
    grid = batch.target.shape[-1] // patch
    y, x = (int(torch.randint(0, grid - cells + 1, (), generator=generator)) for _ in range(2))
    if torch.rand((), generator=generator) < _FEATURES:
        pick = int(torch.randint(0, len(batch.labels), (), generator=generator))
        rows, columns = torch.nonzero((batch.labels[pick] == 2) | (batch.labels[pick] == 3), as_tuple=True)
        if len(rows):
            at = int(torch.randint(0, len(rows), (), generator=generator))
            y, x = int(rows[at]) // patch - cells // 2, int(columns[at]) // patch - cells // 2
    y, x = (min(max(0, value), grid - cells) for value in (y, x))
    return slice(y, y + cells), slice(x, x + cells)


def _gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture[..., 1:, :] - picture[..., :-1, :], picture[..., :, 1:] - picture[..., :, :-1]
