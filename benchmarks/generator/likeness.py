"""Compare drawn faces with true ones by networks that took no part in drawing them.

* identity: distance of the descriptors of dlib's face recognition network, in which pictures of one person mostly lie
  nearer than 0.6; extra `bench` of the project (King, Dlib-ml, JMLR 2009);
* perceptual: distance in ImageNet features that are normalised at every place, over the face (`FeatureDistance`).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from detectors.imagenet_weights import imagenet_file
from generator.training.objectives.features import FeatureDistance

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]


class Likeness:
    """Measure how like two pictures of a face are, by those networks that are installed.

    Attributes:
        missing: A line for each network that is not there, with the way to it.
    """

    def __init__(self) -> None:
        self._describe = _dlib_descriptor()
        self._features = FeatureDistance(imagenet_file()) if imagenet_file().is_file() else None
        self.missing: list[str] = []
        if self._describe is None:
            self.missing.append("identity is left out; it wants: pip install dlib-bin face_recognition_models")
        if self._features is None:
            self.missing.append("the perceptual distance is left out; it wants: facetrail models get imagenet-lite0")

    def measure(self, picture: Picture, truth: Picture, points: Points, face: NDArray[np.bool_]) -> dict[str, float]:
        """Compare two pictures (H, W, 3) of a face with landmarks (N, 2) and a mask (H, W)."""
        values = {}
        if self._describe is not None:
            values["identity"] = float(np.linalg.norm(self._describe(picture, points) - self._describe(truth, points)))
        if self._features is not None:
            first, second = (_planes(each) for each in (picture, truth))
            weight = torch.from_numpy(face.astype(np.float32))[None, None]
            with torch.no_grad():
                values["perceptual"] = float(self._features(first, second, weight))
        return values


def _dlib_descriptor() -> Callable[[Picture, Points], Points] | None:
    """Return what describes a face (H, W, 3) at landmarks (N, 2) by 128 numbers; None without dlib and its networks."""
    models = find_spec("face_recognition_models")
    if models is None or models.origin is None or find_spec("dlib") is None:
        return None
    import dlib

    folder = Path(models.origin).parent / "models"
    marks = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def describe(picture: Picture, points: Points) -> Points:
        (left, top), (right, bottom) = points.min(0).round(), points.max(0).round()
        brow = top + 0.2 * (bottom - top)  # dlib's boxes begin at the brows
        box = dlib.rectangle(int(left), int(brow), int(right), int(bottom))
        picture = np.ascontiguousarray(picture)
        return np.array(network.compute_face_descriptor(picture, marks(picture, box)))

    return describe


def _planes(picture: Picture) -> torch.Tensor:
    return torch.from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
