"""Choose the detector for a file: the one that was named, or the one that knows the kind of picture."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from detectors import World, WorldGate, load_world_gate
from forensics.faces import FaceFinder, Frames, cut_crops

from .evidence import Thresholds

if TYPE_CHECKING:
    from detectors import Detector

_LOG = logging.getLogger(__name__)

BY_WORLD = {World.AVATAR: "cpu", World.PHOTOGRAPH: "photo"}
"""The shipped detector for each kind of picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A loaded detector with what its card says.

    Attributes:
        detector: The detector.
        thresholds: The limits of high and low scores.
        measured_on: What its errors were measured on; empty where its card does not say so.
        world: The kind of picture for which it was chosen; None where it was named.
    """

    detector: Detector
    thresholds: Thresholds
    measured_on: str
    world: World | None = None


class DetectorChoice(Protocol):
    """A choice of the detector for a file."""

    def judge(self, frames: Callable[[], Sequence[Frames]], finder: FaceFinder | None) -> Judge:
        """Return the detector for a file.

        Args:
            frames: Decodes a few frames of it, (H, W, 3) uint8 RGB each; called where they are needed.
            finder: The face finder, None without one.
        """

    def for_world(self, world: World | None) -> Judge:
        """Return the detector for a kind of picture; None is the kind of a detector that was named."""


class Named:
    """The detector that was named, for every file."""

    def __init__(self, name: str) -> None:
        """Load it.

        Args:
            name: Name of a shipped detector, or the folder of a trained one.

        Raises:
            DetectorError: It cannot be loaded.
        """
        self._judge = load_judge(name)

    def judge(self, frames: Callable[[], Sequence[Frames]], finder: FaceFinder | None) -> Judge:
        """Return the named detector."""
        return self._judge

    def for_world(self, world: World | None) -> Judge:
        """Return the named detector."""
        return self._judge


class ByWorld:
    """The shipped detector that was trained on the kind of picture that a file shows."""

    def __init__(self) -> None:
        """Load the gate and both detectors.

        Raises:
            DetectorError: One of them cannot be loaded.
        """
        self._gate: WorldGate = load_world_gate()
        self._judges = {world: load_judge(name, world) for world, name in BY_WORLD.items()}

    def judge(self, frames: Callable[[], Sequence[Frames]], finder: FaceFinder | None) -> Judge:
        """Return the detector for the kind of the largest faces; without a face, that for photographs."""
        crops = [] if finder is None else [crop for frame in frames() for crop in _largest_face(frame, finder)]
        world = self._gate.world(np.stack(crops)) if crops else World.PHOTOGRAPH
        _LOG.info("taken for %s: %s, by %d faces", BY_WORLD[world], world, len(crops))
        return self._judges[world]

    def for_world(self, world: World | None) -> Judge:
        """Return the detector for a kind of picture."""
        return self._judges[world or World.PHOTOGRAPH]


def choose_detector(name: str | None) -> DetectorChoice:
    """Return the choice of a detector.

    Args:
        name: Name of a shipped detector or the folder of a trained one; None chooses by the picture.

    Raises:
        DetectorError: A detector cannot be loaded.
    """
    return ByWorld() if name is None else Named(name)


def load_judge(name: str, world: World | None = None) -> Judge:
    """Load a detector with what its card says.

    Raises:
        DetectorError: It cannot be loaded.
    """
    from detectors import load_detector, read_card

    detector = load_detector(name)
    return Judge(detector, thresholds_of(detector), read_card(name).measured_on, world)


def thresholds_of(detector: Detector) -> Thresholds:
    """Return the limits of high and low scores and their risk, as a detector froze them on validation data.

    A high score is above the detector's 1 % false positive threshold, above the upper threshold of its three-way
    decision, and never less than 0.5. A low score is below the lower threshold of that decision, and never more than
    0.5. The risk is the decision's risk for one face over its frames; the highest of several faces or parts is wrong
    more often.

    Args:
        detector: The detector.
    """
    suspect, quiet, risk = Thresholds().suspect, Thresholds().quiet, None
    if detector.thresholds is not None:
        suspect = max(detector.thresholds.fpr_1, quiet)
    if detector.decision is not None:
        suspect, risk = max(suspect, detector.decision.upper), detector.decision.alpha
        # The decision's low scores are strictly below; where its lower threshold is 0 it never calls a score low.
        quiet = min(quiet, float(np.nextafter(detector.decision.lower, 0)) or float(np.finfo(float).tiny))
    return Thresholds(suspect=min(suspect, 1.0), quiet=quiet, risk=risk)


def _largest_face(frame: Frames, finder: FaceFinder) -> list[Frames]:
    found = finder(frame, 1)
    if not found:
        return []
    from detectors import find_spec

    box, landmarks = found[0]
    return list(cut_crops([frame], box[None], find_spec(BY_WORLD[World.AVATAR]), landmarks[None]))
