"""Write and load the network with the shapes of faces, and the card that names their digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from generator.errors import ModelFilesError
from watermark import file_hash, whole_file

from .network import PLACES, DrawnFaceNetwork
from .reader import DrawnFaceReader
from .shape_basis import ShapeBasis

DRAWN_FACE = Path(__file__).parent / "weights"
_WEIGHTS, _CARD = "drawn_face.safetensors", "drawn_face.json"
_SHAPE = "shape."


def save_drawn_face(
    network: DrawnFaceNetwork, basis: ShapeBasis, card: Mapping[str, object], folder: Path = DRAWN_FACE
) -> None:
    """Write a network in half precision, and its card.

    Args:
        network: The trained network.
        basis: The shapes of the faces it learned from.
        card: Origin of the weights; their SHA-256 is added.
        folder: Destination, created if absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach() for name, value in network.state_dict().items()}
    tensors |= {name: torch.from_numpy(value) for name, value in basis.arrays().items()}
    halves = {
        name: value.contiguous().to(torch.float16 if value.is_floating_point() else value.dtype)
        for name, value in tensors.items()
    }
    path = folder / _WEIGHTS
    with whole_file(path) as partial:
        save_file(halves, partial)
    with whole_file(folder / _CARD) as partial:
        partial.write_text(json.dumps({**card, "sha256": file_hash(path)}, indent=2) + "\n", encoding="utf-8")


def load_drawn_face(folder: Path = DRAWN_FACE) -> DrawnFaceReader:
    """Load the shipped reader, or one that `save_drawn_face` wrote.

    Raises:
        ModelFilesError: A file is missing or damaged.
    """
    path = folder / _WEIGHTS
    try:
        card = json.loads((folder / _CARD).read_text(encoding="utf-8"))
        tensors = load_file(path)
        if card["sha256"] != file_hash(path):
            raise ValueError("the card names other weights")
        wide = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
        network = DrawnFaceNetwork()
        network.load_state_dict({name: value for name, value in wide.items() if not name.startswith(_SHAPE)})
        arrays = {name: np.asarray(value.double()) for name, value in wide.items() if name.startswith(_SHAPE)}
        basis = ShapeBasis.read(arrays, PLACES)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        line = " ".join(str(error).split())[:200]
        raise ModelFilesError(
            f"{path}: the network for drawings cannot be loaded ({line}); install facetrail again"
        ) from None
    return DrawnFaceReader(network, basis)


@lru_cache(maxsize=1)
def shipped_drawn_face() -> DrawnFaceReader:
    """Return the shipped reader, loaded at the first call.

    Raises:
        ModelFilesError: A file is missing or damaged.
    """
    return load_drawn_face()
