"""Dispatch tasks to workers of any kind: a few at a time, in order, and again where a worker died."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from forensics.errors import ForensicsError
from forensics.execution.progress import Report, silent

Task = TypeVar("Task")
Result = TypeVar("Result")

AHEAD = 4
"""Number of tasks per worker that are in progress or queued."""

TRIES = 3
"""Number of workers that one task may end."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """A worker is warm and waits for a task."""

    worker: int


@dataclass(frozen=True, slots=True, eq=False)
class TaskDone:
    """A worker finished its task."""

    worker: int
    result: object


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """A worker ended unexpectedly; `how` describes the cause in a word or two."""

    worker: int
    how: str


WorkerEvent = WorkerReady | TaskDone | WorkerDied


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """The message of a worker that met an error."""

    error: Exception


class Workers(Protocol):
    """The workers of an engine, numbered from 0."""

    @property
    def count(self) -> int:
        """Return the number of workers."""

    def submit(self, worker: int, task: object) -> None:
        """Send a waiting worker its next task."""

    def poll(self) -> Sequence[WorkerEvent]:
        """Wait until something happens, and return the events.

        Raises:
            Exception: A task, or the preparation of a worker, raised the error.
        """

    def replace(self, worker: int) -> None:
        """Start another worker in the place of one that died."""

    def close(self) -> None:
        """End all workers, even while they work."""


class DispatchedPool(Generic[Task, Result]):
    """A pool whose workers run in other processes."""

    def __init__(self, workers: Workers) -> None:
        """Take over workers that were just started."""
        _LOG.info("started %d workers", workers.count)
        self._workers = workers
        self._idle: deque[int] = deque()
        self._warm: set[int] = set()
        self._failed_starts = 0

    def work(
        self, tasks: Sequence[Task], *, ordered: bool = True, report: Report = silent
    ) -> Iterator[tuple[int, Result]]:
        """Run tasks; see `WorkerPool`."""
        waiting: deque[int] = deque()
        at: dict[int, int] = {}
        held: dict[int, Result] = {}
        deaths: Counter[int] = Counter()
        begun = given = 0
        while given < len(tasks):
            while self._idle and len(at) + len(held) < AHEAD * self._workers.count and (waiting or begun < len(tasks)):
                place = waiting.popleft() if waiting else begun
                begun = max(begun, place + 1)
                at[worker := self._idle.popleft()] = place
                self._workers.submit(worker, tasks[place])
            for event in self._workers.poll():
                match event:
                    case WorkerReady(worker):
                        self._mark_ready(worker)
                    case TaskDone(worker, result):
                        held[at.pop(worker)] = result  # type: ignore[assignment]
                        self._idle.append(worker)
                    case WorkerDied(worker, how):
                        self._replace_dead(worker, how)
                        if worker in at:
                            waiting.append(_again(at.pop(worker), how, deaths, len(tasks)))
                            _LOG.debug("task %d of %d is done again by another worker", waiting[-1] + 1, len(tasks))
            for place in _to_give(held, given if ordered else None):
                yield place, held.pop(place)
                given += 1

    def _mark_ready(self, worker: int) -> None:
        _LOG.debug("worker %d is ready", worker)
        self._warm.add(worker)
        self._failed_starts = 0
        self._idle.append(worker)

    def _replace_dead(self, worker: int, how: str) -> None:
        """Start another worker in the place of a dead one, unless one after another dies before it is ready."""
        if worker in self._idle:
            self._idle.remove(worker)
        self._failed_starts += worker not in self._warm
        self._warm.discard(worker)
        if self._failed_starts == TRIES:
            raise ForensicsError(f"{TRIES} working processes did not start ({how}); run again with fewer --workers")
        _LOG.info("worker %d died of %s and is replaced", worker, how)
        self._workers.replace(worker)


def _to_give(held: Collection[int], next_place: int | None) -> Iterator[int]:
    """Yield the places of the results that can be returned now: those that follow in order, or all."""
    if next_place is None:
        yield from list(held)
        return
    while next_place in held:
        yield next_place
        next_place += 1


def _again(place: int, how: str, deaths: Counter[int], total: int) -> int:
    deaths[place] += 1
    if deaths[place] == TRIES:
        raise ForensicsError(
            f"task {place + 1} of {total} ended {TRIES} processes that worked on it, the last by {how}, perhaps for "
            "want of memory; run again with fewer --workers: what is done is kept"
        )
    return place
