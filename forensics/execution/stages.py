"""Run the stages of a long command one after the other, with one progress bar and the time of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .progress import Report, subrange


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage and its expected share of the whole.

    Attributes:
        name: Name in the table of times.
        weight: Expected seconds on two cores; only the ratios matter, and only for the time estimate.
    """

    name: str
    weight: float


class StageClock:
    """The progress ranges of the stages, and the time that each stage took."""

    def __init__(self, stages: Sequence[Stage], report: Report) -> None:
        """Store the stages and the progress bar.

        Args:
            stages: All of them, in the order they will run.
            report: The whole progress bar.
        """
        self._stages = list(stages)
        self._report = report
        self._next = 0
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[Report]:
        """Run the next stage.

        Args:
            name: Its name, to check that the code and the list of stages agree.

        Yields:
            The stage's own report, from 0 to 1.
        """
        expected = self._stages[self._next]
        if expected.name != name:
            raise ValueError(f"stage {name!r} runs where {expected.name!r} was announced")
        total = sum(stage.weight for stage in self._stages)
        start = sum(stage.weight for stage in self._stages[: self._next]) / total
        end = start + expected.weight / total
        self._report(start, name)
        began = time.perf_counter()
        yield subrange(self._report, start, end)
        self.seconds[name] = time.perf_counter() - began
        self._report(end, name)
        self._next += 1
