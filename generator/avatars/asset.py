"""Load the avatar head's asset: a mesh, its shape and expression displacements, and masks.

The asset is made from CC0 MakeHuman data by `tools/build_head_asset.py`; its origin and licence stand in the file
`NOTICE` beside it. Coordinates are decimetres of the reference head: x to the person's left, y up, z forward, and the
origin lies between the eyeballs.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from generator.errors import FaceModelError
from generator.face.face_params import ARKIT_CONTROLS, ARKIT_EXPRESSION, Floats
from generator.face.raster import Ints
from watermark import read_arrays

ASSET = Path(__file__).with_name("head.npz")
ASSET_SHA256 = "741edf3fb38c074c4a9e64ae70d1926cdb380b2487186fec78eba23fb90d9e29"
LANDMARKS = Path(__file__).with_name("landmarks.csv")

PARTS = ("tongue", "left_eye", "right_eye", "lashes", "lower_teeth", "upper_teeth")
"""The helper meshes; left and right are the person's."""

MASKS = ("face", "lips", "eyelids", "ears", "inside_mouth")

_OPPOSITES = (
    ("incr", "decr", ""), ("up", "down", ""), ("in", "out", ""), ("forward", "backward", ""),
    ("convex", "concave", ""), ("compress", "uncompress", ""),
    ("trans-up", "trans-down", "trans-vert"), ("trans-in", "trans-out", "trans-horiz"),
    ("trans-forward", "trans-backward", "trans-depth"),
)  # fmt: skip
"""Ends of the names of opposite targets, and what their control's name ends with instead."""


@dataclass(frozen=True, slots=True)
class HeadAsset:
    """The head before subdivision; N vertices are the body's (the first `body`) and those of the helper meshes.

    Attributes:
        base: (N, 3) the reference head.
        body: Number of vertices of head, neck and shoulders.
        quads: (Q, 4) of the body.
        texture: (body, 2) texture coordinates of MakeHuman in [0, 1].
        parts: Range of vertices of each helper mesh of `PARTS`.
        part_quads: Quads of each helper mesh, counted from its first vertex.
        masks: (body,) in [0, 1] for each name of `MASKS`.
        shape_names: The D targets; those that start with "macro/" belong to phenotypes.
        shape: (D, N, 3) displacements at full strength, with the eyes' middle at rest.
        expression: (52, N, 3) displacements of the ARKit coefficients at 1; eyeballs are left to the gaze.
        controls: The 113 signed controls by name, each with the targets of its positive and its negative direction.
        landmarks: (468,) vertex of the subdivided body of each point of the face mesh.
    """

    base: Floats
    body: int
    quads: Ints
    texture: Floats
    parts: Mapping[str, slice]
    part_quads: Mapping[str, Ints]
    masks: Mapping[str, Floats]
    shape_names: tuple[str, ...]
    shape: Floats
    expression: Floats
    controls: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    landmarks: Ints


def is_asymmetry(name: str) -> bool:
    """Return whether a target moves one side only, or a feature sideways."""
    folder, target = name.split("/")
    sideways = target.endswith(("-trans-in", "-trans-out")) and not target.startswith(("l-", "r-"))
    return folder == "asym" or sideways


def signed_controls(names: tuple[str, ...]) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pair targets that move a feature in opposite directions, on both sides of the face at once.

    For example, `nose/nose-hump-incr` and `nose/nose-hump-decr` become the control `nose/nose-hump`, and the four
    targets of the left and the right eye's size become `eyes/eye-scale`. A target without an opposite has an effect in
    the positive direction only.

    Args:
        names: All targets; phenotypes and targets that make a face asymmetric are passed over.

    Returns:
        For each control, the indices of the targets for positive and for negative values.
    """
    found: dict[str, tuple[list[int], list[int]]] = {}
    for index, name in enumerate(names):
        if name.startswith("macro/") or is_asymmetry(name):
            continue
        folder, target = name.split("/")
        target, direction = target.removeprefix("l-").removeprefix("r-"), 0
        for positive, negative, axis in reversed(_OPPOSITES):
            end = next((end for end in (positive, negative) if target.endswith(f"-{end}")), None)
            if end is not None:
                direction, target = int(end == negative), f"{target[: -len(end)]}{axis}".rstrip("-")
                break
        found.setdefault(f"{folder}/{target}", ([], []))[direction].append(index)
    return {name: (tuple(positive), tuple(negative)) for name, (positive, negative) in found.items()}


def read_asset(path: Path = ASSET) -> HeadAsset:
    """Read an asset after comparing its digest.

    Raises:
        FaceModelError: The file is missing or is not the asset that this version was made for.
    """
    way_out = "install the package again, or build the file with tools/build_head_asset.py"
    if not path.is_file():
        raise FaceModelError(f"{path}: the avatar head's asset is missing; {way_out}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != ASSET_SHA256:
        raise FaceModelError(f"{path}: SHA-256 {found}, expected {ASSET_SHA256} of the avatar head; {way_out}")
    data = read_arrays(path)
    names = tuple(str(name) for name in data["shape_names"])
    controls = signed_controls(names)
    shape, expression = data["shape"].astype(np.float32), data["expression"].astype(np.float32)
    if len(controls) != ARKIT_CONTROLS or len(expression) != len(ARKIT_EXPRESSION):
        raise FaceModelError(
            f"{path}: {len(controls)} controls and {len(expression)} expressions, expected {ARKIT_CONTROLS} and "
            f"{len(ARKIT_EXPRESSION)}; {way_out}"
        )
    with LANDMARKS.open(encoding="utf-8", newline="") as file:
        landmarks = [int(row["vertex"]) for row in csv.DictReader(file)]
    return HeadAsset(
        base=data["base"],
        body=int(data["body"]),
        quads=data["quads"].astype(np.int32),
        texture=data["texture"],
        parts={name: slice(*(int(end) for end in data[f"part_{name}"])) for name in PARTS},
        part_quads={name: data[f"quads_{name}"].astype(np.int32) for name in PARTS},
        masks={name: data[f"mask_{name}"] for name in MASKS},
        shape_names=names,
        shape=shape,
        expression=expression,
        controls=controls,
        landmarks=np.array(landmarks, np.int32),
    )


@cache
def head_asset() -> HeadAsset:
    """Return the committed asset, which is read once in a process."""
    return read_asset()
