"""Where the faces are: from a sidecar, or from the face mesh tracker where it is installed.

Without either there is no crop and hence no score; the whole picture is never taken for a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import CorpusError, MissingPieceError

if TYPE_CHECKING:
    from detectors import DetectorSpec

    from .corpus import Corpus

Frames = NDArray[np.uint8]
Floats = NDArray[np.float32]

SMALLEST_FACE = 24
"""A face with a shorter side than this, in pixels, is not scored."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """One face in each of a number of frames.

    Attributes:
        frames: (N,) indices of the frames it was found in.
        boxes: (N, 4) left, top, right, bottom in pixels.
        landmarks: (N, 68, 2) iBUG points in pixels.
    """

    frames: NDArray[np.int64]
    boxes: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.frames)

    def spread(self, count: int) -> Faces:
        """Keep at most `count` frames, evenly spread from the first to the last.

        Args:
            count: How many, at least 1.
        """
        chosen = spread_indices(len(self), count)
        return Faces(self.frames[chosen], self.boxes[chosen], self.landmarks[chosen])

    def save(self, path: Path) -> None:
        """Write the faces as a sidecar; the same faces give the same bytes.

        Args:
            path: Where to write, suffix `.npz`.
        """
        np.savez(path, frames=self.frames, boxes=self.boxes, landmarks=self.landmarks)

    @classmethod
    def load(cls, path: Path) -> Faces:
        """Read a sidecar.

        Args:
            path: The file.

        Raises:
            CorpusError: The file is missing or no sidecar.
        """
        import zipfile

        try:
            with np.load(path, allow_pickle=False) as arrays:
                faces = cls(arrays["frames"], arrays["boxes"], arrays["landmarks"])
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise CorpusError(f"{path} is no sidecar ({error}); build the corpus again", path) from error
        count = len(faces.frames)
        if faces.boxes.shape != (count, 4) or faces.landmarks.shape != (count, 68, 2) or count == 0:
            raise CorpusError(f"{path} is no sidecar: its arrays do not fit together; build the corpus again", path)
        return faces


class FaceFinder(Protocol):
    """Finds the face in a picture; the face mesh tracker is one."""

    def __call__(self, image: Frames) -> tuple[Floats, Floats] | None:
        """Return the box (4,) and the landmarks (68, 2) of the largest face, None where there is none.

        Args:
            image: (H, W, 3) uint8 RGB.
        """


def spread_indices(length: int, count: int) -> NDArray[np.int64]:
    """Choose at most `count` of `length` positions, evenly from the first to the last.

    Args:
        length: How many there are.
        count: How many are wanted, at least 1.
    """
    if length <= count:
        return np.arange(length, dtype=np.int64)
    return np.linspace(0, length - 1, count).round().astype(np.int64)


def find_faces(frames: Frames, finder: FaceFinder, count: int) -> Faces | None:
    """Look for the face in evenly spread frames.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        finder: Finds the face of one picture.
        count: In how many frames to look.

    Returns:
        The faces, None where no frame shows one that is large enough to score.
    """
    found: list[tuple[int, Floats, Floats]] = []
    for index in spread_indices(len(frames), count):
        face = finder(frames[index])
        if face is not None and min(face[0][2] - face[0][0], face[0][3] - face[0][1]) >= SMALLEST_FACE:
            found.append((int(index), *face))
    if not found:
        return None
    indices, boxes, landmarks = zip(*found, strict=True)
    return Faces(np.asarray(indices), np.stack(boxes), np.stack(landmarks))


def open_face_finder() -> FaceFinder:
    """Load the face mesh tracker.

    Raises:
        MissingPieceError: Its models or its runtime are not installed; the message says how to get them.
    """
    from generator.errors import MissingPackageError, ModelFilesError
    from generator.trackers import MESH_INDEX, FaceMesh, find_face_mesh

    try:
        mesh = FaceMesh(find_face_mesh())
    except (ModelFilesError, MissingPackageError) as error:
        raise MissingPieceError(str(error)) from error

    def finder(image: Frames) -> tuple[Floats, Floats] | None:
        face = mesh.track(image)
        if face is None:
            return None
        landmarks = np.asarray(face.points[MESH_INDEX, :2], dtype=np.float32)
        return box_of(landmarks), landmarks

    return finder


def box_of(landmarks: Floats) -> Floats:
    """Draw the box around landmarks the way the corpora do, so that crops agree.

    Args:
        landmarks: (68, 2) iBUG points in pixels.

    Returns:
        (4,) left, top, right, bottom.
    """
    from generator import puppets

    return np.asarray(puppets.landmark_box(landmarks), dtype=np.float32)


def cut_crops(frames: Frames, boxes: Floats, spec: DetectorSpec) -> Frames:
    """Cut one crop from each frame.

    Args:
        frames: (N, H, W, 3) uint8 RGB, in the order of the boxes.
        boxes: (N, 4) left, top, right, bottom in pixels.
        spec: Whose crop contract to follow.

    Returns:
        (N, S, S, 3) uint8 RGB.
    """
    from detectors import crop_face

    cut: Sequence[Frames] = [crop_face(frame, box, spec) for frame, box in zip(frames, boxes, strict=True)]
    return np.stack(cut)


def finder_for(corpus: Corpus) -> FaceFinder | None:
    """Load the face tracker where a corpus has samples without a sidecar, and only then.

    Args:
        corpus: The corpus.

    Raises:
        MissingPieceError: It is needed and not installed.
    """
    return open_face_finder() if any(sample.landmarks is None for sample in corpus.samples) else None
