"""Load the part of a sample that is distorted: the scored frames, and the frames that coders need before them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.corpus import read_frames
from forensics.errors import CorpusError
from forensics.faces import CropJob, FaceFinder, Faces, Floats, Frames
from watermark import MediaError


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """Frames of one sample with their faces, decoded once for all cells.

    Attributes:
        shown: Frames (H, W, 3) uint8 RGB in the order of the clip; a folder's may differ in size.
        scored: (F,) places in `shown` of the frames with a face.
        rows: (N,) index of the scored frame that each face is in, ascending.
        boxes: (N, 4) in pixels.
        landmarks: (N, 68, 2) in pixels.
    """

    shown: tuple[Frames, ...]
    scored: NDArray[np.int64]
    rows: NDArray[np.int64]
    boxes: Floats
    landmarks: Floats

    @property
    def still_frames(self) -> tuple[Frames, ...]:
        """Return the scored frames alone."""
        return tuple(self.shown[place] for place in self.scored)


def take_excerpt(job: CropJob, finder: FaceFinder | None, lead: int) -> Excerpt | None:
    """Decode the scored frames, each with the frames just before it, and return where their faces are.

    Faces are found in the undistorted frames, so that the detector is measured, not the face finder.

    Args:
        job: The sample and the number of frames.
        finder: Face finder where there is no sidecar.
        lead: Number of frames before each scored one that are also decoded, so that a video coder gets real motion.

    Returns:
        The excerpt, None where the sample cannot be decoded or shows no face.

    Raises:
        CorpusError: The sidecar is damaged or does not fit, or there is neither sidecar nor finder.
    """
    sample = job.sample
    faces: Faces | None = None
    if job.sidecar is not None:
        seen_faces = job.load(job.sidecar)
        faces = None if seen_faces is None else job.choose(seen_faces)
        if faces is None:
            return None
        indices = np.unique(faces.frames)
    elif finder is None:
        raise CorpusError(
            f"sample {sample.id} has no landmarks; get the face tracker with `facetrail models get face-mesh`"
        )
    else:
        indices = job.frames(sample.frames)
    wanted = with_lead(indices, lead)
    try:
        shown = read_frames(job.path, sample.files, wanted.tolist(), is_clip=sample.fps is not None)
    except (MediaError, OSError):
        return None
    if faces is None and finder is not None:
        at = np.searchsorted(wanted, indices)
        found = job.search([shown[place] for place in at], indices, finder).faces
        faces = None if found is None else job.choose(found)
    if faces is None:
        return None
    seen, rows = np.unique(faces.frames, return_inverse=True)
    return Excerpt(tuple(shown), np.searchsorted(wanted, seen), rows, faces.boxes, faces.landmarks)


def with_lead(indices: NDArray[np.int64], lead: int) -> NDArray[np.int64]:
    """Return the indices with those of the frames just before each, once each and in order.

    Args:
        indices: Numbers of frames, ascending.
        lead: Number of frames before each.
    """
    around = indices[:, None] - np.arange(lead, -1, -1)
    return np.unique(around[around >= 0])
