"""Face crops of a corpus, in the order of its samples: what training and scoring both read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors import BlendError, CropSet, DetectorSpec, self_blend
from watermark import read_media

from .corpus import Corpus, Label, Sample
from .errors import CorpusError
from .faces import FaceFinder, Faces, Frames, box_of, cut_crops, find_faces
from .progress import Report, silent


@dataclass(frozen=True, slots=True, eq=False)
class CropShelf:
    """Crops of many samples, one row for each crop.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB.
        samples: (N,) the sample each crop comes from.
        unseen: Samples in which no face was found; they give no crop.
    """

    crops: Frames
    samples: tuple[Sample, ...]
    unseen: tuple[Sample, ...]

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) 0 genuine, 1 forged."""
        return np.array([sample.label is Label.FORGED for sample in self.samples], dtype=np.int64)

    def as_set(self) -> CropSet:
        """Hand the crops to training, with the identities of each."""
        return CropSet(self.crops, self.labels, [sample.identities for sample in self.samples])

    @property
    def pairs(self) -> list[str]:
        """(N,) a name that a forged crop shares with the genuine crops of its source."""
        return [sample.source_id for sample in self.samples]


def gather_crops(
    corpus: Corpus,
    samples: Sequence[Sample],
    spec: DetectorSpec,
    *,
    per_clip: int,
    finder: FaceFinder | None = None,
    report: Report = silent,
) -> CropShelf:
    """Cut face crops from samples.

    Args:
        corpus: Where the files lie.
        samples: Which samples.
        spec: Whose crop contract to follow.
        per_clip: Most crops of one clip, evenly spread.
        finder: Finds faces in samples without a sidecar.
        report: Is told how far the work is.

    Raises:
        CorpusError: No face was found in any sample, or a sample has no sidecar and there is no finder.
    """
    crops: list[Frames] = []
    owners: list[Sample] = []
    unseen: list[Sample] = []
    for number, sample in enumerate(samples):
        report(number / len(samples), "cutting face crops")
        frames = read_media(corpus.file(sample)).frames
        faces = faces_of(corpus, sample, frames, per_clip, finder)
        if faces is None:
            unseen.append(sample)
            continue
        crops.append(cut_crops(frames[faces.frames], faces.boxes, spec))
        owners += [sample] * len(faces)
    if not crops:
        raise CorpusError(f"no face was found in any of {len(samples)} samples of {corpus.root}", corpus.root)
    return CropShelf(np.concatenate(crops), tuple(owners), tuple(unseen))


def faces_of(corpus: Corpus, sample: Sample, frames: Frames, per_clip: int, finder: FaceFinder | None) -> Faces | None:
    """Say where the faces of a sample are.

    Args:
        corpus: Where the sidecars lie.
        sample: The sample.
        frames: Its decoded frames.
        per_clip: Most frames to look at.
        finder: Finds faces where there is no sidecar.

    Returns:
        The faces, None where the finder sees none.

    Raises:
        CorpusError: There is neither sidecar nor finder, or the sidecar does not fit the file.
    """
    if sample.landmarks is None:
        if finder is None:
            raise CorpusError(
                f"sample {sample.id} has no landmarks; get the face tracker with `facetrail models get face-mesh`",
                corpus.root,
            )
        return find_faces(frames, finder, per_clip)
    faces = Faces.load(corpus.root / sample.landmarks)
    if faces.frames.max() >= len(frames):
        raise CorpusError(f"sample {sample.id}: its sidecar names frame {faces.frames.max()} of {len(frames)}")
    return faces.spread(per_clip)


def blend_crops(
    corpus: Corpus,
    samples: Sequence[Sample],
    spec: DetectorSpec,
    rng: np.random.Generator,
    *,
    per_clip: int,
    report: Report = silent,
) -> tuple[CropSet, list[str]]:
    """Make training crops from genuine samples alone: each face beside itself, self-blended.

    Args:
        corpus: Where the files lie.
        samples: Genuine samples with sidecars.
        spec: Whose crop contract to follow.
        rng: Draws the blends.
        per_clip: Most frames of one clip.
        report: Is told how far the work is.

    Returns:
        The crops, genuine and blended in turn, and a name for each pair.

    Raises:
        CorpusError: No sample could be blended.
    """
    crops: list[Frames] = []
    groups: list[tuple[str, ...]] = []
    pairs: list[str] = []
    for number, sample in enumerate(samples):
        report(number / len(samples), "self-blending")
        frames = read_media(corpus.file(sample)).frames
        faces = faces_of(corpus, sample, frames, per_clip, None)
        for index in range(len(faces) if faces else 0):
            pair = _blend(frames[faces.frames[index]], faces.landmarks[index], spec, rng) if faces else None
            if pair is not None:
                crops.append(pair)
                groups += [sample.identities] * 2
                pairs += [f"{sample.id}:{index}"] * 2
    if not crops:
        raise CorpusError(f"none of {len(samples)} samples of {corpus.root} could be self-blended", corpus.root)
    labels = np.tile(np.array([0, 1], dtype=np.int64), len(crops))
    return CropSet(np.concatenate(crops), labels, groups), pairs


def _blend(
    frame: Frames, landmarks: NDArray[np.float32], spec: DetectorSpec, rng: np.random.Generator
) -> Frames | None:
    """Return the crops (2, S, S, 3) of a face and of its self-blend, None where the landmarks leave the picture."""
    width, height = np.ptp(landmarks, axis=0)
    border = int(np.ceil(max(width, height))) + 2
    padded = np.pad(frame, ((border, border), (border, border), (0, 0)), mode="edge")
    try:
        genuine, blended, _ = self_blend(padded, landmarks + border, rng)
    except BlendError:
        return None
    # `self_blend` cuts half a face to the sides and one above; with the border it never meets the picture's edge.
    corners = np.array([[width / 2, height], [width * 1.5, height * 2]], dtype=np.float32)
    box = box_of(corners)
    return cut_crops(np.stack([genuine, blended]), np.stack([box, box]), spec)
