"""Validate a run during training: render held-out faces, compare them with the truth, and measure them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from generator.inference.sampling import Sampler, predict
from generator.network.model import AniFaceDiff, Conditions
from generator.picture_metrics import psnr, ssim_map
from generator.training.data.batch import Batch, Example, Picture, collate, conditions, to_uint8, to_unit

from .config import TrainConfig

_ROWS = 4
"""Number of frames in the picture that is logged."""

REGIONS = {"frame": None, "eyes": 2, "mouth": 3}
"""Regions and their labels."""
_LEAST_PIXELS = 40
"""A smaller region of a picture is not counted."""
_UNTRUSTED = 128
"""Trust, of 255, below which a pixel counts as hidden from the layers."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The quality of a model on held-out faces.

    Attributes:
        metrics: Measures by name, see `compare`; of layered models also "psnr/hidden" over what the layers cannot show,
            if there is any, and all of them for the layers alone, "layers/psnr/frame" and so on.
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
    ours, truths, labels, layers = [], [], [], []
    rows: list[Picture] = []
    for number in range(config.validation.sources):
        batch = collate([examples[number]]).to(device)
        drawn = _pixels(draw(model, batch, config))
        truth = _pixels(batch.target)
        ours.append(drawn)
        truths.append(truth)
        labels.append(batch.labels.cpu().numpy())
        if model.config.layered:
            layers.append((_pixels(batch.maps["moved"]), batch.maps["guides"][:, 0].cpu().numpy() < _UNTRUSTED))
        if len(rows) < _ROWS:
            rows.append(np.concatenate([_pixels(batch.source)[0], truth[0], drawn[0]], 1))
    true, known = np.concatenate(truths), np.concatenate(labels)
    metrics = compare(np.concatenate(ours), true, known)
    if layers:
        moved, hidden = (np.concatenate(part) for part in zip(*layers, strict=True))
        still = compare(moved, true, known) | _hidden(moved, true, hidden)
        metrics |= _hidden(np.concatenate(ours), true, hidden)
        metrics |= {f"layers/{name}": value for name, value in still.items()}
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
    frames = [_decoded(model, latent[i : i + 1].to(device), given[i : i + 1]) for i in range(len(latent))]
    return to_uint8(torch.cat(frames))


def _hidden(pictures: Picture, truths: Picture, where: NDArray[np.bool_]) -> dict[str, float]:
    """Return the mean PSNR over what the layers cannot show, of the pictures that have any of it; {} if none has."""
    rows = [
        psnr(picture, truth, mask)
        for picture, truth, mask in zip(pictures, truths, where, strict=True)
        if mask.sum() >= _LEAST_PIXELS
    ]
    return {"psnr/hidden": float(np.mean(rows))} if rows else {}


def _decoded(model: AniFaceDiff, latent: Tensor, given: Conditions) -> Tensor:
    return model.compose(latent, given).picture if model.config.layered else model.decode(latent)


def _pixels(pictures: Tensor) -> Picture:
    return pictures.permute(0, 2, 3, 1).cpu().numpy()


def compare(pictures: Picture, truths: Picture, labels: NDArray[np.uint8]) -> dict[str, float]:
    """Return mean PSNR and SSIM by region, over the pictures that show it.

    Args:
        pictures: (N, H, W, 3) uint8.
        truths: (N, H, W, 3) uint8.
        labels: (N, H, W), see `REGIONS`.

    Returns:
        "psnr/frame", "ssim/eyes" and so on; a region that no picture shows is left out.
    """
    found: dict[str, list[float]] = {}
    for picture, truth, label in zip(pictures, truths, labels, strict=True):
        similarity = ssim_map(picture, truth)
        for region, number in REGIONS.items():
            where = np.ones(label.shape, bool) if number is None else label == number
            if where.sum() >= _LEAST_PIXELS:
                found.setdefault(f"psnr/{region}", []).append(psnr(picture, truth, where))
                found.setdefault(f"ssim/{region}", []).append(float(similarity[where].mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}
