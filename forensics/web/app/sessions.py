"""Store the files of open pages in one private folder, which is deleted when the pages are closed."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import ForensicsError
from forensics.execution.progress import Report

if TYPE_CHECKING:
    from .live_window import LiveWindow
    from .source_face import Face

_LOG = logging.getLogger(__name__)
_PREFIX = "facetrail-app-"
_FOLDERS = re.compile(rf"[/\\][^:\n]*?{_PREFIX}\d+-[^/\\\s]+(?:[/\\][^/\\\s]+)*[/\\]")


class SessionClosedError(ForensicsError):
    """The browser of the request has left."""


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that a browser may download by its token, and nobody without it.

    Attributes:
        path: Path of the file.
        name: Name of the download.
    """

    path: Path
    name: str


@dataclass(slots=True, eq=False)
class Session:
    """One open page.

    Attributes:
        folder: Private folder of the page's results.
        uploads: Files that the browser sent.
        offers: Files that it may download, by token.
        faces: The faces that can be posed, prepared, by what they were made from; the newest is the last.
        live: Its live windows, by token.
        closed: Whether the browser has left.
    """

    folder: Path
    uploads: set[Path] = field(default_factory=set)
    offers: dict[str, OfferedFile] = field(default_factory=dict)
    faces: dict[object, Face] = field(default_factory=dict)
    live: dict[str, LiveWindow] = field(default_factory=dict)
    closed: bool = False

    def new_folder(self) -> Path:
        """Create an empty folder for one request.

        Raises:
            LeftError: The browser has left.
        """
        if self.closed:
            raise SessionClosedError("the page was closed")
        return Path(tempfile.mkdtemp(dir=self.folder))

    def offer(self, path: Path, name: str | None = None) -> str:
        """Register a file that the browser may download.

        Args:
            path: The file.
            name: Name of the download; the file's own name by default.

        Returns:
            The end of its address, after `/download/` or `/show/`.

        Raises:
            LeftError: The browser has left.
        """
        if self.closed:
            raise SessionClosedError("the page was closed")
        token = secrets.token_urlsafe(24)
        self.offers[token] = OfferedFile(path, name or path.name)
        return token

    def show_live(self, window: LiveWindow) -> str:
        """Register a live window in place of the last one, and return the end of its address, after `/live/`.

        Raises:
            LeftError: The browser has left.
        """
        if self.closed:
            raise SessionClosedError("the page was closed")
        self.live.clear()
        token = secrets.token_urlsafe(24)
        self.live[token] = window
        return token

    def watched(self, report: Report) -> Report:
        """Wrap a report so that work ends when the browser has left."""

        def inner(fraction: float, note: str) -> None:
            report(fraction, note)
            if self.closed:
                raise SessionClosedError("the page was closed")

        return inner


class Sessions:
    """The open pages, by the name that each browser tab chose; such a name never becomes a path."""

    def __init__(self, parent: Path | None = None) -> None:
        """Create the folder that contains all files, readable by its owner only.

        Args:
            parent: Parent of the folder; the system's temporary folder by default.
        """
        parent = parent or Path(tempfile.gettempdir())
        _sweep(parent)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)).resolve()
        self.uploads = self.folder / "uploads"
        self.uploads.mkdir(mode=0o700)
        self._open: dict[str, Session] = {}
        self._lock = threading.Lock()

    def of(self, name: str | None) -> Session:
        """Return the session of a browser tab, made at its first use.

        Args:
            name: What the tab calls itself; None where there is no tab, as in a call from a test.
        """
        with self._lock:
            key = name or ""
            if key not in self._open:
                self._open[key] = Session(Path(tempfile.mkdtemp(prefix="visit-", dir=self.folder)))
            return self._open[key]

    def find(self, token: str) -> OfferedFile | None:
        """Find an offered file by its token."""
        with self._lock:
            sessions = tuple(self._open.values())
        return next((session.offers[token] for session in sessions if token in session.offers), None)

    def find_live(self, token: str) -> LiveWindow | None:
        """Find a live window by its token."""
        with self._lock:
            sessions = tuple(self._open.values())
        return next((session.live[token] for session in sessions if token in session.live), None)

    def leave(self, name: str | None) -> None:
        """Forget a session and delete its files; an upload that another open page sent as well stays."""
        with self._lock:
            session = self._open.pop(name or "", None)
            if session is None:
                return
            session.closed = True
            kept = {path for other in self._open.values() for path in other.uploads}
        session.offers.clear()
        session.faces.clear()
        session.live.clear()
        for path in session.uploads - kept:
            _delete(path.parent if path.parent.parent == self.uploads else path)
        _delete(session.folder)

    def close(self) -> None:
        """Delete all files and the folder."""
        with self._lock:
            for session in self._open.values():
                session.closed = True
                session.live.clear()
            self._open.clear()
        _delete(self.folder)

    def received(self, name: str | None, path: str) -> Path:
        """Note an upload as the session's, so that it is deleted with it.

        Args:
            name: The tab.
            path: Where the page's framework has put it.

        Raises:
            LeftError: It is not an upload, or was deleted already.
        """
        found = Path(path).resolve()
        if not found.is_relative_to(self.uploads) or not found.is_file():
            raise SessionClosedError(f"{found.name}: the upload is gone; choose the file again")
        self.of(name).uploads.add(found)
        return found


def without_folders(text: str) -> str:
    """Leave a session's folders out of a message, so that files are called by their names."""
    return _FOLDERS.sub("", text)


def _sweep(parent: Path) -> None:
    """Delete the files of killed pages."""
    for path in parent.glob(f"{_PREFIX}*-*"):
        owner = path.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not _runs(int(owner)) and path.is_dir() and not path.is_symlink():
            _delete(path)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's, or a number that no process has
        return True
    return True


def _delete(path: Path) -> None:
    def complain(function: Callable[..., object], name: str, error: BaseException) -> None:
        if not isinstance(error, FileNotFoundError):
            _LOG.warning("%s could not be deleted: %s", name, error)

    if path.is_dir():
        shutil.rmtree(path, onerror=lambda function, name, info: complain(function, name, info[1]))
    else:
        path.unlink(missing_ok=True)
