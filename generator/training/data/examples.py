"""Build examples from clips, and choose which of them a process uses at a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from generator.face.face_params import FaceParams
from generator.network.conditions import expression_input
from generator.network.config import ModelConfig
from generator.training.config import DataConfig

from .batch import Batch, Example, Picture, collate, stack
from .clip import Clips, Moment, choose_stills, choose_window
from .maps import DrawMaps, open_maps, same_head


def example(
    identity: str, source: Picture, moments: Sequence[Moment], wanted: Sequence[FaceParams], draw: DrawMaps
) -> Example:
    """Build an example from a source (S, S, 3), true frames and their conditions from Facial Alignment."""
    drawn = [draw(params) for params in wanted]
    return Example(
        source=stack([source])[0],
        target=stack([moment.picture for moment in moments]),
        maps={name: stack([maps[name] for maps in drawn]) for name in drawn[0]},
        expression=torch.from_numpy(np.stack([expression_input(params) for params in wanted])),
        labels=torch.from_numpy(np.stack([moment.labels for moment in moments])),
        identity=identity,
    )


class ClipExamples(Dataset[Example]):
    """Build examples from clips: stills at a distance from their source, or windows of consecutive frames.

    Args:
        clips: Supply of clips.
        model: Sizes of the model.
        data: Number and distance of the frames.
        kind: "stills" or "window".
        seed: Seed of the choice of frames.
    """

    def __init__(
        self, clips: Clips, model: ModelConfig, data: DataConfig, kind: Literal["stills", "window"], seed: int
    ) -> None:
        self._clips, self._model, self._data, self._kind, self._seed = clips, model, data, kind, seed

    def __getitem__(self, number: int) -> Example:
        """Return example `number` >= 0, which is determined by the seed and the number alone."""
        cv2.setNumThreads(1)
        clip, data = self._clips.at(number), self._data
        rng = np.random.default_rng((self._seed, number, 1))
        length = len(clip.motion)
        if self._kind == "stills":
            choice = choose_stills(length, data.targets, data.apart, data.within, rng)
        else:
            choice = choose_window(length, data.targets, data.strides, rng)
        first, *moments = clip.draw([choice.source, *choice.targets])
        source = clip.motion[choice.source]
        wanted = [same_head(clip.motion[index], source) for index in choice.targets]
        draw = open_maps(self._model, data, first.picture, source)
        return example(clip.identity, first.picture, moments, wanted, draw)


class Share(Sampler[list[int]]):
    """Choose the examples of one process's micro-steps: batch b of a run contains examples b G to (b + 1) G - 1.

    Process p of P uses the batches first + p, first + p + P, ..., so no two processes use the same batch.

    Args:
        first: Number of batches that all processes together have used.
        micro_steps: Number of remaining micro-steps.
        sources: Examples of a batch, G.
        process: Number of this process, p.
        processes: Number of processes, P.
    """

    def __init__(self, first: int, micro_steps: int, sources: int, process: int = 0, processes: int = 1) -> None:
        self._batches = range(first + process, first + micro_steps * processes, processes)
        self._sources = sources

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._batches:
            yield list(range(batch * self._sources, (batch + 1) * self._sources))


def open_loader(examples: Dataset[Example], share: Sampler[list[int]], workers: int, *, pin: bool) -> DataLoader[Batch]:
    """Open a data loader that returns a process's batches in order.

    Its workers are spawned, since torch's threads hang in forked processes.

    Args:
        examples: Examples by number.
        share: Numbers of the examples to load.
        workers: Number of processes that prepare them; 0 for none.
        pin: Whether batches are returned in page-locked memory.
    """
    return DataLoader(
        examples,  # type: ignore[arg-type]
        batch_sampler=share,
        collate_fn=collate, num_workers=workers, pin_memory=pin,
        prefetch_factor=4 if workers else None, multiprocessing_context="spawn" if workers else None,
    )  # fmt: skip
