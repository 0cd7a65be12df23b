"""Files that a service is sent: few at once, bounded in size and time, and on the disk only while they are looked at.

Needs the optional packages of `facetrail[serve]`.
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
"""When a client that was turned away may come back."""


@dataclass(slots=True, eq=False)
class Uploads:
    """Takes uploads, and turns away those that come while too many are there.

    Attributes:
        most_bytes: Largest file.
        most_at_once: Files that are received, waiting or looked at together; one more is answered with 503.
        seconds: Longest time that a file may take to arrive.
    """

    most_bytes: int
    most_at_once: int = 8
    seconds: float = 120.0
    _there: int = 0

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[Path]:
        """Save a request's body and yield its path; the file is gone afterwards.

        Args:
            request: Its body is read piece by piece, and never held whole.

        Raises:
            HTTPException: 503 where too many files are there, 413 where it is too large, 408 where it takes too long.
        """
        if self._there >= self.most_at_once:
            raise HTTPException(
                503, f"{self._there} files are being looked at; try again", {"Retry-After": str(AGAIN_SECONDS)}
            )
        self._there += 1
        try:
            with tempfile.TemporaryDirectory(prefix="facetrail-") as folder:
                path = Path(folder) / "upload"
                try:
                    with path.open("wb") as file, fail_after(self.seconds):
                        await receive(request, file.write, self.most_bytes)
                except TimeoutError:
                    raise HTTPException(408, f"the file took longer than {self.seconds:g} seconds to arrive") from None
                yield path
        finally:
            self._there -= 1


async def receive(request: Request, keep: Callable[[bytes], object], most: int) -> None:
    """Hand over a body piece by piece; stop as soon as it is longer than allowed.

    Args:
        request: Its body is read.
        keep: Takes each piece.
        most: Most bytes.

    Raises:
        HTTPException: 413 where the body is longer.
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
