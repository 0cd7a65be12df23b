"""Share work between confined processes: each file goes to a free process, in the order of arrival."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from anyio import CapacityLimiter, get_cancelled_exc_class, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request

from forensics.execution.command_result import CommandResult, expected_errors, refusal
from forensics.execution.progress import silent
from forensics.execution.sandbox import FileHandler, Limits, confined

_NICENESS = 5
_CLIENT_LEFT = 499


class SandboxPool:
    """A pool of a few processes, each of which handles one file at a time."""

    def __init__(self, handlers: list[FileHandler]) -> None:
        """Take over processes that are ready.

        Args:
            handlers: One for each process, see `confined`.
        """
        self._idle = list(handlers)
        self._places = CapacityLimiter(len(handlers))

    async def answer(self, path: Path, request: Request) -> CommandResult:
        """Process a file as soon as a process is free.

        Args:
            path: The file.
            request: The request that sent the file.

        Raises:
            HTTPException: The client left before its turn, or the service is stopping.
        """
        try:
            async with self._places:
                if await request.is_disconnected():
                    raise HTTPException(_CLIENT_LEFT, "the client has left")
                return await self._answer(path)
        except get_cancelled_exc_class():
            raise HTTPException(503, "the service is being stopped; ask again when it is back") from None

    async def _answer(self, path: Path) -> CommandResult:
        handler = self._idle.pop()
        try:
            return await to_thread.run_sync(handler, path, silent, abandon_on_cancel=True)
        except expected_errors() as error:
            return refusal(error, path)
        finally:
            self._idle.append(handler)


@contextmanager
def sandboxes(prepare: Callable[[], FileHandler], limits: Limits, count: int) -> Iterator[SandboxPool]:
    """Start processes that give priority to look-ups, and end them with the block.

    Args:
        prepare: Function that prepares each process, see `confined`.
        limits: The limits of one file.
        count: Number of processes.

    Raises:
        ForensicsError: A process could not be started, or `prepare` raised the error.
    """
    with ExitStack() as stack:
        yield SandboxPool(
            [stack.enter_context(confined(partial(_with_low_priority, prepare), limits)) for _ in range(count)]
        )


def _with_low_priority(prepare: Callable[[], FileHandler]) -> FileHandler:
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    return prepare()
