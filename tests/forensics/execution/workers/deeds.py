"""Declare the work of the tests' workers; workers import it by name, so it is a module."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from forensics.errors import InputError
from forensics.execution.progress import Report
from forensics.execution.workers import Work


@contextmanager
def doing(folder: Path) -> Iterator[Work[tuple[str, int], tuple[int, int, str]]]:
    """Prepare a worker, record that in a file, and yield work that returns number, process and threads of each task."""
    (folder / f"warm-{os.getpid()}").touch()
    yield partial(_do, folder)


def _do(folder: Path, task: tuple[str, int], report: Report) -> tuple[int, int, str]:
    deed, number = task
    with (folder / f"begun-{number}").open("a") as file:
        file.write("x")
    _DEEDS[deed](folder, number)
    report(0.5, f"halfway through {number}")
    return number, os.getpid(), os.environ.get("OMP_NUM_THREADS", "")


def _first_time(folder: Path, number: int) -> bool:
    return (folder / f"begun-{number}").read_text() == "x"


def _die_once(folder: Path, number: int) -> None:
    if _first_time(folder, number):
        _die(folder, number)


def _die(folder: Path, number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _refuse(folder: Path, number: int) -> None:
    raise InputError(f"{number} is refused", Path(str(number)))


def _end_of_file(folder: Path, number: int) -> None:
    raise EOFError("a file that ends too soon")


def _await_last(folder: Path, number: int) -> None:
    """Wait until the file `go` exists, so that the results of later tasks have to wait."""
    until = time.monotonic() + 30
    while not (folder / "go").exists() and time.monotonic() < until:
        time.sleep(0.01)


def _log(folder: Path, number: int) -> None:
    log = logging.getLogger("forensics.deeds")
    log.info("did %s\n", number)
    log.debug("a detail of %d", number)


_DEEDS = {
    "count": lambda folder, number: None,
    "die once": _die_once,
    "die": _die,
    "refuse": _refuse,
    "end of file": _end_of_file,
    "await": _await_last,
    "log": _log,
}


@contextmanager
def unready() -> Iterator[Work[object, object]]:
    """Fail before any task."""
    raise InputError("the detector is missing")
    yield


@contextmanager
def never_starting() -> Iterator[Work[object, object]]:
    """Die before any task."""
    os._exit(7)
    yield
