"""Read face parameters and identity from a picture, independently of the generator that is measured.

The judge was trained on true puppet frames by `benchmarks/generator/train_judge.py` and has seen no generated picture.
Its own error, on true frames of puppets that it never saw, is reported beside every number that it produces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from forensics.evaluation.errors import EvaluationError

from .face_net import (
    EMBEDDING,
    FACE_WINDOW,
    HEAD_WINDOW,
    PARTS,
    FaceNet,
    Floats,
    Pictures,
    PlaceNet,
    ValueNet,
    as_input,
)
from .true_values import mirrored

if TYPE_CHECKING:
    from .judge_training import Recipe

JUDGE_FOLDER = Path(__file__).parent / "weights"
_WEIGHTS, _CARD = "judge.safetensors", "judge.json"
_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Readings:
    """The values that the judge reads from N pictures.

    Attributes:
        shape: (N, 16) in standard deviations over heads.
        expression: (N, 12).
        pose: (N, 3) yaw, pitch, roll in radians.
        gaze: (N, 2) in [-1, 1].
        lids: (N, 2) opening of the left and the right eye, head units.
        mouth: (N, 1) opening of the lips, head units.
    """

    shape: Floats
    expression: Floats
    pose: Floats
    gaze: Floats
    lids: Floats
    mouth: Floats

    @staticmethod
    def of(rows: Floats) -> Readings:
        """Return the readings of rows (N, 36) in the order of `PARTS`."""
        ends = np.cumsum(list(PARTS.values()))[:-1]
        return Readings(*np.split(rows, ends, axis=1))

    def rows(self) -> Floats:
        """Return the readings as rows, (N, 36)."""
        return np.concatenate([getattr(self, name) for name in PARTS], axis=1)


class Judge:
    """The networks that read pictures of puppets.

    Args:
        places: The network that finds places of the face.
        values: The network that reads face parameters from the places.
        identity: The network of identity.
        digest: SHA-256 of the weights.
    """

    def __init__(self, places: PlaceNet, values: ValueNet, identity: FaceNet, digest: str) -> None:
        self._places, self._values, self._identity = places.eval(), values.eval(), identity.eval()
        self.digest = digest

    @property
    def guess(self) -> Readings:
        """Return the readings without a picture, (1, ...): the mean over the faces of training."""
        return Readings.of(self._values.middle.numpy()[None])

    @staticmethod
    def load(folder: Path = JUDGE_FOLDER) -> Judge:
        """Load the shipped judge, or one that `benchmarks/generator/train_judge.py` wrote.

        Raises:
            EvaluationError: A file is missing or damaged.
        """
        path = folder / _WEIGHTS
        try:
            card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            tensors = load_file(path)
            if card["sha256"] != digest:
                raise ValueError("the card names other weights")
            places, values, identity = PlaceNet(), ValueNet(), FaceNet(EMBEDDING)
            for name, network in (("places", places), ("values", values), ("identity", identity)):
                prefix = f"{name}."
                network.load_state_dict(
                    {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
                )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            line = " ".join(str(error).split())[:200]
            raise EvaluationError(
                f"{path}: the judge cannot be loaded ({line}); install facetrail again", path
            ) from None
        return Judge(places, values, identity, digest)

    def read(self, pictures: Pictures, cameras: Floats) -> Readings:
        """Read face parameters, as the mean over each picture and its mirror image.

        Args:
            pictures: (N, S, S, 3) uint8 RGB.
            cameras: (N, 3) true cameras of the heads.
        """
        cuts = FACE_WINDOW.cut(pictures, cameras)
        plain, swapped = (_run(self._find, seen) for seen in (cuts, cuts[:, :, ::-1]))
        mean = (plain + np.stack([mirrored(row) for row in swapped])) / 2
        return Readings.of(np.asarray(mean, np.float32))

    def _find(self, cuts: Tensor) -> Tensor:
        answer: Tensor = self._values(self._places(cuts))
        return answer

    def embed(self, pictures: Pictures, cameras: Floats) -> Floats:
        """Return identity features (N, 64); the cosine of two rows is their similarity. Arguments are as for `read`."""
        return _run(self._identity, HEAD_WINDOW.cut(pictures, cameras))


def save_judge(folder: Path, places: PlaceNet, values: ValueNet, identity: FaceNet, recipe: Recipe) -> None:
    """Write the networks in half precision, with a card."""
    networks = {"places": places, "values": values, "identity": identity}
    tensors = {f"{part}.{name}": value for part, net in networks.items() for name, value in net.state_dict().items()}
    halved = {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _WEIGHTS
    save_file({name: value.contiguous() for name, value in halved.items()}, path)
    card = {
        "name": "judge",
        "use": "measuring generated puppets; not a face recogniser, and of no use on people",
        "data": "puppets drawn by generator.puppets; nothing else",
        "training": asdict(recipe),
        "command": "python -m benchmarks.generator.train_judge",
        "licence": "Apache-2.0",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    (folder / _CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


@torch.inference_mode()
def _run(network: Callable[[Tensor], Tensor], cuts: Pictures) -> Floats:
    starts = range(0, len(cuts), _TOGETHER)
    answers = [network(as_input(cuts[start : start + _TOGETHER])).numpy() for start in starts]
    return np.asarray(np.concatenate(answers), np.float32)
