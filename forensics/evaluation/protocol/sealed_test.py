"""Seal a test until its threshold is frozen, and record every earlier read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from forensics.evaluation.errors import SealError
from forensics.evaluation.measures.reports import EvalReport
from forensics.evaluation.measures.table_measures import measure_table, warnings_of
from forensics.evaluation.metrics.named_metrics import at_threshold
from forensics.evaluation.scores.aggregation import Aggregation
from forensics.evaluation.scores.score_table import ScoreTable

__all__ = ["SealedTest", "at_threshold", "evaluate_sealed"]


class SealedTest:
    """A test set that records whether the threshold was frozen before the scores were first read."""

    def __init__(self, read: Callable[[], ScoreTable], *, early_reads: Sequence[str] = ()) -> None:
        """Store the function that reads the scores, without calling it.

        Args:
            read: Function that returns the scores; it is called once, on the first `open`.
            early_reads: Reads of the same test that are known to have happened before, in words.
        """
        self._read = read
        self._table: ScoreTable | None = None
        self._threshold: float | None = None
        self._origin = ""
        self._early = list(early_reads)

    @property
    def sealed(self) -> bool:
        """Return whether a threshold is frozen and nobody read the test before."""
        return self._threshold is not None and not self._early

    @property
    def threshold(self) -> float | None:
        """Return the frozen threshold, None before `freeze`."""
        return self._threshold

    @property
    def threshold_origin(self) -> str:
        """Return the origin of the frozen threshold in words."""
        return self._origin

    @property
    def early_reads(self) -> tuple[str, ...]:
        """Return the reads of the test before the threshold was frozen, in words."""
        return tuple(self._early)

    def freeze(self, threshold: float, origin: str = "") -> None:
        """Freeze the threshold, chosen on validation data; after a read of the test, it counts as not sealed.

        Args:
            threshold: Scores strictly above it are flagged.
            origin: Origin of the threshold, in words.

        Raises:
            SealError: Another threshold is frozen already.
        """
        if self._threshold is not None and self._threshold != threshold:
            raise SealError(
                f"the threshold is frozen at {self._threshold}; a second choice of {threshold} would fit the test"
            )
        self._threshold = threshold
        self._origin = self._origin or origin

    def open(self) -> ScoreTable:
        """Read the scores; a read before `freeze` is recorded."""
        if self._threshold is None:
            self._early.append("the test was opened before a threshold was frozen")
        if self._table is None:
            self._table = self._read()
        return self._table


def evaluate_sealed(
    test: SealedTest,
    *,
    corpus: str,
    detector: str,
    protocol: str,
    seed: int,
    replicates: int = 1000,
    aggregation: Aggregation = Aggregation.MEAN,
    by_method: bool = False,
    samples: str = "videos",
) -> EvalReport:
    """Measure a sealed test at its frozen threshold and record whether the seal held.

    Args:
        test: A test with a frozen threshold.
        corpus: Name of the corpus.
        detector: Name of the detector.
        protocol: Name of the protocol.
        seed: Seed of the bootstrap.
        replicates: Number of bootstrap replicates.
        aggregation: Aggregation of frame scores into a video's score.
        by_method: Whether to measure each forgery method separately too, as slice `method=<name>`.
        samples: What a sample is, `videos` or `pictures`.

    Raises:
        SealError: No threshold was frozen.
        MetricError: The test contains one class only.
    """
    if test.threshold is None:
        raise SealError("freeze a threshold chosen on validation data before the test is measured")
    table = test.open()
    measures = measure_table(
        table,
        seed=seed,
        threshold=test.threshold,
        replicates=replicates,
        aggregation=aggregation,
        slices=table.method_slices if by_method else (),
    )
    return EvalReport(
        corpus,
        detector,
        protocol,
        seed,
        measures,
        sealed=test.sealed,
        threshold=test.threshold,
        threshold_origin=test.threshold_origin,
        aggregation=aggregation.value,
        early_reads=test.early_reads,
        warnings=warnings_of(measures, table.identities, samples),
        samples=samples,
    )
