"""Render the frames that all trainings use."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from torch.utils.data import Dataset

from benchmarks.paper_claims.arms import SEEN, STORE_SEED
from generator import FaceParams
from generator.face import SourceWarp
from generator.puppets import render, sample_motion, sample_puppet
from generator.training.data.batch import Example, Picture
from generator.training.data.clip import Moment
from generator.training.data.examples import example
from generator.training.data.maps import DrawMaps

TARGETS = 7
"""Number of targets of an example."""
_SOURCES = 3
"""One in this number of sources is neutral; the others move."""
_MOTION = 100


class Lessons(Dataset[Example]):
    """Puppets of seen styles with every map and exact parameters; each example has another puppet.

    Args:
        size: Side of the pictures.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def __getitem__(self, number: int) -> Example:
        """Return example `number` >= 0."""
        cv2.setNumThreads(1)
        chosen = number % _SOURCES
        rng = np.random.default_rng((STORE_SEED, number))
        puppet = sample_puppet(rng, SEEN[number % len(SEEN)])
        motion = sample_motion(rng, puppet, _MOTION)
        moments = [puppet.neutral(), *(motion[int(index)] for index in rng.choice(_MOTION, TARGETS, replace=False))]
        frames = [render(puppet, params, self._size) for params in moments]
        targets = [index for index in range(TARGETS + 1) if index != chosen]
        source = frames[chosen].image
        return example(
            puppet.identity, source, [Moment(frames[index].image, frames[index].labels) for index in targets],
            [moments[index] for index in targets], open_maps(source, moments[chosen]),
        )  # fmt: skip


def open_maps(picture: Picture, source: FaceParams) -> DrawMaps:
    """Build a function that draws every map of a source (S, S, 3) for any target of any shape.

    `posed_moved` and `posed_guides` are the output of the source warp for a target with the source's expression and
    gaze: they contain its shape, pose and place alone.
    """
    warp = SourceWarp(picture, source)

    def draw(target: FaceParams) -> dict[str, Picture]:
        scene = warp(target)
        posed = warp(replace(target, expression=source.expression, gaze=source.gaze))
        return {
            "snapshot": scene.snapshot, "guides": scene.guides, "moved": scene.moved, "posed_guides": posed.guides,
            "posed_moved": posed.moved,
        }  # fmt: skip

    return draw
