"""Run the training loop: both presets, both stages, one process or several, with bit-exact resume.

No part of it uses a global random state: the examples of a step are determined by the seed and the number of batches
used before it, and noise and drops come from a generator with such a seed. Therefore an interrupted run ends with the
same weights as an uninterrupted one.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from generator.errors import TrainingError
from generator.training.data.batch import Batch
from generator.training.data.data import TrainingData
from generator.training.data.examples import Share, open_loader
from generator.training.objectives.objective import Losses, Task, open_objective, trained_parameters

from .checkpoint import Checkpoint, Position, load_checkpoint, save_checkpoint, settings
from .config import OptimiserConfig, TrainConfig
from .devices import open_accelerator
from .ema import RunningMean
from .export import export
from .run_log import RunLog
from .start import continued, fit_codec, halve_fixed_parts, start_model, with_base
from .validation import judge

_LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, float], None]
"""Progress callback; receives the step, the number of steps and the loss."""

_DRAWS = 1_000_003
"""Distance between the noise seeds of two runs."""
_HALF = {"no": None, "fp16": torch.float16, "bf16": torch.bfloat16}


def learning_rate(step: int, steps: int, config: OptimiserConfig) -> float:
    """Return AdamW's rate at a step, from 0."""
    warm = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    if config.schedule == "constant":
        return config.rate * warm
    return config.rate * warm * (config.final + (1 - config.final) * (0.5 + 0.5 * math.cos(math.pi * step / steps)))


