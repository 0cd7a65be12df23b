"""Tell photographs of people from drawn avatars, so that each goes to the detector that was trained on its kind.

A logistic regression on the appearance features of `describe`, fitted by `benchmarks/photo/fit_worlds.py`. It answers
for every picture, also for paintings and statues, which are neither; whether a detector's answer counts there is
decided by that detector's scope.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import CheckpointError

from .appearance import VERSION, describe
from .calibration import logistic

Floats = NDArray[np.float64]
SIDE = 128
"""Side in pixels to which crops are resized before they are described."""
SHIPPED_GATE = Path(__file__).parents[1] / "weights" / "worlds.json"


class World(StrEnum):
    """The two kinds of pictures that shipped detectors are trained on."""

    AVATAR = "avatar"
    PHOTOGRAPH = "photograph"


@dataclass(frozen=True, slots=True, eq=False)
class WorldGate:
    """A logistic regression on appearance features.

    Attributes:
        weights: (D,) weight of each feature.
        bias: Added to the weighted sum.
        measured: Share of held-out pictures that were taken for the other kind, by kind; from the fit.
    """

    weights: Floats
    bias: float
    measured: Mapping[str, float]

    def chances(self, crops: NDArray[np.uint8]) -> Floats:
        """Return for each crop (N, S, S, 3), cut with a margin of 0.15, the chance (N,) that it is a photograph."""
        small = [cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for crop in crops]
        numbers = describe(np.stack(small).astype(np.uint8))
        return logistic(numbers @ self.weights + self.bias)

    def world(self, crops: NDArray[np.uint8]) -> World:
        """Return the kind of the face that crops (N, S, S, 3) of one file show; the mean chance decides."""
        return World.PHOTOGRAPH if float(self.chances(crops).mean()) > 0.5 else World.AVATAR

    def save(self, path: Path) -> None:
        """Write the gate as JSON."""
        record = {"appearance_version": VERSION, "bias": round(self.bias, 5), "measured": dict(self.measured)}
        record["weights"] = [round(float(value), 5) for value in self.weights]
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")


def load_world_gate(path: Path = SHIPPED_GATE) -> WorldGate:
    """Read a gate.

    Raises:
        CheckpointError: The file is absent or damaged, or made for other features.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["appearance_version"] != VERSION:
            raise CheckpointError(
                f"{path} measures appearance {record['appearance_version']}, this version {VERSION}; fit it again"
            )
        weights = np.array(record["weights"], dtype=np.float64)
        return WorldGate(weights, float(record["bias"]), record["measured"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is not the gate that tells photographs from avatars: {error}") from error
