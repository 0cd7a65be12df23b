"""Run workers as actors of a Ray cluster, one task each at a time; Ray places them, on GPUs where requested.

Every machine of the cluster needs this package, and the corpus and the deployment's folder under the same paths. Only
tasks and results are sent, no media and no secrets.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from forensics.errors import InputError, MissingPieceError
from forensics.execution.child_process import portable
from forensics.execution.log import LogLevels, hand_records_over, log_levels, take_record
from forensics.execution.progress import silent

from .config import WorkerConfig
from .dispatcher import Failure, TaskDone, WorkerDied, WorkerEvent, WorkerReady
from .threads import one_thread_each


class RayWorkers:
    """Workers that Ray starts; workers for which there is no room yet start later, while the others work."""

    def __init__(self, prepare: object, worker_config: WorkerConfig) -> None:
        """Connect to the cluster or start one, and request the actors.

        Raises:
            MissingPieceError: Ray is not installed.
            InputError: The cluster cannot be reached, or has no room for a single worker.
        """
        self._ray = _ray()
        self._own = not self._ray.is_initialized()
        if self._own:
            _connect(self._ray, worker_config.address)
        self.count = worker_config.workers or _room(self._ray.cluster_resources(), worker_config.gpus)
        self._actor = self._ray.remote(num_cpus=1, num_gpus=worker_config.gpus, max_restarts=0, max_task_retries=0)(
            _Actor
        )
        self._prepare = self._ray.put(pickle.dumps(prepare))
        self._said: dict[Any, WorkerEvent] = {}
        self._actors = [self._start(number) for number in range(self.count)]

    def submit(self, worker: int, task: object) -> None:
        """Send an actor its task."""
        self._said[self._actors[worker].work.remote(pickle.dumps(task))] = TaskDone(worker, None)

    def poll(self) -> Sequence[WorkerEvent]:
        """Wait for calls to return, or to fail with their actor."""
        ended, _ = self._ray.wait(list(self._said), num_returns=1)
        return [self._heard(call, self._said.pop(call)) for call in ended]

    def replace(self, worker: int) -> None:
        """Request another actor."""
        self._actors[worker] = self._start(worker)

    def close(self) -> None:
        """End the actors, and the cluster connection where this run opened it."""
        for actor in self._actors:
            self._ray.kill(actor)
        if self._own:
            self._ray.shutdown()

    def _start(self, number: int) -> Any:  # noqa: ANN401 - Ray has no type for an actor
        actor = self._actor.remote(log_levels())
        self._said[actor.warm.remote(self._prepare)] = WorkerReady(number)
        return actor

    def _heard(self, call: object, expected: WorkerEvent) -> WorkerEvent:
        try:
            records, said = pickle.loads(self._ray.get(call))  # noqa: S301 - written by our own actor  # nosec B301
        except self._ray.exceptions.RayError as error:
            return WorkerDied(expected.worker, type(error).__name__)
        for record in records:
            take_record(record)
        if isinstance(said, Failure):
            raise said.error
        return expected if isinstance(expected, WorkerReady) else TaskDone(expected.worker, said)


class _Actor:
    """One warm worker."""

    def __init__(self, levels: LogLevels) -> None:
        one_thread_each()
        self._records: list[logging.LogRecord] = []
        hand_records_over(levels, self._records.append)
        self._open = ExitStack()

    def warm(self, prepare: bytes) -> bytes:
        """Prepare the worker."""
        try:
            self._work = self._open.enter_context(pickle.loads(prepare)())  # noqa: S301 - written by our own process  # nosec B301
        except Exception as error:
            return self._answer(Failure(portable(error)))
        return self._answer(None)

    def work(self, task: bytes) -> bytes:
        """Run one task."""
        try:
            return self._answer(self._work(pickle.loads(task), silent))  # noqa: S301 - written by our own process  # nosec B301
        except Exception as error:
            return self._answer(Failure(portable(error)))

    def _answer(self, value: object) -> bytes:
        """Send what was logged since the last answer, and a value."""
        records, self._records[:] = list(self._records), []
        return pickle.dumps((records, value))


def _ray() -> Any:  # noqa: ANN401 - a module that need not be there
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # otherwise Ray reports usage to its makers
    try:
        import ray
    except ImportError as error:
        raise MissingPieceError(
            f"--engine ray needs the package {error.name}; get it with `pip install 'facetrail[ray]'`"
        ) from None
    return ray


def _connect(ray: Any, address: str | None) -> None:  # noqa: ANN401
    try:
        ray.init(
            address=address, include_dashboard=None if address else False, log_to_driver=False, logging_level="ERROR"
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"--address {address}: no Ray cluster can be reached there ({' '.join(str(error).split())})"
        ) from None


def _room(resources: dict[str, float], gpus: float) -> int:
    """Count the workers that the cluster has room for."""
    room = int(min(resources.get("CPU", 0), resources.get("GPU", 0) / gpus if gpus else float("inf")))
    if not room:
        raise InputError(f"the Ray cluster has no room for one worker with 1 CPU and {gpus:g} GPU")
    return room
