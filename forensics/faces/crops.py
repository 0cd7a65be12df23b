"""Build the face crops of a corpus in the order of its samples, for training and scoring."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors import DetectorSpec, FaceSet, TrainingSet
from forensics.corpus import Corpus, Label, Sample, Split, altered_frames, mask_place
from forensics.errors import CorpusError
from forensics.execution.progress import Report, silent
from forensics.execution.workers import SERIAL, WorkerConfig

from .cutting import CropJob, Cut, Miss, cut_all, load_frames_with_faces
from .finding import FaceFinder, Frames

_LOG = logging.getLogger(__name__)

SCORED_FACES = 4
"""Most faces of a frame that are scored; the highest score counts. Training uses the largest face alone, and a
mask decides instead where a sample has one."""

KEPT = "crops"
"""Folder of a corpus for cached crops; crops are cached where it exists."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of a corpus that could be cropped. A missing crop is never replaced by something else.

    Attributes:
        samples: Number of requested samples.
        cropped: Samples with at least one crop.
        crops: Number of crops.
        frames: Number of searched frames.
        frames_with_face: Frames with at least one crop.
        missed: Id, reason and message for every sample without a crop.
        absent_frames: Number of frames that were not there at import.
        incomplete: Number of samples that lack such frames.
    """

    samples: int
    cropped: int
    crops: int
    frames: int
    frames_with_face: int
    missed: tuple[tuple[str, Miss, str], ...]
    absent_frames: int = 0
    incomplete: int = 0

    def count(self, miss: Miss) -> int:
        """Count the samples without a crop for one reason."""
        return sum(reason is miss for _, reason, _ in self.missed)

    def __str__(self) -> str:
        reasons = ", ".join(f"{self.count(miss)} {miss}" for miss in Miss if self.count(miss))
        text = f"{self.cropped} of {self.samples} samples cropped" + (f" ({reasons})" if reasons else "")
        gaps = f"; {self.absent_frames} frames of {self.incomplete} samples were not there at import"
        return text + (gaps if self.incomplete else "")


@dataclass(frozen=True, slots=True, eq=False)
class CropTable:
    """Crops of many samples, one row for each crop.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB.
        samples: (N,) sample that each crop comes from.
        frames: (N,) frame of the sample; crops of several faces of a frame follow one another.
        unseen: Samples without any crop.
        coverage: The share that could be cropped.
    """

    crops: Frames
    samples: tuple[Sample, ...]
    frames: NDArray[np.int64]
    unseen: tuple[Sample, ...]
    coverage: Coverage

    @property
    def labels(self) -> NDArray[np.int64]:
        """Return the labels (N,): 0 genuine, 1 forged."""
        return np.array([sample.label is Label.FORGED for sample in self.samples], dtype=np.int64)

    def as_set(self) -> TrainingSet:
        """Hand the crops to training, with what is known of each; this door is shut to the test split.

        Raises:
            CorpusError: A sample belongs to the test split.
        """
        refuse_test(self.samples)
        return TrainingSet(
            self.crops,
            self.labels,
            groups=[sample.identities for sample in self.samples],
            pairs=self.pairs,
            methods=[sample.method for sample in self.samples],
            same_person=self.same_person,
        )

    @property
    def pairs(self) -> list[str]:
        """Return for each crop (N,) a name that a forged crop shares with the genuine crop of the same moment."""
        return [f"{sample.footage}#{frame}" for sample, frame in zip(self.samples, self.frames.tolist(), strict=True)]

    @property
    def same_person(self) -> list[str]:
        """(N,) a name that a forged crop shares with the genuine crops of whom it shows."""
        return [sample.pair for sample in self.samples]

    @property
    def first_faces(self) -> NDArray[np.int64]:
        """Return the rows (F,) where a frame begins, for `np.maximum.reduceat` over the scores of its faces."""
        keys = [(sample.id, frame) for sample, frame in zip(self.samples, self.frames.tolist(), strict=True)]
        return np.array([row for row, key in enumerate(keys) if row == 0 or key != keys[row - 1]], dtype=np.int64)


def gather_crops(
    corpus: Corpus,
    samples: Sequence[Sample],
    spec: DetectorSpec,
    *,
    per_clip: int,
    finder: FaceFinder | None = None,
    faces: int = 1,
    altered_only: bool = False,
    worker_config: WorkerConfig = SERIAL,
    report: Report = silent,
) -> CropTable:
    """Return face crops of samples, newly cut or from the corpus' cache.

    Args:
        corpus: The corpus of the samples.
        samples: The samples to crop.
        spec: The specification whose crop contract applies.
        per_clip: Largest number of frames of one clip, evenly spread.
        finder: Face finder for samples without a sidecar.
        faces: Largest number of faces of one frame, the largest first; a sidecar has one.
        altered_only: Whether a forged clip that is altered in parts gives frames of these parts alone, as training
            needs it.
        worker_config: Configuration of the worker pool.
        report: Progress callback.

    Raises:
        CorpusError: No face was found in any sample, or a sample has no sidecar and there is no finder.
    """
    kept = corpus.root / KEPT
    jobs = [job_of(corpus, sample, spec, per_clip, faces, altered_only=altered_only) for sample in samples]
    cuts: list[tuple[CropJob, Cut]] = []
    for number, done in enumerate(
        cut_all(jobs, finder, cache=kept if kept.is_dir() else None, worker_config=worker_config)
    ):
        report(number / len(jobs), "cutting face crops")
        cuts.append(done)
    coverage = cover(cuts)
    if not coverage.crops:
        why = f"; the first: {coverage.missed[0][1]} {coverage.missed[0][2]}".rstrip() if coverage.missed else ""
        raise CorpusError(f"no face was found in any of {len(samples)} samples of {corpus.root}{why}", corpus.root)
    _LOG.info("%s; faces by %s", coverage, "sidecars alone" if finder is None else finder.name)
    return stack_crops(cuts)


def stack_crops(cuts: Sequence[tuple[CropJob, Cut]]) -> CropTable:
    """Return the crops of several samples, at least one, as one table.

    Args:
        cuts: The cut crops of each sample.
    """
    return CropTable(
        crops=np.concatenate([cut.crops for _, cut in cuts]),
        samples=tuple(job.sample for job, cut in cuts for _ in range(len(cut.crops))),
        frames=np.concatenate([cut.frames for _, cut in cuts]),
        unseen=tuple(job.sample for job, cut in cuts if cut.miss is not None),
        coverage=cover(cuts),
    )


def refuse_test(samples: Sequence[Sample]) -> None:
    """Check that no sample of the test split enters training or any choice that training makes.

    Raises:
        CorpusError: A sample belongs to the test split.
    """
    tested = [sample.id for sample in samples if sample.split is Split.TEST]
    if tested:
        raise CorpusError(
            f"{len(tested)} samples of the test split, such as {tested[0]}, were handed to training; epoch, "
            "calibration and thresholds are chosen on the train and val splits alone"
        )


def keep_crops(
    corpus: Corpus,
    spec: DetectorSpec,
    *,
    per_clip: int,
    finder: FaceFinder | None = None,
    worker_config: WorkerConfig = SERIAL,
    report: Report = silent,
) -> Coverage:
    """Write the crops of a whole corpus to its folder once, so that training and scoring find them there.

    An interrupted run continues where it stopped. The name of a crop depends on its source's content and on the
    settings of the cut, so that a change of either makes it invalid.

    Args:
        corpus: The corpus.
        spec: The specification whose crop contract applies.
        per_clip: Largest number of frames of one clip, evenly spread.
        finder: Face finder for samples without a sidecar; it finds several faces in a frame of the test split, one
            elsewhere.
        worker_config: Configuration of the worker pool.
        report: Progress callback.

    Raises:
        CorpusError: The specification is of a detector of whole frames.
    """
    if spec.whole_frame:
        raise CorpusError(f"detector {spec.name!r} judges whole frames; there are no face crops to keep", corpus.root)
    folder = corpus.root / KEPT
    folder.mkdir(exist_ok=True)
    jobs = [
        job_of(corpus, sample, spec, per_clip, SCORED_FACES)
        if sample.split is Split.TEST
        else job_of(corpus, sample, spec, per_clip, altered_only=True)
        for sample in corpus.samples
    ]
    light: list[tuple[CropJob, Cut]] = []
    for number, (job, cut) in enumerate(cut_all(jobs, finder, cache=folder, worker_config=worker_config)):
        report(number / len(jobs), "cutting face crops")
        light.append((job, Cut(cut.crops[:, :0, :0], cut.frames, cut.looked, cut.miss, cut.message)))
    return cover(light)


def job_of(
    corpus: Corpus, sample: Sample, spec: DetectorSpec, per_clip: int, faces: int = 1, *, altered_only: bool = False
) -> CropJob:
    """Return the job that describes the crops of a sample; a detector of whole frames needs no face.

    Args:
        corpus: The corpus of the sample.
        sample: The sample.
        spec: The specification whose crop contract applies.
        per_clip: Largest number of frames of a clip.
        faces: Largest number of faces of a frame.
        altered_only: Whether a forged clip that is altered in parts gives frames of these parts alone.
    """
    wanted = (altered_frames(sample) or None) if altered_only else None
    if spec.whole_frame:
        return CropJob(sample, corpus.file(sample), None, spec, per_clip, 1, wanted=wanted)
    sidecar: Path | None = None if sample.landmarks is None else corpus.root / sample.landmarks
    most = faces if spec.frames == 1 else 1
    return CropJob(sample, corpus.file(sample), sidecar, spec, per_clip, most, mask_place(corpus, sample), wanted)


def cover(cuts: Sequence[tuple[CropJob, Cut]]) -> Coverage:
    """Count what was cropped and what was not."""
    return Coverage(
        samples=len(cuts),
        cropped=sum(cut.miss is None for _, cut in cuts),
        crops=sum(len(cut.frames) for _, cut in cuts),
        frames=sum(cut.looked for _, cut in cuts),
        frames_with_face=sum(len(np.unique(cut.frames)) for _, cut in cuts),
        missed=tuple((job.sample.id, cut.miss, cut.message) for job, cut in cuts if cut.miss is not None),
        absent_frames=sum(job.sample.absent_frames for job, _ in cuts),
        incomplete=sum(job.sample.absent_frames > 0 for job, _ in cuts),
    )


def gather_faces(
    corpus: Corpus,
    samples: Sequence[Sample],
    spec: DetectorSpec,
    *,
    per_clip: int,
    finder: FaceFinder | None = None,
    report: Report = silent,
) -> tuple[FaceSet, list[str]]:
    """Return genuine faces with their surroundings, which training blends with themselves.

    Args:
        corpus: The corpus of the samples.
        samples: Genuine samples.
        spec: The specification of the crops that will be cut from the blends.
        per_clip: Largest number of frames of one clip.
        finder: Face finder for samples without a sidecar.
        report: Progress callback.

    Returns:
        The faces, each with a margin of its own size on every side, and the id of each one's sample.

    Raises:
        CorpusError: No sample shows a face, or one belongs to the test split.
    """
    refuse_test(samples)
    pictures: list[Frames] = []
    landmarks: list[NDArray[np.float32]] = []
    owners: list[Sample] = []
    for number, sample in enumerate(samples):
        report(number / len(samples), "gathering faces")
        search, frames = load_frames_with_faces(job_of(corpus, sample, spec, per_clip), finder)
        if search.faces is None:
            continue
        for frame, points in zip(frames, search.faces.landmarks, strict=True):
            picture, moved = _surroundings(frame, points)
            pictures.append(picture)
            landmarks.append(moved)
            owners.append(sample)
    if not pictures:
        raise CorpusError(f"none of {len(samples)} genuine samples of {corpus.root} shows a face", corpus.root)
    return FaceSet(pictures, landmarks, [sample.identities for sample in owners]), [sample.id for sample in owners]


def _surroundings(frame: Frames, landmarks: NDArray[np.float32]) -> tuple[Frames, NDArray[np.float32]]:
    """Crop a picture to a face with a margin of the face's size; outside the picture its edge is repeated.

    `blend_face` reads half a face to the sides and one above, so it never reaches the border of the result.
    """
    border = int(np.ceil(np.ptp(landmarks, axis=0).max())) + 2
    left, top = np.floor(landmarks.min(axis=0)).astype(int)
    right, bottom = np.ceil(landmarks.max(axis=0)).astype(int)
    height, width = frame.shape[:2]
    rows = np.clip(np.arange(top - border, bottom + border + 1), 0, height - 1)
    columns = np.clip(np.arange(left - border, right + border + 1), 0, width - 1)
    corner = np.array([left - border, top - border], dtype=np.float32)
    return frame[np.ix_(rows, columns)], landmarks - corner
