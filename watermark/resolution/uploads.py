"""Receive uploads: few at once, limited in size and time, and on disk only while they are processed.

This module needs the optional packages of `facetrail[serve]`.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from anyio import fail_after
from starlette.exceptions import HTTPException
from starlette.requests import Request

AGAIN_SECONDS = 5
"""Seconds after which a client that was refused may try again."""


@dataclass(slots=True, eq=False)
class Uploads:
    """Receive uploads, and refuse those that arrive while too many are in progress.

    Attributes:
        most_bytes: Size limit of a file.
        most_at_once: Maximum number of files that are received, waiting or processed at once; further ones are answered
            with 503.
        seconds: Time limit for receiving a file.
    """

    most_bytes: int
    most_at_once: int = 8
    seconds: float = 120.0
    _there: int = 0

    @property
    def there(self) -> int:
        """Return how many files are received, waiting or processed now."""
        return self._there

    @asynccontextmanager
    async def received(self, request: Request, name: str = "upload") -> AsyncIterator[Path]:
        """Save a request's body and yield its path; the file is deleted afterwards.

        Args:
            request: Request whose body is read piece by piece and never kept whole in memory.
            name: Name of the file on disk; the caller sees to it that it can do no harm.

        Raises:
            HTTPException: Status 503 for too many files at once, 413 for a file that is too large, 408 for one that
                takes too long.
        """
        if self._there >= self.most_at_once:
            raise HTTPException(
                503, f"{self._there} files are being looked at; try again", {"Retry-After": str(AGAIN_SECONDS)}
            )
        self._there += 1
        try:
            with tempfile.TemporaryDirectory(prefix="facetrail-") as folder:
                path = Path(folder, "file", name)
                path.parent.mkdir()
                try:
                    with path.open("wb") as file, fail_after(self.seconds):
                        await receive(request, file.write, self.most_bytes)
                except TimeoutError:
                    raise HTTPException(408, f"the file took longer than {self.seconds:g} seconds to arrive") from None
                yield path
        finally:
            self._there -= 1


async def receive(request: Request, keep: Callable[[bytes], object], most: int) -> None:
    """Pass a body on piece by piece; stop as soon as it is longer than allowed.

    Args:
        request: Request whose body is read.
        keep: Function that receives each piece.
        most: Maximum number of bytes.

    Raises:
        HTTPException: Status 413 where the body is longer.
    """
    too_long = HTTPException(413, f"the body is longer than {most} bytes")
    stated = request.headers.get("content-length", "0")
    if stated.isdigit() and int(stated) > most:
        raise too_long
    received = 0
    async for piece in request.stream():
        received += len(piece)
        if received > most:
            raise too_long
        keep(piece)