class Trainer:
    """Run one training in a folder; a run that exists there is resumed.

    Args:
        folder: Folder for checkpoints and the log.
        config: Settings of the run; with a base, its sizes are those of the base (see `with_base`).
        data: Training and validation data.
        base: Model folder to start from; None starts from random weights.
        device: "auto", "cpu" or "cuda".

    Raises:
        TrainingError: Settings, device or checkpoint do not fit.
        WeightsError: The base is damaged.
        MissingPackageError: accelerate or tensorboard is not installed.
    """

    def __init__(
        self, folder: Path, config: TrainConfig, data: TrainingData, *, base: Path | None = None, device: str = "auto"
    ) -> None:
        self.folder, self.config, self.data, self.base = folder, with_base(config, base), data, base
        config = self.config
        self.accelerator = open_accelerator(config, device)
        processes = self.accelerator.num_processes
        found = load_checkpoint(folder)
        torch.manual_seed(config.seed)
        self.model, origin = start_model(config, base)
        self.position = Position(0, 0, 0.0, ((0, config.steps, processes),), settings(config), origin, {})
        self.trained = trained_parameters(self.model, config.stage)
        self.model.requires_grad_(False)
        for parameter in self.trained.values():
            parameter.requires_grad_(True)
        optimiser = torch.optim.AdamW(
            self.trained.values(), config.optimiser.rate, betas=config.optimiser.betas,
            weight_decay=config.optimiser.weight_decay,
        )  # fmt: skip
        if found is None:
            fit_codec(self.model, data)
        else:
            self.position = continued(folder, found, self.position, config, self.model, self.trained.keys())
            _LOG.info("resumed the run in %s at step %d of %d", folder, self.step, config.steps)
        self.model.denoiser.recompute = self.model.reference_net.recompute = config.recompute
        task = Task(self.model, open_objective(self.model, config))
        halve_fixed_parts(self.model, _HALF[config.precision])
        self.model.train()
        self.task, self.optimiser = self.accelerator.prepare(task, optimiser)
        self.mean = RunningMean(self.trained, config.optimiser.average)
        if found is not None:
            self.mean.load(found.mean)
            self.optimiser.load_state_dict(found.optimiser["optimiser"])
            if self.accelerator.scaler is not None and "scaler" in found.optimiser:
                self.accelerator.scaler.load_state_dict(found.optimiser["scaler"])
        self.log = RunLog(folder if self.accelerator.is_main_process else None, self.step)

    @property
    def step(self) -> int:
        """Return the number of completed optimiser steps."""
        return self.position.step

    def run(self, progress: Progress, until: float | None = None) -> None:
        """Train to the last step, or until the clock `time.monotonic()` passes `until`; then save.

        Raises:
            TrainingError: The loss is not finite; the last checkpoint stays as it is.
        """
        accelerator, config = self.accelerator, self.config
        accumulate = config.optimiser.accumulate
        share = Share(
            self.position.batches, (config.steps - self.step) * accumulate, config.data.sources,
            accelerator.process_index, accelerator.num_processes,
        )  # fmt: skip
        pin = accelerator.device.type == "cuda"
        batches = iter(open_loader(self.data.training, share, config.data.workers, pin=pin))
        started = time.monotonic()
        while self.step < config.steps:
            losses = self._step([next(batches).to(accelerator.device) for _ in range(accumulate)])
            now = time.monotonic()
            self.position = replace(self.position, seconds=self.position.seconds + now - started)
            started = now
            progress(self.step, config.steps, losses["loss"])
            stop = self._agree(until is not None and now > until)
            every = config.validation.every
            if every and self.step % every == 0 and self.step < config.steps:
                self._validate()
            if self.step % config.checkpoint_every == 0 or stop:
                self.save()
            if stop:
                return
        self._validate()
        self.save()
        self.log.close()

    def _step(self, batches: list[Batch]) -> dict[str, float]:
        """Compute one optimiser step on as many batches as are accumulated."""
        rate = learning_rate(self.step, self.config.steps, self.config.optimiser)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        sums: dict[str, float] = {}
        norm = 0.0
        for batch in batches:
            number = self.position.batches + self.accelerator.process_index
            generator = torch.Generator().manual_seed(self.config.seed * _DRAWS + number)
            with self.accelerator.accumulate(self.task):
                losses: Losses = self.task(batch, generator)
                for name, value in self._shared(losses).items():
                    sums[name] = sums.get(name, 0.0) + value / len(batches)
                if not math.isfinite(sums["loss"]):
                    raise TrainingError(
                        f"{self.folder}: the loss is {sums['loss']} at step {self.step}; the last checkpoint stands, "
                        "continue from it with a lower optimiser.rate in a new folder, or check the data"
                    )
                self.accelerator.backward(losses["loss"])
                if self.accelerator.sync_gradients:
                    norm = float(self.accelerator.clip_grad_norm_(self.trained.values(), self.config.optimiser.clip))
                self.optimiser.step()
                self.optimiser.zero_grad(set_to_none=True)
            self.position = replace(self.position, batches=self.position.batches + self.accelerator.num_processes)
        self.position = replace(self.position, step=self.step + 1)
        self.mean.update(self.step)
        self.log.scalars(
            {f"train/{name}": value for name, value in sums.items()} | {"train/rate": rate, "train/gradient": norm},
            self.step,
        )
        return sums

    def _shared(self, losses: Losses) -> dict[str, float]:
        """Return the losses' means over all processes; a value that is not finite in one is not finite in all."""
        values = torch.stack([value.detach().float() for value in losses.values()])
        shared = self.accelerator.reduce(values, "mean").tolist()
        return dict(zip(losses, shared, strict=True))

    def _agree(self, stop: bool) -> bool:
        """Return whether any process wants to stop."""
        if self.accelerator.num_processes == 1:
            return stop
        flag = torch.tensor(float(stop), device=self.accelerator.device)
        return bool(self.accelerator.reduce(flag, "sum") > 0)

    def _validate(self) -> None:
        """Measure the running mean on held-out faces, on the first process while the others wait."""
        if self.accelerator.is_main_process and self.config.validation.sources:
            self.model.eval()
            found: dict[str, Mapping[str, float]] = {}
            with self.mean.applied(), self.accelerator.autocast():
                for name, examples in self.data.validation.items():
                    judgement = judge(self.model, examples, self.config, self.accelerator.device)
                    self.log.judgement(name, judgement, self.step)
                    found[name] = judgement.metrics
                    _LOG.info("step %d, validation on %s: %s", self.step, name, dict(judgement.metrics))
            self.model.train()
            self.position = replace(self.position, metrics=found)
        self.accelerator.wait_for_everyone()

    def save(self) -> None:
        """Write a checkpoint, on the first process."""
        if self.accelerator.is_main_process:
            optimiser = {"optimiser": self.optimiser.state_dict()}
            if self.accelerator.scaler is not None:
                optimiser["scaler"] = self.accelerator.scaler.state_dict()
            weights = self.model.state_dict()
            kept = {name: weights[name] for name in (weights if self.base is None else self.trained)}
            save_checkpoint(
                self.folder, Checkpoint(self.position, kept, self.mean.tensors, optimiser), self.config.keep
            )
        self.accelerator.wait_for_everyone()

    def export(self, folder: Path) -> Path:
        """Write the running mean as a model folder with its card, on the first process; return the folder."""
        if self.accelerator.is_main_process:
            export(folder, self.model, self.mean.tensors, self.config, self.position, self.data.card, self.base)
        self.accelerator.wait_for_everyone()
        return folder
