"""Validate a run during training: render held-out faces, compare them with the truth, and measure them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from generator.inference.sampling import Sampler, predict
from generator.network.model import AniFaceDiff
from generator.training.data.batch import Batch, Example, Picture, collate, conditions, to_uint8, to_unit

from .config import TrainConfig
from .metrics import compare

_ROWS = 4
"""Number of frames in the picture that is logged."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The quality of a model on held-out faces.

    Attributes:
        metrics: Measures by name, see `compare`.
        picture: (R S, 3 S, 3) uint8: source, truth and generated frame side by side, one row for each of some frames.
        frames: Number of measured frames.
    """

    metrics: dict[str, float]
    picture: Picture
    frames: int


def judge(model: AniFaceDiff, examples: Dataset[Example], config: TrainConfig, device: torch.device) -> Judgement:
    """Render the first held-out examples and measure them.

    In stage 2 the frames of a source form one window; in stage 1 they are rendered as stills.

    Args:
        model: The network.
        examples: Examples by number; the first `config.validation.sources` are used every time.
        config: Settings of the run.
        device: Device of the network.
    """
    ours, truths, labels = [], [], []
    rows: list[Picture] = []
    for number in range(config.validation.sources):
        batch = collate([examples[number]]).to(device)
        drawn = _pixels(draw(model, batch, config))
        truth = _pixels(batch.target)
        ours.append(drawn)
        truths.append(truth)
        labels.append(batch.labels.cpu().numpy())
        if len(rows) < _ROWS:
            rows.append(np.concatenate([_pixels(batch.source)[0], truth[0], drawn[0]], 1))
    metrics = compare(np.concatenate(ours), np.concatenate(truths), np.concatenate(labels))
    return Judgement(metrics, np.concatenate(rows), sum(map(len, ours)))


@torch.no_grad()
def draw(model: AniFaceDiff, batch: Batch, config: TrainConfig) -> Tensor:
    """Return the network's output for a batch with one source, (N, 3, S, S) uint8, by DDIM as in inference."""
    given, device = conditions(batch), batch.target.device
    source = model.encode_source(to_unit(batch.source))
    prepared = model.prepare(source, given)
    sampler = Sampler("ddim", config.validation.steps, model.config.prediction, config.seed)
    size = model.config.grid
    latent = sampler.noise((model.config.latent_channels, size, size)).expand(len(batch.target), -1, -1, -1)
    window = batch.frames if config.stage == 2 else 1
    for step, time in enumerate(sampler.times):
        predicted = predict(
            model.denoise, latent.to(device), time, prepared, guidance=config.validation.guidance, frames=window
        )
        latent = sampler.advance(step, latent, predicted)
    frames = [model.compose(latent[i : i + 1].to(device), source, given[i : i + 1]) for i in range(len(latent))]
    return to_uint8(torch.cat(frames))


def _pixels(pictures: Tensor) -> Picture:
    return pictures.permute(0, 2, 3, 1).cpu().numpy()
