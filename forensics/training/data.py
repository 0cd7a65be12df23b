"""What a detector is trained on: which samples, and the crops, clips or faces cut from them."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from detectors import DetectorSpec, FaceSet, SelfBlends, TrainingSet, TrainingSource
from forensics.corpus import Corpus, Label, Sample, Slice, Split
from forensics.errors import CorpusError
from forensics.execution.progress import Report
from forensics.faces import FaceFinder, gather_crops, gather_faces

from .run_settings import TrainingRun


class OwnedCrops(NamedTuple):
    """Crops, or clips, and the sample each comes from."""

    data: TrainingSet
    owners: list[Sample]


@dataclass(frozen=True, slots=True)
class TrainingCrops:
    """What a run learns from in one split of a corpus; the test split is refused."""

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
        table = gather_crops(
            self.corpus,
            forged_samples(self.corpus, self.split, self.run.methods, self.run.hold_out),
            self.spec,
            per_clip=self.run.per_clip,
            finder=self.finder,
            altered_only=True,
            report=self.report,
        )
        data, owners = table.as_set(), list(table.samples)
        if self.spec.frames == 1:
            return OwnedCrops(data, owners)
        firsts = np.arange(0, len(data.crops), self.spec.frames)
        clips = data.crops.reshape(-1, self.spec.frames, *data.crops.shape[1:])
        return OwnedCrops(replace(data.subset(firsts), crops=clips), [owners[row] for row in firsts])


def check_splits(corpus: Corpus, run: TrainingRun) -> None:
    """Check that a corpus has what a run learns from, and what it chooses epoch, calibration and thresholds on.

    Args:
        corpus: The corpus.
        run: Settings of the training.

    Raises:
        CorpusError: A split has no samples, or lacks a class that is needed.
    """
    blended = run.training_source is TrainingSource.SELF_BLENDED
    if not blended and not corpus.where(label=Label.FORGED):
        raise CorpusError(
            f"{corpus.root} holds no forged samples to learn from; import some with --add, or train with "
            "--training-source self-blended, which needs genuine samples alone",
            corpus.root,
        )
    for split, use in ((Split.TRAIN, "learns from it"), (Split.VAL, "chooses epoch, calibration and thresholds on it")):
        for label in (Label.GENUINE,) if blended else (Label.GENUINE, Label.FORGED):
            if not corpus.where(split=split, label=label, slice=Slice.MAIN if blended else None):
                which = f"{label} samples" if corpus.where(split=split) else "samples"
                raise CorpusError(
                    f"{corpus.root} holds no {which} in its {split} split, and training {use}; "
                    f"`facetrail corpus split {corpus.root}` divides the people anew, as `facetrail corpus import "
                    "--split identity` does",
                    corpus.root,
                )


def forged_samples(
    corpus: Corpus, split: Split, methods: Sequence[str] = (), hold_out: Sequence[str] = ()
) -> tuple[Sample, ...]:
    """Choose the samples that a detector of forgeries is trained on.

    Every forgery carries our mark, so a detector that sees plain genuine samples learns to read the mark. Where a split
    has a control slice, its samples stand in for their plain twins: then the mark is on both classes and tells nothing.

    Args:
        corpus: The corpus.
        split: Which split.
        methods: Shell patterns of the forgeries' names; none of them takes all.
        hold_out: Shell patterns of forgeries that are left out.

    Raises:
        CorpusError: A pattern fits no forgery of the split, or no forgery is left.
    """
    forged = corpus.where(split=split, label=Label.FORGED)
    there = sorted({sample.method for sample in forged})
    fitting = {pattern: fnmatch.filter(there, pattern) for pattern in (*methods, *hold_out)}
    for pattern, names in fitting.items():
        if not names:
            raise CorpusError(
                f"{corpus.root} has no forgery {pattern!r} in its {split} split; it has {', '.join(there) or 'none'}",
                corpus.root,
            )
    wanted = {name for pattern in methods for name in fitting[pattern]} or set(there)
    wanted -= {name for pattern in hold_out for name in fitting[pattern]}
    if hold_out and not wanted:
        raise CorpusError(f"{corpus.root} has no forgery left in its {split} split; hold out fewer", corpus.root)
    control = corpus.where(split=split, slice=Slice.CONTROL)
    genuine = control or corpus.where(split=split, label=Label.GENUINE)
    return (*(sample for sample in forged if sample.method in wanted), *genuine)


def still_blends(faces: FaceSet, owners: Sequence[str], spec: DetectorSpec) -> tuple[TrainingSet, list[str]]:
    """Return each face blended once by a fixed draw: the crops, genuine and blended in turn, and the video of each.

    Args:
        faces: Genuine faces.
        owners: (N,) sample of each face.
        spec: The specification of the crops.
    """
    blends = SelfBlends(faces, spec).stored()
    return blends, [f"{owner} {kind}" for owner in owners for kind in ("genuine", "blended")]
