"""Show progress with a time estimate on stderr: one bar on a terminal, sparse lines elsewhere.

Long work takes a `Report`, a callable that receives the fraction done. `subrange` returns a report for one step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeAlias

Report: TypeAlias = Callable[[float, str], None]

SPARSE_SECONDS = 15.0
"""Shortest time between two lines whose notes begin with the same word, where stderr is not a terminal."""

QUIET_SECONDS = 3.0
"""Longest duration, in seconds, of work that prints no line."""


def silent(fraction: float, note: str) -> None:
    """Report to nothing."""


def subrange(report: Report, start: float, end: float) -> Report:
    """Return a report for a step that covers the range from `start` to `end` of a longer report."""

    def inner(fraction: float, note: str) -> None:
        report(start + (end - start) * min(max(fraction, 0.0), 1.0), note)

    return inner


def time_left(fraction: float, elapsed: float) -> str:
    """Return the remaining time in words, assuming the pace so far; empty while nothing is known.

    Args:
        fraction: Fraction done so far, 0 to 1.
        elapsed: Seconds since the start.
    """
    if fraction < 0.01 or elapsed < 1.0:
        return ""
    seconds = elapsed * (1.0 - fraction) / fraction
    if seconds < 1.0:
        return ""
    return f"about {seconds:.0f} s left" if seconds < 100 else f"about {seconds / 60:.0f} min left"


@contextmanager
def open_progress(stream: TextIO, *, quiet: bool = False) -> Iterator[Report]:
    """Yield a report that draws on a stream until the block ends.

    Args:
        stream: The stream to draw on, usually stderr.
        quiet: Whether to draw nothing.
    """
    if quiet:
        yield silent
    elif stream.isatty():
        with _bar(stream) as report:
            yield report
    else:
        yield _sparse_lines(stream)


@contextmanager
def _bar(stream: TextIO) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", style="dim"),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task("", total=1.0, left="", start=True, visible=False)

        def report(fraction: float, note: str) -> None:
            left = time_left(fraction, time.monotonic() - started)
            bar.update(task, completed=fraction, description=note, left=left, visible=True)

        yield report


def _sparse_lines(stream: TextIO) -> Report:
    started = time.monotonic()
    last_step, last_time = "", started + QUIET_SECONDS - SPARSE_SECONDS

    def report(fraction: float, note: str) -> None:
        nonlocal last_step, last_time
        now, step = time.monotonic(), note.partition(" ")[0]
        if now - started < QUIET_SECONDS or (step == last_step and now - last_time < SPARSE_SECONDS):
            return
        last_step, last_time = step, now
        left = time_left(fraction, now - started)
        stream.write(f"[{100 * fraction:3.0f} %] {note}{', ' + left if left else ''}\n")
        stream.flush()

    return report
