"""Process untrusted files in a separate process, within limits of time and memory.

One warm process handles many files. Where a file makes it hang, crash or fill the memory, the file gets a clear error
message, the process ends, and the next file gets a new process. This limits the resources that a file can use. It does
not confine code that takes over a decoder: such code runs with the user's rights.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from forensics.errors import ForensicsError, LimitError

from .child_process import ending_of, follow_parent, keyboard_held, portable
from .command_result import CommandResult, expected_errors, refusal, unexpected
from .log import LogLevels, hand_records_over, log_levels, take_record
from .progress import Report

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

SECONDS = 300
"""Longest time, in seconds, that one untrusted file may take."""

MEBIBYTES = 4096
"""Most memory, in MiB, that one untrusted file may take, beyond what the program itself takes."""

_LOG = logging.getLogger(__name__)

FileHandler: TypeAlias = Callable[[Path, Report], CommandResult]
_Said: TypeAlias = CommandResult | tuple[float, str] | logging.LogRecord


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one file.

    Attributes:
        seconds: Wall-clock time in seconds; processor time has the same limit on every core.
        mebibytes: Memory in MiB, beyond what the program takes before it opens a file. Enforced on Linux.
        verbose: Whether to show the origin of an unexpected error in the process.
    """

    seconds: float
    mebibytes: int
    verbose: int = 0


@contextmanager
def confined(prepare: Callable[[], FileHandler], limits: Limits) -> Iterator[FileHandler]:
    """Yield what answers for one file at a time, in a process of its own.

    Args:
        prepare: Is called in that process, once, and returns what answers there; it is sent there, so it has to be a
            function of a module, or a partial of one.
        limits: What one file may cost.

    Raises:
        LimitError: By the handler: a file took more than that, or ended the process.
        ForensicsError: The process could not be started; besides that, whatever `prepare` raises.
    """
    worker = _Worker(prepare, limits)
    try:
        worker.start()
        yield worker.answer
    finally:
        worker.stop()


class _Worker:
    """The parent's side: start the process, send it requests, and end it."""

    def __init__(self, prepare: Callable[[], FileHandler], limits: Limits) -> None:
        self._prepare, self._limits = prepare, limits
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> Connection:
        """Start the process and wait without a time limit until it is ready."""
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, self._prepare, self._limits, log_levels())
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        with keyboard_held():
            self._process.start()
        theirs.close()
        try:
            while isinstance(refused := self._pipe.recv(), logging.LogRecord):
                take_record(refused)
        except EOFError:
            raise ForensicsError(f"the process that opens files did not start ({self._ending()}); run again") from None
        if refused is not None:
            raise refused
        _LOG.info(
            "started process %s, which opens files within %g seconds and %d MiB each",
            self._process.pid,
            self._limits.seconds,
            self._limits.mebibytes,
        )
        return self._pipe

    def answer(self, path: Path, report: Report) -> CommandResult:
        """Return the result of one file from the process.

        Raises:
            LimitError: The file exceeded the limits, or ended the process.
        """
        pipe = self._pipe or self.start()
        deadline = time.monotonic() + self._limits.seconds
        try:
            pipe.send(path)
        except OSError:
            raise self._ended(path) from None
        try:
            while not isinstance(said := self._heard(pipe, deadline, path), CommandResult):
                if isinstance(said, logging.LogRecord):
                    take_record(said)
                else:
                    report(*said)
        except BaseException:
            self.stop()  # else the answer that nobody waits for would be taken for the next file's
            raise
        return said

    def _heard(self, pipe: Connection, deadline: float, path: Path) -> _Said:
        """Wait for the answer, for word of how far it is, or for a log record."""
        try:
            in_time = pipe.poll(max(deadline - time.monotonic(), 0))
            said: _Said | None = pipe.recv() if in_time else None
        except (EOFError, OSError):
            raise self._ended(path) from None
        if not in_time:
            raise self._too_much(f"takes longer than {self._limits.seconds:g} seconds", "--seconds", path)
        if said is None:
            raise self._too_much(f"takes more than {self._limits.mebibytes} MiB of memory", "--memory", path)
        return said

    def _ended(self, path: Path) -> LimitError:
        """Return the error that explains why the process ended."""
        ending = self._ending()
        if ending == "SIGXCPU":
            return self._too_much("keeps the processor busy for too long", "--seconds", path)
        return self._given_up(
            LimitError(f"{path}: ended the process that opened it ({ending}); get a sound copy of the file", path)
        )

    def stop(self) -> None:
        """End the process, even while it works."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        self._process = self._pipe = None

    def _too_much(self, what: str, option: str, path: Path) -> LimitError:
        return self._given_up(LimitError(f"{path}: {what}; if you trust the file, allow more with {option}", path))

    def _given_up(self, error: LimitError) -> LimitError:
        _LOG.info("ended the process that opens files: %s", error)
        self.stop()
        return error

    def _ending(self) -> str:
        """Return how the process ended."""
        if self._process is None:
            return "never begun"
        self._process.join(1.0)
        return ending_of(self._process.exitcode)


def _work(pipe: Connection, prepare: Callable[[], FileHandler], limits: Limits, levels: LogLevels) -> None:
    """The process's side: prepare once, then handle requests until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    follow_parent()
    speaking = threading.Lock()

    def say(value: object) -> None:
        with speaking:  # a record may come from any thread
            pipe.send(value)

    hand_records_over(levels, say)
    with suppress(EOFError, OSError):
        try:
            handler = prepare()
        except Exception as error:
            say(portable(error))
            return
        _bound_memory(limits.mebibytes)
        say(None)
        while True:
            path = pipe.recv()
            _bound_processor_time(limits.seconds)
            say(_answer(handler, path, lambda fraction, note: say((fraction, note)), limits))


def _answer(handler: FileHandler, path: Path, report: Report, limits: Limits) -> CommandResult | None:
    """Return the result of one file, or None where memory was not sufficient."""
    try:
        return handler(path, report)
    except MemoryError:
        return None
    except expected_errors() as error:
        return refusal(error, path)
    except Exception as error:
        if limits.verbose:
            traceback.print_exception(error)
        return unexpected(error, path)


def _bound_memory(mebibytes: int) -> None:
    """Limit what this process may allocate from now on; files mapped for reading do not count."""
    taken = _allocated()
    if taken is None:
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_at_most(taken + (mebibytes << 20), most), most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _bound_processor_time(seconds: float) -> None:
    """Limit the processor time of this process from now on, in case no parent is left to end it by the clock."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    allowed = int(used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(allowed, most), most))


def _allocated() -> int | None:
    """Return the bytes that count against the limit on data, or None where the system does not report them."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text("ascii", "replace").splitlines() if line.startswith("VmData:"))
    return int(line.split()[1]) << 10


def _at_most(wanted: int, hard: int) -> int:
    """Return a soft limit that is at most a hard one; a negative hard limit means unlimited."""
    return wanted if hard < 0 else min(wanted, hard)
