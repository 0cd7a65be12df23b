"""Render the pairs with the trained networks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.paper_claims.arms import Alignment, Run
from benchmarks.paper_claims.continued import Continued
from benchmarks.paper_claims.network import OneStep, as_shown, predict
from benchmarks.paper_claims.training import load
from forensics.storage.files import write_whole
from generator.network.model import AniFaceDiff
from generator.network.weights_io import load_pretrained
from generator.training import TrainConfig, ValidationConfig
from generator.training.data.batch import Example, Picture, collate, to_uint8, to_unit
from generator.training.data.example_store import load_store
from generator.training.validation import draw

STEPS = 2
"""DDIM steps of the shipped network, as shipped."""


@torch.no_grad()
def frames_of(model: AniFaceDiff, run: Run, pair: Example) -> Picture:
    """Return a network's frames (T, S, S, 3) of a pair."""
    batch = collate([pair])
    if isinstance(model, OneStep | Continued):
        drawn = predict(model, run, batch)
    else:
        config = TrainConfig(model=model.config, validation=ValidationConfig(steps=STEPS))
        drawn = to_unit(draw(model, as_shown(run, batch), config))
    return np.ascontiguousarray(to_uint8(drawn).permute(0, 2, 3, 1).numpy())


def draw_run(run: Run, alignment: Alignment, pairs: Path, folder: Path) -> Path:
    """Render every pair with a run's network; existing frames are not rendered again.

    Args:
        run: The run.
        alignment: Head of the maps.
        pairs: Store of the pairs in that alignment.
        folder: Folder of the run.

    Returns:
        A file with one array `frames` (N, T, S, S, 3).
    """
    path = folder / f"{alignment}.npz"
    if not path.exists():
        model = load(run, folder) if run.family.steps else load_pretrained()[0].eval()
        frames = np.stack([frames_of(model, run, pair) for pair in load_store(pairs)])
        write_whole(path, partial(np.savez_compressed, frames=frames))
    return path
