"""Measure every arm's and every baseline's frames against the truth, and store the measures beside the frames."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.paper_claims.arms import Alignment, Plan, Run
from benchmarks.paper_claims.cases import DOMAINS, Domain, pairing
from benchmarks.paper_claims.findings import ADAPTER, ALIGNED, BASELINE, BOTH, Table
from benchmarks.paper_claims.measuring import Reference, Values, measure, reference
from forensics.evaluation.generator_quality import Judge
from forensics.storage.files import write_whole
from generator.training.data.batch import Picture
from generator.training.data.example_store import load_store

NAIVE = {BASELINE: "baseline, drive's camera too", ADAPTER: "+ Expression Adapter, drive's camera too"}
COPY, TRUTH = "copy of the source", "true frames"

Tables = dict[str, dict[str, Table]]
"""Tables by arm and measure."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of a family's arms.

    Attributes:
        arms: Tables (seeds, identities) by arm and measure.
        frames: Number of frames of each domain on which a measure is defined, by arm and measure.
    """

    arms: Tables
    frames: dict[tuple[str, str, str], int]


class Bench:
    """Measure frames against the pairs; the measures of a judge are stored beside the frames.

    Args:
        plan: Amount of measuring.
        folder: Folder of stores and runs.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder, self.judge = plan, folder, Judge.load()
        examples = load_store(folder / "aligned")
        self.references = [
            reference(pairing(number, plan), one.maps["guides"][:, 0].numpy()) for number, one in enumerate(examples)
        ]

    def domain(self, name: Domain) -> slice:
        """Return which pairs belong to a domain."""
        first = list(DOMAINS).index(name) * self.plan.per_domain
        return slice(first, first + self.plan.per_domain)

    def values(self, frames: Picture, kept: Path) -> Values:
        """Return each measure (identities, T) of frames (identities, T, S, S, 3)."""
        path = kept.with_name(f"{kept.stem}-{self.judge.digest[:12]}.npz")
        if not path.exists():
            found = [measure(one, against, self.judge) for one, against in zip(frames, self.references, strict=True)]
            arrays = {name: np.stack([one[name] for one in found]) for name in found[0]}
            write_whole(path, lambda staged: np.savez(staged, allow_pickle=False, **arrays))
        with np.load(path) as file:
            return {name: file[name] for name in file.files}

    def run_values(self, run: Run, alignment: Alignment) -> Values:
        """Return each measure of a run's frames."""
        path = self.folder / run.name / f"{alignment}.npz"
        print(f"measuring {run.name}, {alignment}", file=sys.stderr, flush=True)
        with np.load(path) as file:
            return self.values(file["frames"], path)

    def measured(self) -> Measured:
        """Return the measures of the arms."""
        places: dict[str, tuple[bool, Alignment]] = {
            BASELINE: (False, "drive-shape"), ALIGNED: (False, "aligned"), ADAPTER: (True, "drive-shape"),
            BOTH: (True, "aligned"), NAIVE[BASELINE]: (False, "drive-shape-camera"),
            NAIVE[ADAPTER]: (True, "drive-shape-camera"),
        }  # fmt: skip
        runs = {(run.adapter, run.seed): run for run in self.plan.runs()}
        found = Measured({}, {})
        for arm, (adapter, alignment) in places.items():
            if alignment not in self.plan.alignments:
                continue
            self._take(found, arm, [self.run_values(runs[adapter, seed], alignment) for seed in self.plan.seeds])
        return found

    def standards(self) -> Measured:
        """Return the measures of copying and of the truth."""
        truths = np.stack([against.pair.truth.pictures for against in self.references])
        copies = np.stack([_copied(against) for against in self.references])
        found = Measured({}, {})
        shown = {COPY: copies, TRUTH: truths}
        for arm, frames in shown.items():
            self._take(found, arm, [self.values(frames, self.folder / f"{arm.replace(' ', '-')}.npz")])
        return found

    def _take(self, into: Measured, arm: str, seeds: Sequence[Values]) -> None:
        into.arms[arm] = {name: np.stack([_means(values[name]) for values in seeds]) for name in seeds[0]}
        for name, values in seeds[0].items():
            for domain in DOMAINS:
                into.frames[arm, name, domain] = int(np.isfinite(values[self.domain(domain)]).sum())


def _copied(against: Reference) -> Picture:
    return np.repeat(against.pair.case.picture[None], len(against.pair.truth.frames), 0)


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over frames (identities,) of (identities, T), NaN where no value is defined."""
    seen = np.isfinite(values)
    count = seen.sum(1)
    return np.where(count > 0, np.where(seen, values, 0).sum(1) / np.maximum(count, 1), np.nan)
