"""What the page says when something went wrong, and how it reports progress: one clear line each."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, Protocol

from markupsafe import Markup, escape

from forensics.execution.command_result import expected_errors, explain
from forensics.execution.progress import Report, time_left

from .sessions import without_folders

_LOG = logging.getLogger(__name__)
P = ParamSpec("P")


class Bar(Protocol):
    """The page's progress bar."""

    def __call__(self, progress: float, desc: str) -> object:
        """Draw it.

        Args:
            progress: Done so far, 0 to 1.
            desc: What is being done.
        """


def notice(text: str) -> str:
    """Put a line of complaint into HTML."""
    return str(Markup('<p class="ft-notice" role="alert">{}</p>').format(text))


def hint(text: str) -> str:
    """Put a line of guidance into HTML."""
    return f'<p class="ft-hint">{escape(text)}</p>'


def plainly(work: Callable[P, str]) -> Callable[P, str]:
    """Turn what a piece of work raises into the line that stands where its result would.

    Args:
        work: Returns HTML.
    """

    @functools.wraps(work)
    def inner(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            return work(*args, **kwargs)
        except Exception as error:
            return notice(line_about(error))

    return inner


def line_about(error: Exception) -> str:
    """Put an error into one line, without the page's folders.

    Args:
        error: What was raised.
    """
    if isinstance(error, expected_errors()):
        text = explain(error)
    else:
        _LOG.error("unexpected error in the page", exc_info=error)
        text = f"unexpected {type(error).__name__}: {explain(error)}; start `facetrail app -v` to see where"
    return without_folders(text)


def drawn_on(bar: Bar) -> Report:
    """Draw progress with the time that is left on the page's bar.

    Args:
        bar: The bar.
    """
    started = time.monotonic()

    def report(fraction: float, note: str) -> None:
        left = time_left(fraction, time.monotonic() - started)
        bar(min(max(fraction, 0.0), 1.0), desc=f"{note}, {left}" if left else note)

    return report
