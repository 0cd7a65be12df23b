"""One case of the table of speed, and how it is timed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = "import sys; from forensics.cli.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured, and against what.

    Attributes:
        what: Name of the case.
        unit: Unit of value and reference.
        value: Measures once; the less the better. What it needs is prepared at its first call and is not timed.
        against: Name of the limit or of the peer.
        reference: Returns the limit, or measures the peer once.
        most_runs: Runs that are enough, for cases that take minutes.
    """

    what: str
    unit: str
    value: Callable[[], float]
    against: str
    reference: Callable[[], float]
    most_runs: int = 99


def limit(value: float) -> Callable[[], float]:
    """Return a function that returns a limit."""
    return lambda: value


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """Return the mean time of a piece of work, seconds by the clock.

    Args:
        work: The work.
        times: How often it is done.
    """
    begun = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - begun) / times


def start(*words: str | Path) -> float:
    """Return the seconds that a new process of Python takes from its start to its end."""
    command = [sys.executable, *map(str, words)]
    return seconds(partial(subprocess.run, command, check=True, cwd=ROOT, capture_output=True))
