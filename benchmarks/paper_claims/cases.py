"""Define the test pairs: unseen puppets, each driven by another puppet of a clearly different shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from torch.utils.data import Dataset

from benchmarks.paper_claims.arms import HELD_OUT, SEEN, Alignment, Plan
from benchmarks.paper_claims.lessons import open_maps
from forensics.evaluation.generator_quality import Case, Truth, draw_truth
from generator import DriveSequence, FaceParams, Retarget, align
from generator.puppets import Puppet, PuppetFrame, Style, render, sample_motion, sample_puppet
from generator.training.data.batch import Example
from generator.training.data.clip import Moment
from generator.training.data.examples import example

Domain = Literal["seen styles", "held-out styles"]
DOMAINS: dict[Domain, tuple[Style, ...]] = {"seen styles": SEEN, "held-out styles": HELD_OUT}

CASE_SEED = 9004
"""Seed of the pairs; no training and no judge uses it."""
LEAST_DISTANCE = 1.4
"""Minimum RMS distance between two shapes, in standard deviations over heads."""
_MOTION = 100


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """A puppet and the motion of another puppet.

    Attributes:
        domain: Whether trainings used the puppet's style.
        driver: The other puppet.
        drive: T unchanged moments of the other puppet.
        case: The puppet, with the drive.
        truth: Parameters of the true frames: the puppet's shape, the drive's pose, expression and gaze, the aligned
            camera.
    """

    domain: Domain
    driver: Puppet
    drive: DriveSequence
    case: Case
    truth: Truth


def pairing(number: int, plan: Plan) -> Pairing:
    """Build pair `number`: the first `plan.per_domain` are of seen styles, and as many again of held-out styles."""
    half, place = divmod(number, plan.per_domain)
    domain = tuple(DOMAINS)[half]
    styles = DOMAINS[domain]
    rng = np.random.default_rng((CASE_SEED, half, place))
    source = sample_puppet(rng, styles[place % len(styles)])
    driver = sample_puppet(rng)
    while np.sqrt(np.square(driver.shape - source.shape).mean()) < LEAST_DISTANCE:
        driver = sample_puppet(rng)
    motion = sample_motion(rng, driver, _MOTION)
    chosen = [int(index) for index in rng.choice(_MOTION, plan.frames, replace=False)]
    aligned = align(source.neutral(), motion, Retarget("absolute")).take(chosen)
    drive = motion.take(chosen)
    case = Case(source, render(source, source.neutral(), plan.size).image, source.neutral(), drive, plan.frames)
    return Pairing(domain, driver, drive, case, draw_truth(case, aligned))


def wanted(pair: Pairing, index: int, alignment: Alignment) -> FaceParams:
    """Return the head and the placement of a moment's maps."""
    aligned = pair.truth.motion[index]
    if alignment == "aligned":
        return aligned
    camera = aligned.camera if alignment == "drive-shape" else pair.drive.camera[index]
    return replace(aligned, shape=pair.drive.shape, camera=camera)


class Pairings(Dataset[Example]):
    """The pairs as examples with every map; their targets are the truth.

    Args:
        alignment: Head of the maps.
        plan: Number of pairs and their size.
    """

    def __init__(self, alignment: Alignment, plan: Plan) -> None:
        self._alignment, self._plan = alignment, plan

    def __getitem__(self, number: int) -> Example:
        """Return pair `number`."""
        cv2.setNumThreads(1)
        pair = pairing(number, self._plan)
        shown = [wanted(pair, index, self._alignment) for index in range(self._plan.frames)]
        moments = [Moment(frame.image, frame.labels) for frame in pair.truth.frames]
        return example(
            pair.case.source.identity, pair.case.picture, moments, shown, open_maps(pair.case.picture, pair.case.params)
        )


def with_drive_shape(pair: Pairing, index: int) -> PuppetFrame:
    """Render the frame that a complete leak of the drive's shape would give."""
    shape = pair.driver.shape
    return render(
        replace(pair.case.source, shape=shape), replace(pair.truth.motion[index], shape=shape), len(pair.case.picture)
    )


def with_source_expression(pair: Pairing, index: int) -> PuppetFrame:
    """Render the frame without any of the drive's expression; gaze and pose are true."""
    resting = replace(pair.truth.motion[index], expression=pair.case.params.expression)
    return render(pair.case.source, resting, len(pair.case.picture))
