"""Load the training data of a detector: select samples, and cut crops, clips or faces from them."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from detectors import CropSet, DetectorSpec, FaceSet, SelfBlends
from forensics.corpus import Corpus, Label, Sample, Slice, Split
from forensics.errors import CorpusError
from forensics.execution.progress import Report
from forensics.faces import FaceFinder, gather_crops, gather_faces

from .config import TrainingRun


class OwnedCrops(NamedTuple):
    """Crops or clips, with the sample of each, and the name that each shares with its twin."""

    data: CropSet
    owners: list[Sample]
    pairs: list[str]


@dataclass(frozen=True, slots=True)
class TrainingCrops:
    """The training data of one split of a corpus; the test split is refused."""

    corpus: Corpus
    spec: DetectorSpec
    run: TrainingRun
    finder: FaceFinder | None
    split: Split
    report: Report

    def faces(self) -> tuple[FaceSet, list[str]]:
        """Return the genuine faces to be blended, and the sample of each."""
        genuine = self.corpus.where(split=self.split, label=Label.GENUINE, slice=Slice.MAIN)
        return gather_faces(
            self.corpus, genuine, self.spec, per_clip=self.run.per_clip, finder=self.finder, report=self.report
        )

    def crops(self) -> OwnedCrops:
        """Return genuine and forged crops; for a detector of clips, runs of consecutive ones."""
        shelf = gather_crops(
            self.corpus,
            forged_diet(self.corpus, self.split, self.run.methods),
            self.spec,
            per_clip=self.run.per_clip,
            finder=self.finder,
            report=self.report,
        )
        data, owners, pairs = shelf.as_set(), list(shelf.samples), shelf.pairs
        if self.spec.frames > 1:
            firsts = range(0, len(data.crops), self.spec.frames)
            clips = data.crops.reshape(-1, self.spec.frames, *data.crops.shape[1:])
            data = CropSet(clips, np.asarray(data.labels)[firsts], [data.groups[row] for row in firsts])
            owners, pairs = [owners[row] for row in firsts], [pairs[row] for row in firsts]
        return OwnedCrops(data, owners, pairs)


def forged_diet(corpus: Corpus, split: Split, methods: Sequence[str] = ()) -> tuple[Sample, ...]:
    """Return the samples that a detector of forgeries is trained on.

    Every forgery carries our mark, so a detector trained on unmarked genuine samples learns to read the mark. Where a
    split has a control slice, its samples replace their unmarked twins. The mark is then on both classes and reveals
    nothing.

    Args:
        corpus: The corpus.
        split: The split.
        methods: Shell patterns of the forgeries' names; empty for all.

    Raises:
        CorpusError: A pattern fits no forgery of the split.
    """
    forged = corpus.where(split=split, label=Label.FORGED)
    there = sorted({sample.method for sample in forged})
    fitting = {pattern: fnmatch.filter(there, pattern) for pattern in methods}
    for pattern, names in fitting.items():
        if not names:
            raise CorpusError(
                f"{corpus.root} has no forgery {pattern!r} in its {split} split; it has {', '.join(there) or 'none'}",
                corpus.root,
            )
    wanted = {name for names in fitting.values() for name in names} or set(there)
    control = corpus.where(split=split, slice=Slice.CONTROL)
    genuine = control or corpus.where(split=split, label=Label.GENUINE)
    return (*(sample for sample in forged if sample.method in wanted), *genuine)


def still_blends(faces: FaceSet, owners: Sequence[str], spec: DetectorSpec) -> tuple[CropSet, list[str]]:
    """Return each face blended once by a fixed draw: the crops, genuine and blended in turn, and the video of each.

    Args:
        faces: Genuine faces.
        owners: (N,) sample of each face.
        spec: The specification of the crops.
    """
    blends = SelfBlends(faces, spec).stored()
    return blends, [f"{owner} {kind}" for owner in owners for kind in ("genuine", "blended")]
