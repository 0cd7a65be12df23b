"""Open a pool of workers for many independent tasks, in the same way for every engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from forensics.execution.progress import Report, silent, subrange

from .config import RAY, Prepare, Result, Task, Work, WorkerConfig

Task_in = TypeVar("Task_in", contravariant=True)
Result_out = TypeVar("Result_out", covariant=True)


class WorkerPool(Protocol[Task_in, Result_out]):
    """Warm workers that wait for tasks."""

    def work(
        self, tasks: Sequence[Task_in], *, ordered: bool = True, report: Report = silent
    ) -> Iterator[tuple[int, Result_out]]:
        """Run tasks and yield each result with the place of its task.

        Only a few tasks per worker are in progress or queued, so that results do not pile up for a slow consumer. The
        task of a worker that died is repeated by another one.

        Args:
            tasks: The tasks; each must mean the same in any process.
            ordered: Whether to yield the results in the order of the tasks, and not as soon as each is ready.
            report: Progress callback.

        Raises:
            ForensicsError: A task ended one worker after another, or a worker could not be started, or a task raised
                the error.
        """


@contextmanager
def open_pool(worker_config: WorkerConfig, prepare: Prepare[Task, Result]) -> Iterator[WorkerPool[Task, Result]]:
    """Yield a worker pool, whose workers end with the block.

    Args:
        worker_config: Which engine, and how many.
        prepare: Makes each worker warm. Other processes get it pickled, so it has to be a function of a module, or a
            partial of one.

    Raises:
        MissingPieceError: The engine's package is not installed.
        InputError: The cluster cannot be reached.
    """
    if worker_config.alone:
        with prepare() as work:
            yield _SerialPool(work)
        return
    from .dispatcher import DispatchedPool, Workers

    workers: Workers
    if worker_config.engine == RAY:
        from .ray_workers import RayWorkers

        workers = RayWorkers(prepare, worker_config)
    else:
        from .process_workers import ProcessWorkers

        workers = ProcessWorkers(prepare, worker_config)
    try:
        yield DispatchedPool(workers)
    finally:
        workers.close()


class _SerialPool(Generic[Task, Result]):
    """A pool without workers: this process does the work."""

    def __init__(self, work: Work[Task, Result]) -> None:
        self._work = work

    def work(
        self, tasks: Sequence[Task], *, ordered: bool = True, report: Report = silent
    ) -> Iterator[tuple[int, Result]]:
        for place, task in enumerate(tasks):
            yield place, self._work(task, subrange(report, place / len(tasks), (place + 1) / len(tasks)))
