"""Score face crops with a network, its calibration and its scope."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from detectors.interpretation.appearance import describe
from detectors.interpretation.calibration import Calibration
from detectors.interpretation.decision import ConformalDecision
from detectors.interpretation.scope import Evidence, Scope
from detectors.interpretation.thresholds import Thresholds
from detectors.methods.adapter import PictureNetwork
from detectors.methods.networks import DetectorNetwork

from .clip_windows import cut_windows, per_frame
from .errors import DetectorError
from .preprocessing import check_crops, to_input
from .spec import DetectorSpec

Floats = NDArray[np.float64]
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Score:
    """Store a detector's output for the crops of one clip.

    Attributes:
        detector: Name of the spec.
        probability: Mean of the frame probabilities, 0–1; 1 is manipulated.
        calibrated: Whether the probabilities were calibrated on validation data.
        in_scope: Whether the median frame resembles the training data both to the network and in its appearance; always
            false for a detector without fitted gates.
        frames: Number of scored crops.
        frame_probabilities: One probability per crop, in the order given.
        scope_known: Whether the detector has gates that tell what it was trained on.
    """

    detector: str
    probability: float
    calibrated: bool
    in_scope: bool
    frames: int
    frame_probabilities: tuple[float, ...]
    scope_known: bool = True


@dataclass(slots=True)
class Detector:
    """Combine a network with everything needed to interpret its output.

    Attributes:
        spec: Description of the detector and its crops.
        model: The network.
        calibration: Calibration from logits to probabilities. It is None until fitted; the probabilities are then a
            plain sigmoid.
        scope: Gates against out-of-scope pictures; None until fitted.
        thresholds: Operating points frozen on validation data; None until fitted.
        decision: Three-way decision with a stated risk, from validation data; None until fitted.
    """

    spec: DetectorSpec
    model: DetectorNetwork
    calibration: Calibration | None = None
    scope: Scope | None = None
    thresholds: Thresholds | None = None
    decision: ConformalDecision | None = None

    def probabilities(self, crops: NDArray[np.uint8]) -> Floats:
        """Return the probability of manipulation of each crop.

        Args:
            crops: (N, S, S, 3) uint8 RGB with S the spec's input size. A clip detector takes them as consecutive frames
                of one clip, and returns for each frame the mean over the windows that contain it.

        Returns:
            (N,) in 0–1.

        Raises:
            CropError: The crops break the contract.
            DetectorError: The network returns numbers that are not finite.
        """
        return self._read(crops)[0]

    def score(self, crops: NDArray[np.uint8]) -> Score:
        """Score the crops of one clip; a still is a clip of one crop.

        Raises:
            CropError: The crops break the contract, or are fewer than a detector of clips judges at once.
            DetectorError: The network returns numbers that are not finite.
        """
        frames, features = self._read(crops)
        return Score(
            detector=self.spec.name,
            probability=float(frames.mean()),
            calibrated=self.calibration is not None,
            in_scope=self.scope is not None and self.scope.contains(Evidence(features, describe(crops))),
            frames=len(frames),
            frame_probabilities=tuple(float(value) for value in frames),
            scope_known=self.scope is not None,
        )

    def embed(self, crops: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Return the raw logits (N,) and pooled features (N, D) of crops or clips, without calibration.

        Args:
            crops: (N, S, S, 3) uint8 RGB, or (N, T, S, S, 3) for a detector of clips.

        Raises:
            CropError: The crops break the contract.
            DetectorError: The network returns numbers that are not finite.
        """
        check_crops(crops, self.spec)
        device = next(self.model.parameters()).device
        self.model.eval()
        logits, features = [], []
        step = max(1, _BATCH // self.spec.frames)
        with torch.inference_mode():
            for first in range(0, len(crops), step):
                batch = crops[first : first + step]
                if isinstance(self.model, PictureNetwork):
                    pooled = self.model.features_of(batch)
                else:
                    pooled = self.model.features(to_input(batch, self.spec).to(device))
                features.append(pooled.double().cpu().numpy())
                logits.append(self.model.logits(pooled).double().cpu().numpy())
        joined = np.concatenate(logits)
        if not np.isfinite(joined).all():
            raise DetectorError(
                f"detector {self.spec.name!r} gave a number that is not finite; its weights are damaged"
            )
        return joined, np.concatenate(features)

    def _read(self, crops: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        if self.spec.frames == 1:
            logits, features = self.embed(crops)
            return self._calibrated(logits), features
        check_crops(crops, replace(self.spec, frames=1))
        logits, features = self.embed(cut_windows(crops, self.spec))
        return per_frame(self._calibrated(logits), len(crops), self.spec), features

    def _calibrated(self, logits: Floats) -> Floats:
        return (self.calibration or Calibration()).probabilities(logits)


def has_gradients(detector: Detector) -> bool:
    """Return whether the gradient of a detector's logit can be computed; functions and ONNX files have none."""
    return not isinstance(detector.model, PictureNetwork)
