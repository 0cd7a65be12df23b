"""Find faces from a sidecar or with a face finder.

Without either there is no crop and therefore no score; the whole picture is never used as a face.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from forensics.errors import CorpusError

if TYPE_CHECKING:
    from detectors import DetectorSpec

_LOG = logging.getLogger(__name__)

Frames = NDArray[np.uint8]
Floats = NDArray[np.float32]

BESIDE_THE_LARGEST = 0.5
"""Least size of a further face of a frame, as a share of the largest face's shorter side."""

SMALLEST_FACE = 24
"""Least shorter side, in pixels, of a face that is scored."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces in frames of a sample; a frame with several faces occurs several times, with its largest face first.

    Attributes:
        frames: (N,) indices of the frames that contain them, in order.
        boxes: (N, 4) left, top, right, bottom in pixels.
        landmarks: (N, 68, 2) iBUG points in pixels.
    """

    frames: NDArray[np.int64]
    boxes: Floats
    landmarks: Floats

    def __len__(self) -> int:
        return len(self.frames)

    def spread(self, count: int) -> Faces:
        """Return the faces of at most `count` frames, evenly spread from the first to the last.

        Args:
            count: Number of frames, at least 1.
        """
        frames = np.unique(self.frames)
        return self.at(frames[spread_indices(len(frames), count)])

    def row(self, count: int) -> Faces | None:
        """Return `count` consecutive frames, from the middle where there are more; None where no run is that long.

        Args:
            count: Number of frames, at least 1.
        """
        frames = np.unique(self.frames)
        starts = np.flatnonzero(frames[count - 1 :] - frames[: max(0, len(frames) - count + 1)] == count - 1)
        if not len(starts):
            return None
        first = int(starts[np.abs(starts - (len(frames) - count) / 2).argmin()])
        return self.at(frames[first : first + count])

    def at(self, frames: NDArray[np.int64]) -> Faces:
        """Return the faces of some frames by number."""
        chosen = np.isin(self.frames, frames)
        return Faces(self.frames[chosen], self.boxes[chosen], self.landmarks[chosen])

    def save(self, path: Path) -> None:
        """Write the faces as a sidecar; the same faces produce the same bytes.

        Args:
            path: Path of the sidecar, suffix `.npz`.
        """
        np.savez(path, frames=self.frames, boxes=self.boxes, landmarks=self.landmarks)

    @classmethod
    def load(cls, path: Path) -> Faces:
        """Read a sidecar.

        Args:
            path: The file.

        Raises:
            CorpusError: The file is missing or is not a sidecar.
        """
        from watermark import read_arrays

        try:
            arrays = read_arrays(path)
            faces = cls(arrays["frames"], arrays["boxes"], arrays["landmarks"])
        except (OSError, KeyError, ValueError) as error:
            raise CorpusError(f"{path} is no sidecar ({error}); build the corpus again", path) from error
        count = len(faces.frames)
        if faces.boxes.shape != (count, 4) or faces.landmarks.shape != (count, 68, 2) or count == 0:
            raise CorpusError(f"{path} is no sidecar: its arrays do not fit together; build the corpus again", path)
        return faces


class FaceFinder(Protocol):
    """The interface of a face finder: the face mesh tracker, or a network whose weights the user provides."""

    @property
    def name(self) -> str:
        """Return the name under which its crops are cached."""

    def __call__(self, image: Frames, most: int, *, thorough: bool = False) -> Sequence[tuple[Floats, Floats]]:
        """Return box (4,) and landmarks (68, 2) of faces, the largest first.

        Args:
            image: (H, W, 3) uint8 RGB.
            most: Largest number of faces.
            thorough: Whether to look for small faces beside a large one too.
        """


@dataclass(frozen=True, slots=True, eq=False)
class FaceSearch:
    """The result of a search for faces in frames.

    Attributes:
        faces: The faces that are large enough to score, None where there are none.
        looked: Number of searched frames.
        tiny: Number of frames whose only faces are too small.
        short: Whether there are faces, but in too few consecutive frames for a detector of clips.
        unaltered: Whether there are faces, but the sample's mask says that none of them was altered.
    """

    faces: Faces | None
    looked: int
    tiny: int
    short: bool = False
    unaltered: bool = False


