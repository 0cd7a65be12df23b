"""What the tests have a confined process do; it imports them by name, so they stand in a module."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from forensics.answers import Answer
from forensics.confined import Answerer
from forensics.errors import InputError
from forensics.progress import Report


def misbehaving() -> Answerer:
    """Do what a file's name says."""

    def one(path: Path, report: Report) -> Answer:
        match path.stem:
            case "hang":
                while True:
                    time.sleep(0.01)
            case "spin":
                while True:
                    pass
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "fill":
                np.ones(1 << 31, dtype=np.uint8)
            case "nibble":
                held = [np.empty(1 << 24, dtype=np.uint8) for _ in range(1 << 20)]
                return Answer(str(len(held)))
            case "refuse":
                raise InputError(f"{path}: is refused", path)
            case "defect":
                raise ZeroDivisionError("division by zero")
            case "orphan":
                Path(path).write_text(str(os.getpid()))
                while True:
                    time.sleep(0.01)
        report(0.5, "halfway")
        return Answer(f"{os.getpid()}")

    return one


def unready() -> Answerer:
    """Fail before any file is opened."""
    raise InputError("the detector is missing")


def stillborn() -> Answerer:
    """Die before any file is opened."""
    os._exit(7)
