"""Declare the work of a confined process for the tests; it is imported by name, so it is a module."""

from __future__ import annotations

import logging
import os
import signal
import warnings
from pathlib import Path

import numpy as np

from forensics.errors import InputError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report
from forensics.execution.sandbox import FileHandler


def misbehaving() -> FileHandler:
    """Return a handler that misbehaves as a file's name specifies."""

    def one(path: Path, report: Report) -> CommandResult:
        if path.stem in DEEDS:
            DEEDS[path.stem](path)
        report(0.5, "halfway")
        return CommandResult(f"{os.getpid()}")

    return one


def _hang(_: Path) -> None:
    while True:
        signal.pause()


def _spin(_: Path) -> None:
    while True:
        pass


def _crash(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _fill(_: Path) -> None:
    np.ones(1 << 31, dtype=np.uint8)


def _nibble(_: Path) -> None:
    held = []
    while True:
        held.append(np.empty(1 << 24, dtype=np.uint8))


def _refuse(path: Path) -> None:
    raise InputError(f"{path}: is refused", path)


def _fail(_: Path) -> None:
    raise ZeroDivisionError("division by zero")


def _log(path: Path) -> None:
    logging.getLogger("forensics.deeds").info("opened %s", path)
    logging.getLogger("forensics.deeds").debug("a detail of %s", path)
    warnings.warn("a library's warning", stacklevel=1)


def _note_and_hang(path: Path) -> None:
    path.write_text(str(os.getpid()))
    _hang(path)


DEEDS = {
    "hang": _hang,
    "spin": _spin,
    "crash": _crash,
    "fill": _fill,
    "nibble": _nibble,
    "refuse": _refuse,
    "defect": _fail,
    "log": _log,
    "orphan": _note_and_hang,
}


def unready() -> FileHandler:
    """Fail before any file is opened."""
    raise InputError("the detector is missing")


def never_starting() -> FileHandler:
    """Die before any file is opened."""
    os._exit(7)
