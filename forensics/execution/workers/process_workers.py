"""Run workers as processes of this machine, each with one thread and a pipe."""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from forensics.execution.child_process import ending_of, follow_parent, keyboard_held, portable
from forensics.execution.log import LogLevels, hand_records_over, log_levels, take_record
from forensics.execution.progress import silent

from .config import WorkerConfig
from .dispatcher import Failure, TaskDone, WorkerDied, WorkerEvent, WorkerReady
from .threads import one_thread_each

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

_SPEAKING = threading.Lock()
"""Held while something is sent to the parent; a log record may come from any thread."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    ready: bool = False


class ProcessWorkers:
    """Workers in separate processes; they end with this process, even where it is killed."""

    def __init__(self, prepare: object, worker_config: WorkerConfig) -> None:
        """Start all workers; they get ready at the same time."""
        self.count = worker_config.workers or os.cpu_count() or 1
        self._prepare = pickle.dumps(prepare)
        self._workers: list[_Worker] = []
        for _ in range(self.count):
            self._workers.append(self._start())

    def submit(self, worker: int, task: object) -> None:
        """Send a task; a dead worker is reported later as an event."""
        try:
            self._workers[worker].pipe.send_bytes(pickle.dumps(task))
        except OSError:
            return

    def poll(self) -> Sequence[WorkerEvent]:
        """Wait for results and for processes that end."""
        number_of = {worker.pipe: number for number, worker in enumerate(self._workers)}
        heard = [self._heard(number_of[pipe]) for pipe in wait(list(number_of)) if isinstance(pipe, Connection)]
        return [event for event in heard if event is not None]

    def replace(self, worker: int) -> None:
        """Start another process."""
        _end(self._workers[worker])
        self._workers[worker] = self._start()

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            _end(worker)

    def _start(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, log_levels()))
        with keyboard_held():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        try:
            ours.send_bytes(self._prepare)
        except OSError:  # it died at once, which will be news
            return worker
        return worker

    def _heard(self, number: int) -> WorkerEvent | None:
        """Take what a worker sent: an event, or a log record, which is none."""
        worker = self._workers[number]
        try:
            said = pickle.loads(worker.pipe.recv_bytes())  # noqa: S301 - written by our own process  # nosec B301
        except (EOFError, OSError):
            worker.process.join(5)
            return WorkerDied(number, ending_of(worker.process.exitcode))
        if isinstance(said, logging.LogRecord):
            take_record(said)
            return None
        if isinstance(said, Failure):
            raise said.error
        if worker.ready:
            return TaskDone(number, said)
        worker.ready = True
        return WorkerReady(number)


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()
    worker.process.close()


def _serve(pipe: Connection, levels: LogLevels) -> None:
    """The process's side: prepare once, then work until the pipe closes."""
    follow_parent()
    one_thread_each()
    hand_records_over(levels, partial(_say, pipe))
    try:
        with _hear(pipe)() as work:  # type: ignore[operator]
            _say(pipe, None)
            while True:
                _say(pipe, work(_hear(pipe), silent))
    except Exception as error:
        _say(pipe, Failure(portable(error)))


def _hear(pipe: Connection) -> object:
    try:
        written = pipe.recv_bytes()
    except (EOFError, OSError):
        raise SystemExit from None
    said: object = pickle.loads(written)  # noqa: S301 - written by our own process  # nosec B301
    return said


def _say(pipe: Connection, value: object) -> None:
    written = pickle.dumps(value)
    try:
        with _SPEAKING:
            pipe.send_bytes(written)
    except OSError:
        raise SystemExit from None
