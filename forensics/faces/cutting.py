"""Cut the crops of samples on several workers, and cache them on disk by content."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors import CropError, DetectorSpec, no_crops
from forensics.corpus import Sample, mask_hash, read_frames, take_masks
from forensics.errors import CorpusError
from forensics.execution.workers import SERIAL, Work, WorkerConfig, open_pool
from forensics.storage.files import write_whole
from watermark import MediaError, read_arrays, sweep

from .altered_face import ASKED_FACES, altered_faces
from .finding import FaceFinder, Faces, FaceSearch, Frames, cut_crops, find_faces_in, spread_indices
from .whole_frame import WholeFrame

_LOG = logging.getLogger(__name__)

VERSION = 3
"""Version of the crops; it is raised when the same sample and contract produce other crops than before."""


class Miss(StrEnum):
    """The reason why a sample has no crop."""

    NO_FACE = "no face"
    TINY_FACE = "tiny face"
    TOO_SHORT = "too short"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, eq=False)
class CropJob:
    """Everything needed to cut one sample's crops, in any process.

    Attributes:
        sample: The sample.
        path: Its file or folder of frames.
        sidecar: Its landmarks, None where faces must be detected.
        spec: The specification whose crop contract applies.
        per_clip: Largest number of frames of a clip.
        faces: Largest number of faces of a frame; a detector of clips follows one.
        mask: The sample's mask of altered pixels, None without one; where a frame shows several faces, the one that it
            covers most is cut.
        wanted: Numbers of the frames that may be taken, ascending; None for all.
    """

    sample: Sample
    path: Path
    sidecar: Path | None
    spec: DetectorSpec
    per_clip: int
    faces: int
    mask: Path | None = None
    wanted: tuple[int, ...] | None = None

    def frames(self, length: int) -> NDArray[np.int64]:
        """Return the frames to search: evenly spread, or consecutive ones from the middle for a detector of clips."""
        taken = np.arange(length) if self.wanted is None else np.array(self.wanted, dtype=np.int64)
        if self.spec.frames == 1:
            return np.asarray(taken[spread_indices(len(taken), self.per_clip)], dtype=np.int64)
        run = max(np.split(taken, np.flatnonzero(np.diff(taken) > 1) + 1), key=len)
        row = min(self._row, len(run))
        first = int(run[0]) + (len(run) - row) // 2
        return np.arange(first, first + row, dtype=np.int64)

    def search(self, shown: Sequence[Frames], indices: NDArray[np.int64], finder: FaceFinder) -> FaceSearch:
        """Find the faces of frames with a face finder; with a mask, only those that were altered.

        Args:
            shown: The frames.
            indices: Their numbers.
            finder: The face finder.

        Raises:
            CorpusError: The mask is missing or damaged.
        """
        if self.mask is None:
            return find_faces_in(shown, indices, finder, self.faces)
        search = find_faces_in(shown, indices, finder, max(self.faces, ASKED_FACES), beside=0.0)
        if search.faces is None:
            return search
        numbers = indices.tolist()
        masks = self._masks(self.mask, numbers)
        faces = altered_faces(search.faces, numbers, masks, [frame.shape[:2] for frame in shown])
        return replace(search, faces=faces, unaltered=faces is None)

    def load(self, sidecar: Path) -> Faces | None:
        """Read the faces of a sidecar; with a mask and several faces in a frame, only those that were altered.

        Args:
            sidecar: The file.

        Raises:
            CorpusError: The sidecar or the mask is damaged, or they do not fit the sample.
        """
        faces = Faces.load(sidecar)
        if self.wanted is not None:
            faces = faces.at(np.array(self.wanted, dtype=np.int64))
            if not len(faces):
                return None
        if faces.frames.max() >= self.sample.frames:
            raise CorpusError(
                f"sample {self.sample.id}: its sidecar names frame {faces.frames.max()} of {self.sample.frames}"
            )
        numbers = np.unique(faces.frames).tolist()
        if self.mask is None or len(numbers) == len(faces):
            return faces
        size = self.sample.height, self.sample.width
        return altered_faces(faces, numbers, self._masks(self.mask, numbers), [size] * len(numbers))

    def _masks(self, place: Path, numbers: Sequence[int]) -> list[NDArray[np.bool_] | None]:
        """Return the masks of frames; none for the untouched frames of a clip that is altered in parts.

        Such a frame keeps its largest face: a score of the clip must not profit from knowing which frames are altered.
        """
        masks = take_masks(place, numbers)
        if not self.sample.segments:
            return masks
        return [None if mask is None or not mask.any() else mask for mask in masks]

    def choose(self, faces: Faces) -> Faces | None:
        """Return the faces of such frames; None where a detector of clips needs a longer run of consecutive faces."""
        if self.spec.frames == 1:
            return faces.spread(self.per_clip)
        return faces.row(self._row) or faces.row(self.spec.frames)

    @property
    def _row(self) -> int:
        """Return how many consecutive frames are wanted: a whole number of the windows that are judged together."""
        return self.spec.frames * max(1, self.per_clip // self.spec.frames)

    def key(self, finder: FaceFinder | None) -> str:
        """Return the name of the crops, which depends on everything that determines them."""
        parts = [
            VERSION,
            self.sample.sha256,
            self.sample.landmarks_sha256 or (finder.name if finder else None),
            [self.spec.input_size, self.spec.crop_margin, self.spec.alignment],
            self.per_clip,
            self.faces if self.sidecar is None else 1,
            *([self.spec.frames] if self.spec.frames > 1 else []),
            *([["mask", mask_hash(self.mask)]] if self.mask is not None else []),
            *([["wanted", *self.wanted]] if self.wanted is not None else []),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """The crops of one sample.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB; N is 0 where there is no face.
        frames: (N,) frame that each crop comes from.
        looked: Number of searched frames.
        miss: Why there is no crop, None where there is one.
        message: The error of an unreadable file.
    """

    crops: Frames
    frames: NDArray[np.int64]
    looked: int
    miss: Miss | None = None
    message: str = ""


def cut_sample(job: CropJob, finder: FaceFinder | None) -> Cut:
    """Decode a sample, find its faces and cut the crops.

    Args:
        job: The sample and the settings of the cut.
        finder: Face finder where there is no sidecar.

    Raises:
        CorpusError: The sidecar is damaged or does not fit, or there is neither sidecar nor finder.
    """
    nothing = no_crops(job.spec), np.zeros(0, np.int64)
    try:
        search, frames = load_frames_with_faces(job, finder)
    except (MediaError, OSError) as error:
        return Cut(*nothing, 0, Miss.UNREADABLE, str(error))
    faces = search.faces
    if search.unaltered:
        return Cut(*nothing, search.looked, Miss.NO_FACE, "the mask covers none of the faces that were found")
    if faces is None:
        miss = Miss.TOO_SHORT if search.short else Miss.TINY_FACE if search.tiny else Miss.NO_FACE
        _LOG.debug("sample %s: %s in %d frames", job.sample.id, miss, search.looked)
        return Cut(*nothing, search.looked, miss)
    try:
        crops = cut_crops(frames, faces.boxes, job.spec, faces.landmarks)
    except CropError as error:
        raise CorpusError(f"sample {job.sample.id}: {error}") from error
    _LOG.debug("sample %s: cut %d crops of %d frames", job.sample.id, len(crops), search.looked)
    return Cut(crops, faces.frames, search.looked)


def load_frames_with_faces(job: CropJob, finder: FaceFinder | None) -> tuple[FaceSearch, list[Frames]]:
    """Decode the wanted frames and return where their faces are.

    Args:
        job: The sample and the number of frames.
        finder: Face finder where there is no sidecar.

    Returns:
        The faces, and the frame of each face.

    Raises:
        CorpusError: The sidecar is damaged or does not fit, or there is neither sidecar nor finder.
        MediaError: The sample cannot be decoded.
    """
    sample = job.sample
    if job.spec.whole_frame:
        finder = WholeFrame()
    if job.sidecar is not None:
        faces = job.load(job.sidecar)
        if faces is None:
            return FaceSearch(None, 0, 0, unaltered=True), []
        chosen = job.choose(faces)
        if chosen is None:
            return FaceSearch(None, 0, 0, short=True), []
        shown = read_frames(job.path, sample.files, chosen.frames.tolist(), is_clip=sample.fps is not None)
        return FaceSearch(chosen, len(shown), 0), shown
    if finder is None:
        raise CorpusError(
            f"sample {sample.id} has no landmarks; get the face tracker with `facetrail models get face-mesh`"
        )
    indices = job.frames(sample.frames)
    shown = read_frames(job.path, sample.files, indices.tolist(), is_clip=sample.fps is not None)
    search = job.search(shown, indices, finder)
    chosen = None if search.faces is None else job.choose(search.faces)
    if chosen is None:
        return replace(search, faces=None, short=search.faces is not None), []
    place = {int(index): number for number, index in enumerate(indices)}
    return replace(search, faces=chosen), [shown[place[int(index)]] for index in chosen.frames]


def cut_all(
    jobs: Sequence[CropJob], finder: FaceFinder | None, *, cache: Path | None, worker_config: WorkerConfig = SERIAL
) -> Iterator[tuple[CropJob, Cut]]:
    """Yield the crops of many samples in order; crops in the cache are not cut again.

    Args:
        jobs: The samples and the settings of the cut.
        finder: Face finder where there is no sidecar; it is sent to every worker.
        cache: Folder of cached crops, None for no cache.
        worker_config: Configuration of the worker pool.

    Raises:
        CorpusError: As for `cut_sample`.
    """
    if cache is not None:
        sweep(cache)
    with open_pool(worker_config, partial(_cutter, finder, cache)) as pool:
        for place, cut in pool.work(jobs):
            yield jobs[place], cut


@contextmanager
def _cutter(finder: FaceFinder | None, cache: Path | None) -> Iterator[Work[CropJob, Cut]]:
    yield lambda job, report: cut_kept(job, finder, cache)


def cut_kept(job: CropJob, finder: FaceFinder | None, cache: Path | None) -> Cut:
    """Return a sample's crops from the cache, or cut them.

    Args:
        job: The sample and the settings of the cut.
        finder: Face finder where there is no sidecar.
        cache: Folder of cached crops, None for no cache.

    Raises:
        CorpusError: As for `cut_sample`.
    """
    if cache is None or not job.spec.input_size:  # frames of any size are not kept
        return cut_sample(job, finder)
    path = cache / f"{job.key(finder)}.npz"
    kept = _load(path, job.spec.input_size)
    if kept is not None:
        _LOG.debug("sample %s: took %d kept crops", job.sample.id, len(kept.crops))
        return kept
    cut = cut_sample(job, finder)
    if cut.miss is not Miss.UNREADABLE:
        about = np.array([str(cut.looked), cut.miss or ""])
        write_whole(path, lambda part: np.savez(part, crops=cut.crops, frames=cut.frames, about=about))
    return cut


def _load(path: Path, size: int) -> Cut | None:
    """Read cached crops; return None where they are missing or damaged."""
    with suppress(OSError, KeyError, ValueError):
        kept = read_arrays(path)
        looked, miss = kept["about"].tolist()
        crops, frames = kept["crops"], kept["frames"]
        if crops.shape == (len(frames), size, size, 3) and crops.dtype == np.uint8:
            return Cut(crops, frames, int(looked), Miss(miss) if miss else None)
    return None
