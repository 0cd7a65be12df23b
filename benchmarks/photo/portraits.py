"""Read portraits once: the face with its surroundings, its mesh, its group, and the split it belongs to."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.faces import box_of
from generator.trackers import MESH_INDEX, FaceMesh, find_face_mesh

Image = NDArray[np.uint8]
Points = NDArray[np.float32]

SPLIT_SEED = SEED = 18
TRAIN, VALIDATION = 300, 50
LARGEST_FACE = 200
"""Longer side, in pixels, that a face's box is shrunk to when a portrait is read."""
SURROUNDINGS = 0.6
"""Share of the box's longer side that is kept around the face on every side."""
FOREHEAD = (54, 103, 67, 109, 10, 338, 297, 332, 284, 21, 251, 162, 389)
"""Mesh points that complete the 68 landmarks to the 81 that self-blending knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Reenacted:
    """A face that the generator moved, with its mark, and the picture that it began from, with a control mark.

    Attributes:
        genuine: (h, w, 3) uint8 RGB.
        frames: (N, h, w, 3) uint8 RGB.
    """

    genuine: Image
    frames: Image


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """One person's photograph, cut to the face and its surroundings.

    Attributes:
        name: Name of the file.
        picture: (h, w, 3) uint8 RGB.
        mesh: (468, 3) points of the face mesh in pixels of `picture`; the third is depth in the same unit.
        reenacted: Reenactments at the picture's full size, None where there are none.
    """

    name: str
    picture: Image
    mesh: Points
    reenacted: Reenacted | None = None

    @property
    def landmarks(self) -> Points:
        """Return the (68, 2) iBUG points in pixels."""
        return np.ascontiguousarray(self.mesh[MESH_INDEX, :2])

    @property
    def forehead(self) -> Points:
        """Return the (81, 2) points: iBUG and thirteen on the forehead."""
        return np.concatenate([self.landmarks, self.mesh[list(FOREHEAD), :2]])

    @property
    def box(self) -> Points:
        """Return the (4,) box as corpora and `examine` define it."""
        return box_of(self.landmarks)

    def shrunk(self, factor: float) -> Portrait:
        """Return the portrait at a smaller size, with factor in 0–1."""
        if factor >= 1:
            return self
        height, width = self.picture.shape[:2]
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        small = np.asarray(cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return replace(self, picture=small, mesh=self.mesh * np.float32(factor))


@dataclass(frozen=True, slots=True)
class Split:
    """Portraits by split; every person has one portrait, so that a split by file is a split by person."""

    train: tuple[Portrait, ...]
    validation: tuple[Portrait, ...]
    test: tuple[Portrait, ...]


def split_portraits(portraits: list[Portrait]) -> Split:
    """Split portraits into 300 for training, 50 for validation and the others for the test, by a fixed seed."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(portraits))
    chosen = [portraits[index] for index in order]
    stop = TRAIN + VALIDATION
    return Split(tuple(chosen[:TRAIN]), tuple(chosen[TRAIN:stop]), tuple(chosen[stop:]))


def read_portraits(folder: Path, work: Path) -> list[Portrait]:
    """Read all portraits of a folder; their meshes are found once and kept in the folder `work`.

    Args:
        folder: Folder with JPEG files, one person each.
        work: Folder outside the project.
    """
    kept = work / "meshes.npz"
    files = sorted(folder.glob("*.jpg"))
    meshes = dict(np.load(kept)) if kept.is_file() else find_meshes(files)
    if not kept.is_file():
        work.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **meshes)
    return [cut_portrait(file.stem, read_picture(file), meshes[file.stem]) for file in files if file.stem in meshes]


def read_groups(folder: Path) -> dict[str, dict[str, str]]:
    """Return the row of `groups.csv` for the name of every portrait."""
    with (folder / "groups.csv").open(encoding="utf-8", newline="") as file:
        return {Path(row["file"]).stem: row for row in csv.DictReader(file)}


def find_meshes(files: list[Path]) -> dict[str, Points]:
    """Return the (468, 3) mesh of the largest face of each file that shows one."""
    mesh = FaceMesh(find_face_mesh())
    found = {}
    for file in files:
        faces = mesh.read_all(read_picture(file), 1)
        if faces:
            found[file.stem] = np.asarray(faces[0].points[:468], dtype=np.float32)
    print(f"found {len(found)} faces in {len(files)} portraits", flush=True)
    return found


def read_picture(file: Path) -> Image:
    """Read a picture as (H, W, 3) uint8 RGB."""
    return np.asarray(cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB), dtype=np.uint8)


def cut_portrait(name: str, picture: Image, mesh: Points, largest: int = LARGEST_FACE) -> Portrait:
    """Cut a portrait to its surroundings within the picture, and shrink it where its face is larger than wanted."""
    left, top, right, bottom = (float(side) for side in box_of(np.ascontiguousarray(mesh[MESH_INDEX, :2])))
    longer = max(right - left, bottom - top)
    margin = SURROUNDINGS * longer
    x, y = max(0, int(left - margin)), max(0, int(top - margin))
    cut = picture[y : int(bottom + margin) + 1, x : int(right + margin) + 1]
    moved = (mesh - np.array([x, y, 0], dtype=np.float32)).astype(np.float32)
    return Portrait(name, np.ascontiguousarray(cut), moved).shrunk(largest / longer)
