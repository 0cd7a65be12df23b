"""Load face models, whose surfaces are functions of shape and expression coefficients."""

from __future__ import annotations

from pathlib import Path

from generator.avatars import avatar_head
from generator.errors import FaceModelError
from generator.face.face_model import FaceModel
from generator.face.face_params import find_layout

from .flame import Flame
from .stand_in import stand_in_flame

__all__ = ["FaceModel", "Flame", "load_face_model", "stand_in_flame"]


def load_face_model(name: str, path: Path | None = None) -> FaceModel:
    """Load the face model of that name.

    Args:
        name: "arkit" for the avatar head, or "flame".
        path: FLAME's file; the avatar head needs none.

    Raises:
        FaceModelError: There is no such face model, or its file is missing or cannot be used.
    """
    find_layout(name)
    if name == "arkit":
        return avatar_head()
    if path is None:
        raise FaceModelError(
            "the face model 'flame' needs its file, such as flame2023_Open.pkl from flame.is.tue.mpg.de; give its path"
        )
    return Flame.load(path)
