"""The network of the claims: AniFaceDiff at the last time of its schedule, as a correction of the moved source."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.paper_claims.arms import SIZES, Run, shown
from generator.network.model import AniFaceDiff, Conditions
from generator.training.data.batch import Batch, conditions, to_unit

LAST = 999
"""The schedule's last time. Its signal is exactly 0 there, so the noisy latent says nothing and is left out."""


class OneStep(AniFaceDiff):
    """AniFaceDiff whose denoiser runs once, at the last time, and corrects the moved source; untrained it is that."""

    def __init__(self) -> None:
        super().__init__(SIZES)
        for parameter in self.denoiser.conv_out.parameters():
            torch.nn.init.zeros_(parameter)

    def forward(self, picture: Tensor, given: Conditions) -> Tensor:
        """Return pictures (N, 3, S, S), about in [-1, 1].

        Args:
            picture: (M, 3, S, S) sources in [-1, 1].
            given: Conditions of N frames, those of a source in a row.
        """
        moved = self.codec.encode(given.maps["moved"])
        prepared = self.prepare(self.encode_source(picture), given)
        corrected = moved + self.denoise(torch.zeros_like(moved), torch.full((len(moved),), LAST), prepared)
        pictures: Tensor = self.codec.decode(corrected)
        return pictures


def predict(model: AniFaceDiff, run: Run, batch: Batch) -> Tensor:
    """Return the pictures (N, 3, S, S) that a run's network makes of a batch with every map."""
    pictures: Tensor = model(to_unit(batch.source), conditions(as_shown(run, batch)))
    return pictures


def as_shown(run: Run, batch: Batch) -> Batch:
    """Return a batch as a run is shown it.

    Without the adapter the expression never reaches the network: it is 0 for all frames.
    """
    expression = batch.expression if run.adapter else torch.zeros_like(batch.expression)
    return replace(batch, maps=shown(batch.maps, run.family), expression=expression)
