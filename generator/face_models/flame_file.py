"""Read FLAME's files: the model, and the optional files beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.errors import FaceModelError
from generator.face.face_params import FLAME_SHAPE_SIZE, Floats
from generator.face.raster import Ints

from .flame_pickle import as_array, read_object_array, read_pickle

VERTICES, TRIANGLES, JOINTS = 5023, 9976, 5
"""Sizes of FLAME's mesh; the joints are root, neck, jaw, the person's left eye and right eye."""

_PARENTS = [0, 1, 1, 1]
_SHAPES, _EXPRESSIONS = 300, 50
_MODEL = {
    "v_template": (VERTICES, 3),
    "shapedirs": (VERTICES, 3, 400),
    "posedirs": (VERTICES, 3, 9 * (JOINTS - 1)),
    "J_regressor": (JOINTS, VERTICES),
    "kintree_table": (2, JOINTS),
    "weights": (VERTICES, JOINTS),
    "f": (TRIANGLES, 3),
}
_EYELIDS = ("l_eyelid.npy", "r_eyelid.npy")
_LANDMARKS = "landmark_embedding.npy"


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Points on the surface: vertex indices `triangles` (N, 3) and `weights` (N, 3) with rows that sum to 1."""

    triangles: Ints
    weights: Floats

    def of(self, vertices: Floats) -> Floats:
        """Return the positions (N, 3) of the points on a surface (V, 3)."""
        return np.einsum("nkc,nk->nc", vertices[self.triangles], self.weights).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FlameArrays:
    """FLAME (Li et al. 2017) as float32 arrays, lengths in metres; V, F and J as in `VERTICES`.

    Attributes:
        template: (V, 3) mean head. shape: (V, 3, 100) and expression: (V, 3, 50) blendshapes. pose: (V, 3, 36) pose
            correctives. regressor: (J, V) joints from vertices. skinning: (V, J) blend weights, rows of sum 1.
        faces: (F, 3). eyelids: (V, 3, 2) left and right eyelid of SMIRK, None where they are not available.
        landmarks: The 68 iBUG landmarks, None where they are not available.
    """

    template: Floats
    shape: Floats
    expression: Floats
    pose: Floats
    regressor: Floats
    skinning: Floats
    faces: Ints
    eyelids: Floats | None = None
    landmarks: Embedding | None = None


def read_flame(path: Path) -> FlameArrays:
    """Read `generic_model.pkl` (FLAME 2020), `flame2023.pkl` or `flame2023_Open.pkl` and the files beside it.

    `l_eyelid.npy` with `r_eyelid.npy`, and `landmark_embedding.npy`, are read where they are beside the model.

    Raises:
        FaceModelError: A file is missing, is no FLAME file, contains other classes than such a file needs, or has
            arrays of wrong shape or values.
    """
    content = read_pickle(path, _bytes(path))
    if not isinstance(content, dict):
        raise FaceModelError(f"{path}: holds a {type(content).__name__}, expected FLAME's dictionary of arrays")
    arrays = {name: _checked(path, name, content.get(name), shape) for name, shape in _MODEL.items()}
    if arrays["kintree_table"][0, 1:].tolist() != _PARENTS:
        raise FaceModelError(f"{path}: kintree_table is not FLAME's (root, neck, jaw, two eyes)")
    if np.abs(arrays["weights"].sum(1) - 1).max() > 1e-3 or arrays["weights"].min() < -1e-6:
        raise FaceModelError(f"{path}: weights has rows that are not blend weights of sum 1")
    directions = arrays["shapedirs"].astype(np.float32)
    faces = _indices(path, "f", arrays["f"], VERTICES)
    return FlameArrays(
        template=arrays["v_template"].astype(np.float32),
        shape=np.ascontiguousarray(directions[..., :FLAME_SHAPE_SIZE]),
        expression=np.ascontiguousarray(directions[..., _SHAPES : _SHAPES + _EXPRESSIONS]),
        pose=arrays["posedirs"].astype(np.float32),
        regressor=arrays["J_regressor"].astype(np.float32),
        skinning=arrays["weights"].astype(np.float32),
        faces=faces,
        eyelids=_read_eyelids(path.parent),
        landmarks=_read_landmarks(path.parent / _LANDMARKS, faces),
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FaceModelError(
            f"{path}: {error.strerror or error}; expected a FLAME model such as flame2023_Open.pkl, "
            "to be had from flame.is.tue.mpg.de"
        ) from None


def _checked(path: Path, name: str, value: object, shape: tuple[int, ...]) -> NDArray[Any]:
    if value is None:
        raise FaceModelError(f"{path}: {name} is missing; expected FLAME's keys {', '.join(_MODEL)}")
    return _shaped(path, name, _array(path, name, value, shape), shape)


def _array(path: Path, name: str, value: object, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        return as_array(value)
    except ValueError as error:
        raise FaceModelError(f"{path}: {name} cannot be read ({error}); expected an array {shape}") from None


def _shaped(path: Path, name: str, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if array.shape != shape:
        raise FaceModelError(f"{path}: {name} has shape {array.shape}, expected {shape} as in FLAME 2020 and 2023")
    if not np.isfinite(array).all():
        raise FaceModelError(f"{path}: {name} holds values that are not finite; download the file again")
    return array


def _indices(path: Path, name: str, array: NDArray[Any], below: int) -> Ints:
    if array.min() < 0 or array.max() >= below or (array != array.astype(np.int64)).any():
        raise FaceModelError(f"{path}: {name} holds numbers that are no indices below {below}")
    return array.astype(np.int32)


def _read_eyelids(folder: Path) -> Floats | None:
    paths = [folder / name for name in _EYELIDS]
    if not any(path.exists() for path in paths):
        return None
    lids = []
    for path in paths:
        try:
            lid = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise FaceModelError(
                f"{path}: {error}; expected SMIRK's eyelid blendshape, {' and '.join(_EYELIDS)} go together"
            ) from None
        lids.append(_shaped(path, "the eyelid blendshape", lid, (VERTICES, 3)))
    return np.stack(lids, -1).astype(np.float32)


def _read_landmarks(path: Path, faces: Ints) -> Embedding | None:
    if not path.exists():
        return None
    content = read_object_array(path, _bytes(path))
    if not isinstance(content, dict):
        raise FaceModelError(f"{path}: holds no dictionary; expected the landmark embedding that DECA and SMIRK use")
    values = []
    for name, shape in (("full_lmk_faces_idx", (68,)), ("full_lmk_bary_coords", (68, 3))):
        array = _array(path, name, content.get(name), shape)
        values.append(_shaped(path, name, array.reshape(array.shape[-len(shape) :]), shape))
    triangles = faces[_indices(path, "full_lmk_faces_idx", values[0], TRIANGLES)]
    if np.abs(values[1].sum(1) - 1).max() > 1e-3:
        raise FaceModelError(f"{path}: full_lmk_bary_coords has rows that do not sum to 1")
    return Embedding(triangles, values[1].astype(np.float32))
