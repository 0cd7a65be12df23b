"""Declare the exceptions of this package.

``` ForensicsError ├── BusyError            another process is writing the folder ├── CorpusError          a corpus
folder, manifest or sidecar is not what it claims to be ├── InputError           an argument names nothing that can be
worked on │   └── UsageError       arguments that do not go together ├── LimitError           a file exceeded its limit
of time or memory, or ended the process that opened it ├── MissingPieceError    an optional model or package is not
installed └── ReportError          a results folder cannot be turned into a report ```
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path


class ForensicsError(Exception):
    """Base class of every error that this package raises on purpose.

    Attributes:
        path: The file or folder that the message is about, or None.
    """

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class BusyError(ForensicsError):
    """Another process is writing the folder."""


class CorpusError(ForensicsError):
    """A corpus folder, manifest or sidecar is not what it claims to be."""


class InputError(ForensicsError):
    """An argument names nothing that can be worked on."""


class UsageError(InputError):
    """Some arguments do not go together."""


class LimitError(ForensicsError):
    """A file exceeded its limit of time or memory, or ended the process that opened it."""


class MissingPieceError(ForensicsError):
    """An optional model or package is not installed; the message explains how to get it."""


class ReportError(ForensicsError):
    """A results folder cannot be turned into a report."""


def did_you_mean(name: str, names: Sequence[str]) -> str:
    """Return the question for a message that refuses a name, such as "did you mean blur?".

    Args:
        name: What was given.
        names: What could have been given.

    Returns:
        The question with the nearest name; empty where none is near.
    """
    near = get_close_matches(name, names, 1)
    return f"did you mean {near[0]}?" if near else ""
