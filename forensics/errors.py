"""What can go wrong in this room.

```
ForensicsError
├── BusyError            another process is writing the folder
├── CorpusError          a corpus folder, manifest or sidecar is not what it claims to be
├── InputError           an argument names nothing we can work on
│   └── UsageError       arguments that do not go together
├── LimitError           a file took more time or memory than it may, or ended the process that opened it
├── MissingPieceError    an optional model or package is not installed
└── ReportError          a results folder cannot be turned into a report
```
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path


class ForensicsError(Exception):
    """Base of every error this room raises on purpose.

    Attributes:
        path: The file or folder the message is about, where there is one.
    """

    def __init__(self, message: str, path: Path | None = None) -> None:
        super().__init__(message)
        self.path = path


class BusyError(ForensicsError):
    """Another process is writing the folder."""


class CorpusError(ForensicsError):
    """A corpus folder, manifest or sidecar is not what it claims to be."""


class InputError(ForensicsError):
    """An argument names nothing we can work on."""


class UsageError(InputError):
    """Arguments that do not go together."""


class LimitError(ForensicsError):
    """A file took more time or memory than it may, or ended the process that opened it."""


class MissingPieceError(ForensicsError):
    """An optional model or package is not installed; the message says how to get it."""


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
