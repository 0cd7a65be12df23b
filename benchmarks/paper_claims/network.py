"""Define the network of the claims: AniFaceDiff at the last time of its schedule, correcting the warped source."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.paper_claims.arms import SIZES, Run, shown
from generator.network.model import AniFaceDiff, Conditions
from generator.training.data.batch import Batch, conditions, to_unit

LAST = 999
"""The schedule's last time. The signal is exactly 0 there, so the noisy latent has no information and is left out."""


class OneStep(AniFaceDiff):
    """Run AniFaceDiff's denoiser once, at the last time, to correct the warped source.

    An untrained network returns the warped source itself.
    """

    def __init__(self) -> None:
        super().__init__(SIZES)
        for parameter in self.denoiser.conv_out.parameters():
            torch.nn.init.zeros_(parameter)

    def forward(self, picture: Tensor, given: Conditions) -> Tensor:
        """Return pictures (N, 3, S, S), about in [-1, 1].

        Args:
            picture: (M, 3, S, S) sources in [-1, 1].
            given: Conditions of N frames; those of one source are consecutive.
        """
        moved = self.codec.encode(given.maps["moved"])
        prepared = self.prepare(self.encode_source(picture), given)
        corrected = moved + self.denoise(torch.zeros_like(moved), torch.full((len(moved),), LAST), prepared)
        pictures: Tensor = self.codec.decode(corrected)
        return pictures


def predict(model: AniFaceDiff, run: Run, batch: Batch) -> Tensor:
    """Return a run's predicted pictures (N, 3, S, S) for a batch with every map."""
    pictures: Tensor = model(to_unit(batch.source), conditions(as_shown(run, batch)))
    return pictures


def as_shown(run: Run, batch: Batch) -> Batch:
    """Return a batch with the inputs of a run only.

    Without the adapter the expression is no input of the network: it is 0 for all frames.
    """
    expression = batch.expression if run.adapter else torch.zeros_like(batch.expression)
    return replace(batch, maps=shown(batch.maps, run.family), expression=expression)
