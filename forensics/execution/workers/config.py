"""Configure worker pools: the engine, the number of workers, and the type of their work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from forensics.execution.progress import Report

Task = TypeVar("Task")
Result = TypeVar("Result")
Work: TypeAlias = Callable[[Task, Report], Result]
"""Function that does one task; it receives the progress callback of that task."""
Prepare: TypeAlias = Callable[[], AbstractContextManager[Callable[[Task, Report], Result]]]
"""Function that prepares a worker: it is called once in each, and its context stays open as long as the worker works.
"""
LOCAL, RAY = "local", "ray"


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """The engine and the number of workers.

    Attributes:
        engine: `local` or `ray`.
        workers: Number of workers; 1 on the local engine works in this process. None uses one for each core, and on Ray
            as many as the cluster has room for.
        address: Address of the Ray cluster, None to start one on this machine.
        gpus: GPUs of each worker on Ray; less than 1 to share one.
    """

    engine: str = LOCAL
    workers: int | None = 1
    address: str | None = None
    gpus: float = 0.0

    @property
    def alone(self) -> bool:
        """Return whether the work is done in this process."""
        return self.engine == LOCAL and self.workers == 1

    @property
    def device(self) -> str | None:
        """Return the device on which a worker computes, None for the work's own choice."""
        return "cuda" if self.gpus else None


SERIAL = WorkerConfig()
