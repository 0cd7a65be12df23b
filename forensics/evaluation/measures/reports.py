"""Declare the results of an evaluation: measures, reports of detectors, comparisons, and the record of their run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from forensics.evaluation.scores.score_table import EVERYTHING

if TYPE_CHECKING:
    from forensics.evaluation.metrics.intervals import Interval

CLEAN = "none"
"""The distortion name of undistorted samples."""


@dataclass(frozen=True, slots=True)
class AppliedDistortion:
    """What was done to the samples of a measure.

    Attributes:
        name: Of the distortion, `none` for nothing.
        severity: How strongly, from 1; 0 for none.
        parameter: The severity in words, such as `quality 30` or `ε 4/255`.
    """

    name: str = CLEAN
    severity: int = 0
    parameter: str = ""


UNDISTORTED = AppliedDistortion()


class Level(StrEnum):
    """The unit that counts as one sample."""

    FRAME = "frame"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number and everything that is needed to read it.

    Attributes:
        name: Metric and level, such as `auc/video`.
        level: The unit that counts as one sample.
        slice: Part of the test, `all` for the whole, `gender=female` or `method=swap` for a part of it.
        distortion: The distortion of the samples, `none` without one.
        severity: Severity of the distortion, from 1; 0 without one.
        value: The number.
        low: Lower end of the 95 % interval, None where too few identities allow none.
        high: Upper end of the interval.
        n_positive: Number of manipulated samples.
        n_negative: Number of genuine samples.
        note: A warning for the reader, usually empty.
        parameter: The distortion's parameter in words, such as `quality 30` or `ε 4/255`.
    """

    name: str
    level: Level
    slice: str
    distortion: str
    severity: int
    value: float
    low: float | None
    high: float | None
    n_positive: int
    n_negative: int
    note: str = ""
    parameter: str = ""

    @classmethod
    def of(
        cls,
        metric: str,
        interval: Interval,
        n_positive: int,
        n_negative: int,
        *,
        level: Level = Level.VIDEO,
        slice: str = EVERYTHING,
        applied: AppliedDistortion = UNDISTORTED,
        note: str = "",
    ) -> Measure:
        """Make a measure of what a bootstrap found.

        Args:
            metric: The name without its level.
            interval: Value and bounds.
            n_positive: Manipulated samples.
            n_negative: Genuine samples.
            level: What one sample is.
            slice: Part of the test.
            applied: What was done to the samples.
            note: A warning for the reader.
        """
        bounds = interval.value, interval.low, interval.high
        counts = n_positive, n_negative
        return cls(
            f"{metric}/{level}", level, slice, applied.name, applied.severity, *bounds, *counts, note, applied.parameter
        )

    @property
    def metric(self) -> str:
        """Return the name without its level."""
        return self.name.partition("/")[0]


PICTURES = "pictures"
"""Value of `EvalReport.samples` where every sample is one picture."""


@dataclass(frozen=True, slots=True)
class EvalReport:
    """The measures of one detector on one corpus.

    Attributes:
        corpus: Name of the corpus, or of the file the scores came from.
        detector: Name of the detector, `probe:metadata` for a probe, or of the file the scores came from.
        protocol: The protocol of the numbers.
        seed: Seed of the bootstrap and the distortions.
        measures: The measures, in the order they were made.
        sealed: Whether threshold and calibration were frozen before the test was first read.
        threshold: The threshold of a score, None where none was given.
        threshold_origin: Origin of the threshold, such as `5 % false positives on the detector's validation data`.
        aggregation: Aggregation of frame scores into a video's score.
        early_reads: Reads of the test before the threshold was frozen, in words; empty where the test was sealed.
        warnings: Sentences that a reader must know before relying on a number.
        corpus_digest: SHA-256 of the manifest lines of the tested samples, hex; empty for a file of scores.
        detector_digest: SHA-256 of the detector's weights and thresholds, hex; empty for a file of scores.
        samples: What a sample of the level `video` is: `videos`, or `pictures` where each is one picture.
    """

    corpus: str
    detector: str
    protocol: str
    seed: int
    measures: tuple[Measure, ...]
    sealed: bool
    threshold: float | None = None
    threshold_origin: str = ""
    aggregation: str = ""
    early_reads: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    corpus_digest: str = ""
    detector_digest: str = ""
    samples: str = "videos"

    def title(self, name: str) -> str:
        """Return the name of a measure for people: `auc/picture` instead of `auc/video` where samples are pictures."""
        return name.replace(f"/{Level.VIDEO}", "/picture") if self.samples == PICTURES else name

    def find(self, name: str, *, slice: str = EVERYTHING, distortion: str = CLEAN, severity: int = 0) -> Measure | None:
        """Return the first measure of a name on a slice under a distortion, None where there is none.

        Args:
            name: Metric and level, such as `auc/video`.
            slice: Part of the test.
            distortion: The distortion of the samples.
            severity: Severity of the distortion.
        """
        wanted = (name, slice, distortion, severity)
        return next(
            (one for one in self.measures if (one.name, one.slice, one.distortion, one.severity) == wanted), None
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two detectors on the same samples.

    Attributes:
        first: Name of the first detector.
        second: Name of the second.
        name: The compared quantity: metric and level, such as `auc/video`.
        first_value: Value of the first detector.
        second_value: Value of the second.
        difference: First minus second.
        low: Lower end of the 95 % interval of the difference, by paired bootstrap over identities.
        high: Upper end of the interval.
        p_delong: Two-sided p-value of DeLong's test, which assumes that videos are independent.
        p_permutation: Two-sided p-value of a permutation of the detectors over groups of linked identities.
        p_adjusted: The permutation's p-value after Holm's correction for all comparisons made together.
        n_positive: Number of manipulated samples.
        n_negative: Number of genuine samples.
        clusters: Number of groups of videos that share no identity with one another.
        note: A warning for the reader, usually empty.
    """

    first: str
    second: str
    name: str
    first_value: float
    second_value: float
    difference: float
    low: float | None
    high: float | None
    p_delong: float | None
    p_permutation: float | None
    p_adjusted: float | None
    n_positive: int
    n_negative: int
    clusters: int
    note: str = ""

    @property
    def distinguishable(self) -> bool:
        """Return whether the adjusted p-value is below 5 % and the interval excludes zero."""
        if self.p_adjusted is None or self.p_adjusted >= 0.05 or self.low is None or self.high is None:
            return False
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class EvalRun:
    """The common record of the reports of one results folder.

    Attributes:
        corpus: Name of the corpus, or of the file the scores came from.
        created: Time of the run, ISO 8601.
        command: The command line of the run.
        seed: Seed of the bootstrap and the distortions.
        environment: Names and versions of the software and the machine.
        detectors: Names of the detectors in the order given; each has a folder beside this record.
        comparisons: Comparisons of the detectors with one another.
        probes: Names of the probes; each has a folder like a detector's.
        protocol: Name of the protocol.
        corpus_digest: SHA-256 of the manifest lines of the tested samples, hex.
    """

    corpus: str
    created: str
    command: str
    seed: int
    environment: tuple[tuple[str, str], ...]
    detectors: tuple[str, ...]
    comparisons: tuple[Comparison, ...] = ()
    probes: tuple[str, ...] = ()
    protocol: str = ""
    corpus_digest: str = ""
