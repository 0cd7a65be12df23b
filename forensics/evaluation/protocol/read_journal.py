"""Record which test sets were read, when and for which detector, as lines of JSON in an append-only file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from forensics.evaluation.errors import ScoresError
from forensics.storage.files import append_line, whole_lines
from forensics.storage.json_records import parse_json, read_record

JOURNAL_NAME = "reads.jsonl"


@dataclass(frozen=True, slots=True)
class TestRead:
    """One read of a test set.

    Attributes:
        time: Time of the read, ISO 8601 in UTC.
        corpus: Name of the corpus.
        corpus_digest: Digest of the read samples.
        detector: Name of the detector that scored them.
        detector_digest: Digest of its weights and thresholds.
        protocol: Name of the protocol.
        threshold: The threshold frozen before the read, None without one.
        aggregation: Aggregation of frame scores into a video's score.
        settings: What the scores depend on apart from samples and detector, such as `8 frames of a clip`.
        scores_sha256: SHA-256 of the file of scores, hex.
        validation_sha256: SHA-256 of the file of validation scores, hex; empty without one.
    """

    __test__ = False  # the name is not a test class

    time: str
    corpus: str
    corpus_digest: str
    detector: str
    detector_digest: str
    protocol: str
    threshold: float | None
    aggregation: str
    settings: str
    scores_sha256: str = ""
    validation_sha256: str = ""

    def same_scores(self, other: TestRead) -> bool:
        """Return whether both reads produce the same scores: same samples, weights and settings."""
        return self._facts() == other._facts()

    def _facts(self) -> tuple[str, ...]:
        return self.corpus_digest, self.detector, self.detector_digest, self.settings

    def changes(self, other: TestRead) -> tuple[str, ...]:
        """Return the names of the fitted settings that differ between both reads."""
        pairs = {
            "weights": (self.detector_digest, other.detector_digest),
            "threshold": (self.threshold, other.threshold),
            "aggregation": (self.aggregation, other.aggregation),
            "settings": (self.settings, other.settings),
        }
        return tuple(name for name, (one, another) in pairs.items() if one != another)

    def __str__(self) -> str:
        frozen = "before a threshold was frozen" if self.threshold is None else f"at threshold {self.threshold:.4f}"
        return (
            f"{self.detector} ({self.detector_digest[:12]}) read the test of {self.corpus} on {self.time} {frozen}, "
            f"{self.aggregation}, {self.settings}"
        )


def now() -> str:
    """Return the time in UTC, ISO 8601 to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def note_read(folder: Path, read: TestRead) -> None:
    """Append a read to the journal of a results folder; it is on disk when this returns."""
    folder.mkdir(parents=True, exist_ok=True)
    append_line(folder / JOURNAL_NAME, json.dumps(asdict(read), ensure_ascii=False, allow_nan=False))


def past_reads(folder: Path) -> tuple[TestRead, ...]:
    """Return the recorded reads of a results folder, oldest first.

    Raises:
        ScoresError: A line is not a read; the message names it.
    """
    path = folder / JOURNAL_NAME
    reads = []
    for number, line in enumerate(whole_lines(path), start=1):
        try:
            reads.append(read_record(TestRead, parse_json(line), "read"))
        except ValueError as error:
            message = f"{path}, line {number} is no record of a read ({error}); use another folder"
            raise ScoresError(message, path) from error
    return tuple(reads)


def early_reads(past: Sequence[TestRead], current: TestRead) -> tuple[str, ...]:
    """Return sentences on earlier reads of this test, under this name, with another choice, which may have shaped it.

    A choice is anything that could be fitted to the test: weights, threshold, aggregation, frames of a clip.

    Args:
        past: The reads in the journal.
        current: The read about to be made.
    """
    return tuple(
        f"{read}; changed since: {', '.join(read.changes(current))}"
        for read in past
        if (read.corpus_digest, read.detector) == (current.corpus_digest, current.detector) and read.changes(current)
    )


def other_readers(past: Sequence[TestRead], current: TestRead) -> tuple[str, ...]:
    """Return warnings where other detectors read the same test earlier: choosing among them by it fits the test.

    Args:
        past: The reads in the journal.
        current: The read about to be made.
    """
    others = sorted(
        {read.detector for read in past if read.corpus_digest == current.corpus_digest} - {current.detector}
    )
    if not others:
        return ()
    names = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
    return (f"this test was read earlier, for {names}; choose among detectors on validation data",)
