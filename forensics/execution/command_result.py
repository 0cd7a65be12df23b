"""Declare the result of a command: text for people, one entry per file for programs."""

from __future__ import annotations

import errno
import re
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias
from unicodedata import category

from forensics.errors import ForensicsError
from forensics.storage.json_records import write_json

from .extras import missing_package

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

_WAYS_OUT = {
    errno.ENOSPC: "free some space or write to another disk",
    errno.EDQUOT: "free some space or write to another disk",
    errno.EACCES: "choose a folder you may write to",
    errno.EPERM: "choose a folder you may write to",
    errno.EROFS: "choose a folder you may write to",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path",
    errno.EISDIR: "name a file, not a folder",
}
_ROOMS = (("watermark", "WatermarkError"), ("detectors", "DetectorError"), ("generator", "GeneratorError"))


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The outcome of one command.

    Attributes:
        text: Text for stdout.
        results: The entries of the JSON document, in the order of the arguments.
        failed: Whether any entry is an error (exit code 1).
        attention: Whether a finding deserves attention (exit code 3).
        complaint: Text for stderr about a file that could not be processed, while the command continues.
    """

    text: str
    results: tuple[JsonObject, ...] = ()
    failed: bool = False
    attention: bool = False
    complaint: str = ""

    @property
    def exit_code(self) -> int:
        """Return the exit code: 0 done, 1 an error of ours, 3 done and a finding deserves attention."""
        return 1 if self.failed else 3 if self.attention else 0


def expected_errors() -> tuple[type[Exception], ...]:
    """Return the base errors of the packages in use; a package that was never imported cannot have raised one."""
    loaded = [(sys.modules[room], name) for room, name in _ROOMS if room in sys.modules]
    return (ForensicsError, OSError, *(getattr(module, name) for module, name in loaded if hasattr(module, name)))


_NAMES_A_FILE = re.compile(r"[^\s:]*\.\w{1,11}: ")
"""Matches a message that begins with another file's name, which needs no second name before it."""


def visible(text: str) -> str:
    """Escape line breaks and terminal commands, so that a name or a title can neither add a line nor hide one.

    Args:
        text: A line that contains untrusted text.
    """
    return "".join(sign if sign.isprintable() or category(sign) == "Zs" else ascii(sign)[1:-1] for sign in text)


def refusal(error: BaseException, path: Path) -> CommandResult:
    """Return a file's result with its error, so that the other files are processed too.

    Args:
        error: The error.
        path: The file.
    """
    return CommandResult("", (error_entry(error, path),), failed=True, complaint=explain(error, path))


def unexpected(error: Exception, path: Path) -> CommandResult:
    """Return the result of a file that revealed a defect of this program, or that a package is missing.

    Args:
        error: The error.
        path: The file.
    """
    line = describe_unexpected(error, path)
    details: JsonObject = {"type": type(error).__name__, "message": line, "path": str(path)}
    return CommandResult("", ({"error": details},), failed=True, complaint=line)


def describe_unexpected(error: Exception, path: Path | None = None) -> str:
    """Return one line about an error that nobody foresaw, or about a package that is not installed.

    Args:
        error: The error.
        path: The file in question.
    """
    if missing_package(error) is not None:
        return explain(error, path)
    return f"unexpected {type(error).__name__}: {explain(error, path)}; run again with -v to see where"


def explain(error: BaseException, path: Path | str | None = None) -> str:
    """Return an error as one clear line that names the file and, where known, the solution.

    Args:
        error: The error.
        path: The file in question, named where the error itself does not.
    """
    named = _path_of(error) or (str(path) if path is not None else None)
    message = missing_package(error) or " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        way_out = _WAYS_OUT.get(error.errno)
        message = (error.strerror or message) + (f"; {way_out}" if way_out else "")
    if named is None or named in message or Path(named).name in message or _NAMES_A_FILE.match(message):
        return visible(message)
    return visible(f"{named}: {message}")


def error_entry(error: BaseException, path: Path | str | None = None) -> JsonObject:
    """Return the entry of an error in the form of the JSON contract."""
    named = _path_of(error) or path
    details: JsonObject = {
        "type": type(error).__name__,
        "message": explain(error, path),
        "path": None if named is None else str(named),
    }
    return {"error": details}


def document(command: str, results: tuple[JsonObject, ...]) -> str:
    """Render the one JSON document of a command; undefined numbers are rejected, not written as NaN."""
    content = {"facetrail": version("facetrail"), "command": command, "results": list(results)}
    return write_json(content, indent=2)


def _path_of(error: BaseException) -> str | None:
    named = error.filename if isinstance(error, OSError) else getattr(error, "path", None)
    return None if named is None else str(named)
