"""Compare drawn faces with true ones by networks that took no part in drawing them.

* identity: distance of the descriptors of dlib's face recognition network, in which pictures of one person mostly lie
  nearer than 0.6; extra `bench` of the project (King, Dlib-ml, JMLR 2009);
* perceptual: distance in ImageNet features that are normalised at every place, over the face (`FeatureDistance`).
"""

from __future__ import annotations

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
        self.missing: list[str] = []
        models = find_spec("face_recognition_models")
        self._identity = models is not None and models.origin is not None and find_spec("dlib") is not None
        if self._identity and models is not None and models.origin is not None:
            import dlib

            folder = Path(models.origin).parent / "models"
            self._dlib = dlib
            self._marks = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
            self._network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))
        else:
            self.missing.append("identity is left out; it wants: pip install dlib-bin face_recognition_models")
        self._features = FeatureDistance(imagenet_file()) if imagenet_file().is_file() else None
        if self._features is None:
            self.missing.append("the perceptual distance is left out; it wants: facetrail models get imagenet-lite0")

    def measure(self, picture: Picture, truth: Picture, points: Points, face: NDArray[np.bool_]) -> dict[str, float]:
        """Compare two pictures (H, W, 3) of a face with landmarks (N, 2) and a mask (H, W)."""
        values = {"identity": self.identity(picture, truth, points)} if self._identity else {}
        return values if self._features is None else values | {"perceptual": self.perceptual(picture, truth, face)}

    def identity(self, picture: Picture, truth: Picture, points: Points) -> float:
        """Return the distance of the descriptors of two faces (H, W, 3) that lie at points (N, 2)."""
        first, second = (self._descriptor(each, points) for each in (picture, truth))
        return float(np.linalg.norm(first - second))

    def _descriptor(self, picture: Picture, points: Points) -> Points:
        (left, top), (right, bottom) = points.min(0).round(), points.max(0).round()
        brow = top + 0.2 * (bottom - top)  # dlib's boxes begin at the brows
        box = self._dlib.rectangle(int(left), int(brow), int(right), int(bottom))
        picture = np.ascontiguousarray(picture)
        return np.array(self._network.compute_face_descriptor(picture, self._marks(picture, box)))

    def perceptual(self, picture: Picture, truth: Picture, face: NDArray[np.bool_]) -> float:
        """Return the distance of two pictures (H, W, 3) in ImageNet features over a mask (H, W)."""
        first, second = (torch.from_numpy(each.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None] for each in
                         (picture, truth))  # fmt: skip
        weight = torch.from_numpy(face.astype(np.float32))[None, None]
        if self._features is None:
            raise FileNotFoundError(imagenet_file())
        with torch.no_grad():
            return float(self._features(first, second, weight))
