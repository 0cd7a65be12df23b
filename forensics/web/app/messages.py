"""Format error messages and progress of the page, each as one clear line."""

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
    """The interface of the page's progress bar."""

    def __call__(self, progress: float, desc: str) -> object:
        """Draw the bar.

        Args:
            progress: Fraction done so far, 0 to 1.
            desc: The current step.
        """


def notice(text: str) -> str:
    """Return a complaint as HTML."""
    return str(Markup('<p class="ft-notice" role="alert">{}</p>').format(text))


def hint(text: str) -> str:
    """Return a line of guidance as HTML."""
    return f'<p class="ft-hint">{escape(text)}</p>'


def plainly(work: Callable[P, str]) -> Callable[P, str]:
    """Wrap a function so that an error becomes the line that is shown in place of its result.

    Args:
        work: Function that returns HTML.
    """

    @functools.wraps(work)
    def inner(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            return work(*args, **kwargs)
        except Exception as error:
            return notice(line_about(error))

    return inner


def line_about(error: Exception) -> str:
    """Return an error as one line, without the page's folders.

    Args:
        error: The error.
    """
    if isinstance(error, expected_errors()):
        text = explain(error)
    else:
        _LOG.error("unexpected error in the page", exc_info=error)
        text = f"unexpected {type(error).__name__}: {explain(error)}; start `facetrail app -v` to see where"
    return without_folders(text)


def drawn_on(bar: Bar) -> Report:
    """Return a report that draws progress with the remaining time on the page's bar.

    Args:
        bar: The bar.
    """
    started = time.monotonic()

    def report(fraction: float, note: str) -> None:
        left = time_left(fraction, time.monotonic() - started)
        bar(min(max(fraction, 0.0), 1.0), desc=f"{note}, {left}" if left else note)

    return report
