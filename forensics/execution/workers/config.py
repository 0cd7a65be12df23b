"""Which engine works off tasks, with how many workers, and what a worker is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from forensics.execution.progress import Report

Task = TypeVar("Task")
Result = TypeVar("Result")
Work: TypeAlias = Callable[[Task, Report], Result]
"""Does one task; the report is told how far that task is."""
Prepare: TypeAlias = Callable[[], AbstractContextManager[Callable[[Task, Report], Result]]]
"""Makes a worker warm: called once in each, and held open for as long as it works."""
LOCAL, RAY = "local", "ray"


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """Which engine works, and with how many workers.

    Attributes:
        engine: `local` or `ray`.
        workers: How many; 1 on the local engine works in this process. None takes one for each core, on Ray as many as
            the cluster has room for.
        address: Of the Ray cluster, None to start one on this machine.
        gpus: Of each worker on Ray; less than 1 to share one.
    """

    engine: str = LOCAL
    workers: int | None = 1
    address: str | None = None
    gpus: float = 0.0

    @property
    def alone(self) -> bool:
        """Whether the work is done in this process."""
        return self.engine == LOCAL and self.workers == 1

    @property
    def device(self) -> str | None:
        """Where a worker computes, None for wherever the work itself says."""
        return "cuda" if self.gpus else None


SERIAL = WorkerConfig()
