"""Define the arms: families of networks, with and without the Expression Adapter, with and without alignment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from generator.network.config import ModelConfig
from generator.puppets import STYLES, Style

HELD_OUT: tuple[Style, ...] = ("clay", "pencil", "watercolour")
"""Styles that no training uses; fixed before the first run."""
SEEN: tuple[Style, ...] = tuple(style for style in STYLES if style not in HELD_OUT)

STORE_SEED = 4100
"""Seed of the puppets that all runs are trained on."""
SIZE = 128
NORMALS = 3
"""Number of the snapshot's normal channels; the paper's snapshot lacks the others (lids, irises and mouth)."""

FamilyName = Literal["normals", "normals-long", "mini", "mini-normals", "mini-continued", "mini-continued-long"]

Alignment = Literal["aligned", "drive-shape", "drive-shape-camera"]
ALIGNMENTS: tuple[Alignment, ...] = ("aligned", "drive-shape", "drive-shape-camera")
"""Head of the maps: Facial Alignment; the drive's shape at the aligned place; the drive's shape and camera."""

SIZES = ModelConfig(
    image_size=SIZE, patch=8, latent_channels=32, widths=(32, 64), heads=2, context_dim=64,
    spatial_layers=((16, 2), (32, 1), (64, 2), (64, 1)), spatial_channels=32, compositor_channels=0,
)  # fmt: skip
"""Sizes with 16 x 16 latents of 128 pixels, the same network for every arm."""


@dataclass(frozen=True, slots=True)
class Family:
    """The inputs of a network besides the source and the expression tokens.

    Attributes:
        name: "normals" uses the normals of the head, as in the paper, and the source warped by shape and pose alone,
            with expression and gaze at rest. "mini" uses the inputs of the shipped network: all channels of the
            snapshot, and the source warped by everything the mesh contains. "mini-normals" is the shipped network with
            the inputs of "normals". "mini-continued" is the shipped network, trained further with the inputs of
            "normals". "-long" means longer training.
        steps: Number of optimiser steps of a run; 0 takes the shipped weights.
        continues: Whether training begins at the shipped weights instead of random ones.
    """

    name: FamilyName
    steps: int
    continues: bool = False


FAMILIES: dict[FamilyName, Family] = {
    family.name: family
    for family in (
        Family("normals", 320), Family("normals-long", 700), Family("mini", 0), Family("mini-normals", 0),
        Family("mini-continued", 90, continues=True), Family("mini-continued-long", 450, continues=True),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """The settings of one training.

    Attributes:
        family: Inputs of the network.
        adapter: Whether it is trained with expression tokens.
        seed: Seed of the initial weights, where they are not the shipped ones, and of the order of examples.
    """

    family: Family
    adapter: bool
    seed: int

    @property
    def name(self) -> str:
        """Return the name of the run's folder."""
        return f"{self.family.name}-{'adapter' if self.adapter else 'plain'}-{self.seed}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The amount of training and measuring.

    Attributes:
        family: Family of networks.
        seeds: Seeds of the trainings.
        examples: Number of examples that all trainings share, each of another puppet.
        per_domain: Number of pairs measured in seen styles, and as many in held-out ones.
        frames: Number of moments of each pair.
        size: Side of the pictures.
        alignments: Possible heads of the maps.
    """

    family: Family
    seeds: tuple[int, ...] = (0, 1, 2)
    examples: int = 400
    per_domain: int = 28
    frames: int = 3
    size: int = SIZE
    alignments: tuple[Alignment, ...] = ALIGNMENTS

    def runs(self) -> list[Run]:
        """Return the trainings, seed by seed."""
        return [Run(self.family, adapter, seed) for seed in self.seeds for adapter in (True, False)]


_SHIPPED = Plan(FAMILIES["mini"], seeds=(0,), examples=0, frames=1, size=256, alignments=("aligned", "drive-shape"))
PLANS = (
    Plan(FAMILIES["normals"]), Plan(FAMILIES["normals-long"], seeds=(0,)), _SHIPPED,
    replace(_SHIPPED, family=FAMILIES["mini-normals"]),
    replace(_SHIPPED, family=FAMILIES["mini-continued"], seeds=(0, 1, 2), examples=300),
    replace(_SHIPPED, family=FAMILIES["mini-continued-long"], seeds=(0, 1, 2), examples=600),
)  # fmt: skip


def shown(maps: Mapping[str, Tensor], family: Family) -> dict[str, Tensor]:
    """Return the maps that a family receives; the others are blank or absent.

    Args:
        maps: All maps (N, C, s, s) by name.
        family: The family.
    """
    if family.name == "mini":
        return {name: values for name, values in maps.items() if not name.startswith("posed_")}
    snapshot = maps["snapshot"].clone()
    snapshot[:, NORMALS:] = 0
    return {"snapshot": snapshot, "guides": maps["posed_guides"], "moved": maps["posed_moved"]}
