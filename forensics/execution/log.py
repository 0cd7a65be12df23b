"""Where log records go: one format on stderr, for this process and for those that it starts.

Every module that logs has a standard logger under the name of its package: `watermark`, `generator`, `detectors` or
`forensics`. A program that imports these packages gets the records through `logging`, as from any library; only the
command line calls `open_log`. A process that does work for another one writes nothing itself: it hands its records
over, and the other process treats them like its own.
"""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeAlias

from .command_result import visible

LogLevels: TypeAlias = Mapping[str, int]
"""The lowest level that is logged, by the name of the logger; the empty name is the root logger."""

PACKAGES = ("watermark", "generator", "detectors", "forensics")
"""The names of our loggers begin with one of these."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_SHORT_FORMAT = "facetrail: %(message)s"
_LEVELS = (logging.WARNING, logging.INFO)


def open_log(verbosity: int) -> None:
    """Send the log to stderr; the warnings of libraries are a part of it.

    Args:
        verbosity: 0 logs errors and the warnings of our own packages, 1 also each stage of the work and the warnings of
            libraries, 2 or more also the details of our own packages.
    """
    handler = _StderrHandler()
    handler.setFormatter(_LineFormatter(_FORMAT if verbosity else _SHORT_FORMAT))
    if not verbosity:
        handler.addFilter(_is_for_users)
    logging.basicConfig(level=_LEVELS[min(verbosity, 1)], handlers=[handler])
    logging.captureWarnings(True)
    if verbosity > 1:
        for name in PACKAGES:
            logging.getLogger(name).setLevel(logging.DEBUG)


def _is_for_users(record: logging.LogRecord) -> bool:
    """Return whether a record is an error or a warning of our own packages; those of libraries help nobody."""
    return record.levelno >= logging.ERROR or record.name.partition(".")[0] in PACKAGES


def log_levels() -> LogLevels:
    """Return what is logged in this process, for `hand_records_over` in another one."""
    return {name: logging.getLogger(name).getEffectiveLevel() for name in ("", *PACKAGES)}


def hand_records_over(levels: LogLevels, send: Callable[[logging.LogRecord], object]) -> None:
    """Hand every log record of this process to another one instead of writing it.

    Args:
        levels: What is logged there, see `log_levels`.
        send: Takes each record, which can be pickled; a lost connection is ignored.
    """
    logging.getLogger().handlers = [_RecordSender(send)]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)


def take_record(record: logging.LogRecord) -> None:
    """Log a record that another process handed over; nothing happens where logging was not configured.

    Args:
        record: The record.
    """
    logger = logging.getLogger(record.name)
    if logger.hasHandlers() and logger.isEnabledFor(record.levelno):
        logger.handle(record)


class _StderrHandler(logging.Handler):
    """Writes to what `sys.stderr` is at the moment: while a progress bar is drawn, that writes above the bar."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


class _LineFormatter(logging.Formatter):
    """Keeps a record on one line, whatever a file is called; only a traceback has lines of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        return visible(super().formatMessage(record))


class _RecordSender(logging.Handler):
    def __init__(self, send: Callable[[logging.LogRecord], object]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            self._send(_portable(record))


def _portable(record: logging.LogRecord) -> logging.LogRecord:
    """Return a copy of a record that holds nothing but text."""
    sent = copy.copy(record)
    sent.msg, sent.args = record.getMessage(), None
    if record.exc_info:
        sent.exc_text = logging.Formatter().formatException(record.exc_info)
        sent.exc_info = None
    return sent
