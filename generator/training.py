"""Train AniFaceDiff on puppets: one loop, resumable to the bit, the same schedule as in inference."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from diffusers import DDIMScheduler
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from .config import MINI, ModelConfig
from .errors import WeightsError
from .model import AniFaceDiff, Conditions, noise_schedule
from .patch_codec import PatchCodec
from .training_data import FRAMES, Batch, PuppetBatches, codec_pictures
from .weights_io import save_pretrained

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A training run.

    Attributes:
        steps: Optimiser steps.
        groups: Sources per step, each with seven targets.
        learning_rate: Peak rate; 100 steps of warm-up, then a cosine to two hundredths of it.
        seed: Seed of data, initial weights and noise.
        window: Side, in latent cells, of the part in which the composed picture is compared.
        drop_expression: Share of steps without expression tokens.
        checkpoint_every: Steps between checkpoints.
        codec_puppets: Puppets that the codec is fitted on.
        workers: Processes that draw puppets.
    """

    steps: int = 2400
    groups: int = 3
    learning_rate: float = 8e-4
    seed: int = 0
    window: int = 6
    drop_expression: float = 0.05
    checkpoint_every: int = 50
    codec_puppets: int = 60
    workers: int = 1


def _to_unit(picture: Tensor) -> Tensor:
    return picture.float() / 127.5 - 1


def conditions(batch: Batch) -> Conditions:
    """Return the network's view of a batch."""
    maps = {
        "snapshot": batch.snapshot.float() / 255,
        "guides": batch.guides.float() / 255,
        "moved": _to_unit(batch.moved),
    }
    return Conditions(maps, batch.expression)


def _window(batch: Batch, cells: int, patch: int, generator: torch.Generator) -> tuple[slice, slice]:
    """Return rows and columns of the latent grid: mostly around an eye or mouth, else anywhere."""
    grid = batch.target.shape[-1] // patch
    y, x = (int(torch.randint(0, grid - cells + 1, (), generator=generator)) for _ in range(2))
    if torch.rand((), generator=generator) < 0.6:
        pick = int(torch.randint(0, len(batch.labels), (), generator=generator))
        rows, columns = torch.nonzero((batch.labels[pick] == 2) | (batch.labels[pick] == 3), as_tuple=True)
        if len(rows):
            at = int(torch.randint(0, len(rows), (), generator=generator))
            y, x = int(rows[at]) // patch - cells // 2, int(columns[at]) // patch - cells // 2
    y, x = (min(max(0, value), grid - cells) for value in (y, x))
    return slice(y, y + cells), slice(x, x + cells)


def _gradient(picture: Tensor) -> tuple[Tensor, Tensor]:
    return picture[..., 1:, :] - picture[..., :-1, :], picture[..., :, 1:] - picture[..., :, :-1]


def loss_of(
    model: AniFaceDiff, batch: Batch, config: TrainConfig, schedule: DDIMScheduler, generator: torch.Generator
) -> Tensor:
    """Return the loss of one batch: clean latent in picture units, plus the composed picture inside a window."""
    assert isinstance(model.codec, PatchCodec)  # noqa: S101 - the loss is in the patch codec's units
    given = conditions(batch)
    if torch.rand((), generator=generator) < config.drop_expression:
        given = Conditions(given.maps, torch.zeros_like(given.expression))
    target = _to_unit(batch.target)
    source = model.encode_source(_to_unit(batch.source))
    clean = model.codec.encode(target)
    time_ = torch.randint(0, 1000, (len(clean),), generator=generator)
    start = torch.rand(len(clean), generator=generator) < 0.4
    time_ = torch.where(start, torch.full_like(time_, 999), time_)
    noise = torch.randn(clean.shape, generator=generator)
    predicted = model.denoise(schedule.add_noise(clean, noise, time_), time_, model.prepare(source, given))
    error = predicted - clean
    values = 3 * model.config.patch**2
    loss = 8 * (error * model.codec.scale[:, None, None]).square().sum(1).mean() / values + 0.15 * error.abs().mean()
    patch = model.config.patch
    window = _window(batch, min(config.window, model.config.grid), patch, generator)
    out = model.compose(predicted, source, given, window)
    rows, columns = (slice(part.start * patch, part.stop * patch) for part in window)
    wanted, labels = target[..., rows, columns], batch.labels[:, rows, columns]
    weight = 1 + 3 * ((labels == 2) | (labels == 3)).float()[:, None]
    loss = loss + 2 * (weight * (out - wanted).abs()).mean()
    for ours, true in zip(_gradient(out), _gradient(wanted), strict=True):
        loss = loss + (ours - true).abs().mean()
    return loss