def spread_indices(length: int, count: int) -> NDArray[np.int64]:
    """Return at most `count` of `length` positions, evenly spread from the first to the last.

    Args:
        length: Number of positions.
        count: Wanted number of positions, at least 1.
    """
    if length <= count:
        return np.arange(length, dtype=np.int64)
    return np.linspace(0, length - 1, count).round().astype(np.int64)


def find_faces(frames: Frames, finder: FaceFinder, count: int) -> Faces | None:
    """Find the largest face in evenly spread frames.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        finder: Face finder for one picture.
        count: Number of frames to search.

    Returns:
        The faces, None where no frame shows one that is large enough to score.
    """
    indices = spread_indices(len(frames), count)
    return find_faces_in([frames[index] for index in indices], indices, finder).faces


def find_faces_in(
    frames: Sequence[Frames],
    indices: NDArray[np.int64],
    finder: FaceFinder,
    most: int = 1,
    *,
    beside: float = BESIDE_THE_LARGEST,
) -> FaceSearch:
    """Find faces in frames.

    Args:
        frames: (H, W, 3) uint8 RGB each.
        indices: Their numbers in the clip.
        finder: Face finder for one picture.
        most: Largest number of faces of one frame.
        beside: Least size of a further face of a frame, as a share of the largest one's.
    """
    found: list[tuple[int, Floats, Floats]] = []
    tiny = 0
    for index, frame in zip(indices, frames, strict=True):
        seen = finder(frame, most)
        least = max([SMALLEST_FACE, *(beside * _shorter_side(box) for box, _ in seen)])
        large = [(int(index), *face) for face in seen if _shorter_side(face[0]) >= least]
        tiny += bool(seen) and not large
        found += large
        _LOG.debug("frame %d: %d faces, %d large enough", index, len(seen), len(large))
    if not found:
        return FaceSearch(None, len(frames), tiny)
    numbers, boxes, landmarks = zip(*found, strict=True)
    return FaceSearch(Faces(np.asarray(numbers), np.stack(boxes), np.stack(landmarks)), len(frames), tiny)


def box_of(landmarks: Floats) -> Floats:
    """Return the box around landmarks, widened upwards by a quarter of its height to hold the forehead.

    Args:
        landmarks: (68, 2) iBUG points in pixels.

    Returns:
        (4,) left, top, right, bottom.
    """
    (left, top), (right, bottom) = landmarks.min(0), landmarks.max(0)
    return np.array([left, top - 0.25 * (bottom - top), right, bottom], dtype=np.float32)


def cut_crops(
    frames: Sequence[Frames] | Frames, boxes: Floats, spec: DetectorSpec, landmarks: Floats | None = None
) -> Frames:
    """Cut one crop from each frame.

    Args:
        frames: N times (H, W, 3) uint8 RGB, in the order of the boxes.
        boxes: (N, 4) left, top, right, bottom in pixels.
        spec: The specification whose crop contract applies.
        landmarks: (N, 68, 2) in pixels, for a specification that aligns five points.

    Returns:
        (N, S, S, 3) uint8 RGB; for a specification of whole frames as `detectors.fit_frames`.

    Raises:
        CorpusError: The specification aligns five points, and there are no landmarks.
    """
    from detectors import crop_face, fit_frames

    if spec.alignment == "frame":
        return fit_frames(frames, spec)
    if spec.alignment == "upright":
        return np.stack([crop_face(frame, box, spec) for frame, box in zip(frames, boxes, strict=True)])
    from .five_points import align_face

    if landmarks is None:
        raise CorpusError(f"detector {spec.name!r} wants crops aligned by five points, and there are no landmarks")
    size, margin = spec.input_size, spec.crop_margin
    return np.stack([align_face(frame, face, size, margin) for frame, face in zip(frames, landmarks, strict=True)])


def _shorter_side(box: Floats) -> float:
    return float(min(box[2] - box[0], box[3] - box[1]))
