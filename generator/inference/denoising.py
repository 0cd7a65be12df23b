"""From conditions to pictures, for clips of any length.

Without temporal modules every frame is drawn by itself: a group takes all its steps at once. With them, all frames take
a step before any takes the next, in windows whose borders move. Either way latents lie in the store, finished pieces of
work are remembered there, and a run that finds them goes on from there with the same numbers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator.network.model import AniFaceDiff, Conditions, EncodedSource, Prepared

from .animate_config import Settings
from .clip_conditions import ClipConditions
from .latent_store import LatentStore
from .sampling import Denoise, check_finite, forwards, predict
from .windows import Window, lay_groups, lay_windows

_LOG = logging.getLogger(__name__)

DECODED_TOGETHER = 2
"""Latents that the autoencoder decodes at a time; at 512 x 512 each takes about a gigabyte."""
_NO_CONDITIONS = Conditions({}, torch.empty(0))
Stepped = Callable[[int, bool], None]
"""Is told how many frame-evaluations are behind, and whether an earlier run had done them."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that one clip's pictures follow from.

    Attributes:
        model: The network. denoise: Its `denoise`, compiled or not.
        source: The encoded source. conditions: Of any frames. frames: How many there are.
        settings: How they are drawn.
        store: Where latents lie.
        apart: Frames that are wanted before the others, rising.
    """

    model: AniFaceDiff
    denoise: Denoise
    source: EncodedSource
    conditions: ClipConditions
    frames: int
    settings: Settings
    store: LatentStore
    apart: Sequence[int]

    def prepare(self, given: Conditions) -> Prepared:
        """Compute what stays the same over the steps of some frames."""
        prepared = self.model.prepare(self.source, given)
        strength = self.settings.expression
        return prepared if strength == 1 else prepared.with_strength(strength)

    def predict(self, step: int, latent: Tensor, prepared: Prepared, frames: int = 1) -> Tensor:
        """Return the network's prediction at a step."""
        time = self.settings.sampler.times[step]
        return predict(self.denoise, latent, time, prepared, guidance=self.settings.guidance, frames=frames)

    def noise(self, frames: int) -> Tensor:
        """Return the noise that frames start from, (frames, C, g, g)."""
        config = self.model.config
        return self.settings.sampler.noise((config.latent_channels, config.grid, config.grid)).expand(
            frames, -1, -1, -1
        )

    def decode(self, latents: Tensor, given: Conditions | None) -> NDArray[np.uint8]:
        """Return pictures (N, S, S, 3) of clean latents; models with a compositor need the frames' conditions."""
        latents = latents.to(self.source.latent.device, self.source.latent.dtype)
        pictures = self.model.compose(latents, self.source, given or _NO_CONDITIONS).float().cpu()
        check_finite(pictures, latents.dtype)
        return ((pictures + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


class ClipDrawing(Protocol):
    """A clip that is being drawn."""

    @property
    def groups(self) -> Sequence[tuple[int, int]]:
        """First frame, and the one beyond the last, of what `pictures` draws at a time, in order."""

    @property
    def evaluations(self) -> int:
        """Evaluations of the U-Net, counted in frames, that the whole clip takes."""

    def denoise(self, stepped: Stepped) -> None:
        """Do what has to be done for all frames before the first picture can be drawn."""

    def pictures(self, group: int, stepped: Stepped) -> NDArray[np.uint8]:
        """Return the unmarked pictures (N, S, S, 3) of a group, by its number; groups may be drawn in any order."""


class ChunkDrawing:
    """A clip drawn by a model without temporal modules, group by group."""

    def __init__(self, task: Task) -> None:
        self._task, self.groups = task, lay_groups(task.frames, task.settings.chunk, task.apart)
        self.evaluations = task.frames * len(task.settings.sampler.times) * forwards(task.settings.guidance)

    def denoise(self, stepped: Stepped) -> None:
        """Do nothing: every chunk is denoised when its pictures are asked for."""

    @torch.inference_mode()
    def pictures(self, group: int, stepped: Stepped) -> NDArray[np.uint8]:
        """Denoise the group, unless that was done before, and draw it."""
        task, (start, stop) = self._task, self.groups[group]
        given: Conditions | None = None
        found = task.store.is_done(group)
        _LOG.debug("frames %d to %d: %s", start, stop - 1, "drawn before" if found else "drawing")
        if not found:
            given = task.conditions(start, stop)
            latents = task.noise(stop - start)
            prepared = task.prepare(given)
            for step in range(len(task.settings.sampler.times)):
                latents = task.settings.sampler.advance(step, latents, task.predict(step, latents, prepared))
            task.store.write(0, start, latents)
            task.store.finish(group)
        latents = task.store.read(0, start, stop)
        stepped((stop - start) * self.evaluations // task.frames, found)
        return _decode(task, latents, given or start)


class WindowDrawing:
    """A clip drawn by a model with temporal modules, step by step over all its windows."""

    def __init__(self, task: Task) -> None:
        self._task = task
        together = task.settings.chunk if task.model.compositor else DECODED_TOGETHER
        self.groups = lay_groups(task.frames, together, task.apart)
        self._runs = forwards(task.settings.guidance)
        self._steps = len(task.settings.sampler.times)
        self.evaluations = self._runs * sum(
            window.stop - window.start for step in range(self._steps) for window in self._windows(step)
        )

    def _windows(self, step: int) -> Sequence[Window]:
        return lay_windows(self._task.frames, self._task.settings.window, step, self._task.settings.overlap)

    @torch.inference_mode()
    def denoise(self, stepped: Stepped) -> None:
        """Take all steps that are left."""
        piece = 0
        for step in range(self._steps):
            windows = self._windows(step)
            _LOG.debug("step %d of %d: %d windows", step + 1, self._steps, len(windows))
            self._take(step, windows, piece, stepped)
            piece += len(windows)

    def _take(self, step: int, windows: Sequence[Window], first: int, stepped: Stepped) -> None:
        """Take one step; a window finishes the frames before its successor, and hands on what it said of the others."""
        task, shared = self._task, None
        for index, window in enumerate(windows):
            following = windows[index + 1].start if index + 1 < len(windows) else task.frames
            done = task.store.is_done(first + index)
            handed_on = window.stop > following and not task.store.is_done(first + index + 1)
            if not done or handed_on:
                latents = self._latents(step, window)
                prepared = task.prepare(task.conditions(window.start, window.stop))
                predicted = task.predict(step, latents, prepared, frames=len(latents))
                predicted = predicted * torch.from_numpy(window.weights).float()[:, None, None, None]
                if shared is not None:
                    predicted[: len(shared)] += shared
                ready = following - window.start
                shared = predicted[ready:] if handed_on else None
            if not done:
                task.store.write(
                    step + 1, window.start, task.settings.sampler.advance(step, latents[:ready], predicted[:ready])
                )
                task.store.finish(first + index)
            stepped(self._runs * (window.stop - window.start), done)

    def _latents(self, step: int, window: Window) -> Tensor:
        if step == 0:
            return self._task.noise(window.stop - window.start)
        return self._task.store.read(step, window.start, window.stop)

    @torch.inference_mode()
    def pictures(self, group: int, stepped: Stepped) -> NDArray[np.uint8]:
        """Draw a group; `denoise` must have been called."""
        start, stop = self.groups[group]
        return _decode(self._task, self._task.store.read(self._steps, start, stop), start)


def _decode(task: Task, latents: Tensor, given: Conditions | int) -> NDArray[np.uint8]:
    """Decode latents, with their conditions or the frame from which these can be drawn."""
    if task.model.compositor is None:
        return task.decode(latents, None)
    return task.decode(latents, task.conditions(given, given + len(latents)) if isinstance(given, int) else given)


def draw_clip(task: Task) -> ClipDrawing:
    """Return the drawing that fits the model."""
    return ChunkDrawing(task) if task.model.motion is None else WindowDrawing(task)