class Trainer:
    """State of a run in a folder: weights, their running mean, the optimiser and the step.

    Args:
        folder: Where checkpoints stand; an existing one is continued.
    """

    def __init__(self, folder: Path, config: TrainConfig, model_config: ModelConfig = MINI) -> None:
        self.folder, self.config = folder, config
        torch.manual_seed(config.seed)
        self.model = AniFaceDiff(model_config)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.step = 0
        if (folder / "state.pt").exists():
            self._load()
        else:
            self._fit_codec()
            self.mean = {name: value.clone() for name, value in self.model.state_dict().items()}

    def _fit_codec(self) -> None:
        pictures = codec_pictures(self.model.config.image_size, self.config.seed, self.config.codec_puppets)
        assert isinstance(self.model.codec, PatchCodec)  # noqa: S101 - the other codec comes trained
        self.model.codec.fit(_to_unit(pictures))

    def _load(self) -> None:
        try:
            self.model.load_state_dict(load_file(self.folder / "model.safetensors"))
            self.mean = load_file(self.folder / "mean.safetensors")
            state = torch.load(self.folder / "state.pt", weights_only=True)
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
        except (OSError, KeyError, RuntimeError, ValueError, SafetensorError, UnpicklingError) as error:
            raise WeightsError(
                f"{self.folder}: cannot continue from this checkpoint ({error}); start in an empty folder"
            ) from None

    def save(self) -> None:
        """Write a checkpoint; the state file is replaced last, so an interrupted save leaves the former one usable."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, tensors in (("model", self.model.state_dict()), ("mean", self.mean)):
            save_file({k: v.contiguous() for k, v in tensors.items()}, self.folder / f"{name}.part")
            (self.folder / f"{name}.part").replace(self.folder / f"{name}.safetensors")
        torch.save({"optimiser": self.optimiser.state_dict(), "step": self.step}, self.folder / "state.part")
        (self.folder / "state.part").replace(self.folder / "state.pt")

    def _rate(self) -> float:
        done = self.step / self.config.steps
        return (
            self.config.learning_rate
            * min(1, (self.step + 1) / 100)
            * (0.02 + 0.98 * (0.5 + 0.5 * float(np.cos(np.pi * done))))
        )

    def _update_mean(self) -> None:
        decay = min(0.995, (1 + self.step) / (20 + self.step))
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                self.mean[name].lerp_(value, 1 - decay)

    def run(self, progress: Progress, until: float | None = None) -> None:
        """Train to the last step, or until the clock `time.monotonic()` passes `until`; then save."""
        data = PuppetBatches(self.model.config, self.config.seed, self.config.groups, self.config.steps)
        loader = DataLoader(
            Subset(data, range(self.step, self.config.steps)), batch_size=None, num_workers=self.config.workers,
            prefetch_factor=4 if self.config.workers else None,
            multiprocessing_context="spawn" if self.config.workers else None,
        )  # fmt: skip
        self.model.train()
        schedule = noise_schedule()
        for batch in loader:
            generator = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.step)
            for group in self.optimiser.param_groups:
                group["lr"] = self._rate()
            loss = loss_of(self.model, batch, self.config, schedule, generator)
            if not torch.isfinite(loss):
                raise WeightsError(
                    f"{self.folder}: the loss is {loss.item()} at step {self.step}; lower the learning rate"
                )
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
            self.step += 1
            self._update_mean()
            progress(self.step, self.config.steps, loss.item())
            stop = until is not None and time.monotonic() > until
            if self.step % self.config.checkpoint_every == 0 or stop:
                self.save()
            if stop:
                return
        self.save()

    def export(self, folder: Path) -> Path:
        """Write the running mean of the weights, ready for `Animator.from_pretrained`, with a card that says how."""
        card = {
            "name": "mini",
            "licence": "Apache-2.0",
            "data": "puppets drawn on the fly by generator.puppets; nothing else",
            "training": asdict(self.config),
            "steps": self.step,
            "targets_per_step": self.config.groups * (FRAMES - 1),
            "use": "animating stylised avatars; every output is marked and signed",
            "limits": "trained on procedural avatars only; photographs and paintings lose detail",
        }
        save_pretrained(self.mean, self.model.config, folder, card)
        return folder
