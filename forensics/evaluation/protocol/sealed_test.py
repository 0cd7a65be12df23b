"""Keep a test sealed until its threshold is frozen, and record every look before."""

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
    """Guard a test set: remember whether the threshold was frozen before the scores were first read."""

    def __init__(self, read: Callable[[], ScoreTable], *, early_reads: Sequence[str] = ()) -> None:
        """Keep the way to the scores without taking it.

        Args:
            read: Gives the scores; called once, on the first `open`.
            early_reads: Reads of the same test that are known to have come before, in words.
        """
        self._read = read
        self._table: ScoreTable | None = None
        self._threshold: float | None = None
        self._origin = ""
        self._early = list(early_reads)

    @property
    def sealed(self) -> bool:
        """Whether a threshold is frozen and nobody read the test before."""
        return self._threshold is not None and not self._early

    @property
    def threshold(self) -> float | None:
        """The frozen threshold, None before `freeze`."""
        return self._threshold

    @property
    def threshold_origin(self) -> str:
        """Where the frozen threshold comes from, in words."""
        return self._origin

    @property
    def early_reads(self) -> tuple[str, ...]:
        """Reads of the test before the threshold was frozen, in words."""
        return tuple(self._early)

    def freeze(self, threshold: float, origin: str = "") -> None:
        """Fix the threshold, chosen on validation data; frozen after a look at the test, it counts as not sealed.

        Args:
            threshold: Scores strictly above it are flagged.
            origin: Where it comes from, in words.

        Raises:
            SealError: If another threshold is frozen already.
        """
        if self._threshold is not None and self._threshold != threshold:
            raise SealError(
                f"the threshold is frozen at {self._threshold}; a second choice of {threshold} would fit the test"
            )
        self._threshold = threshold
        self._origin = self._origin or origin

    def open(self) -> ScoreTable:
        """Read the scores; a read before `freeze` is remembered."""
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
) -> EvalReport:
    """Measure a sealed test at its frozen threshold and record whether the seal held.

    Args:
        test: With a frozen threshold.
        corpus: Its name.
        detector: Name of the detector.
        protocol: Name of the protocol.
        seed: Of the bootstrap.
        replicates: Of the bootstrap.
        aggregation: How a video's score follows from its frames'.
        by_method: Whether to measure each forgery method by itself too, as slice `method=<name>`.

    Raises:
        SealError: If no threshold was frozen.
        MetricError: If the test holds one class only.
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
        warnings=warnings_of(measures, table.identities),
    )
