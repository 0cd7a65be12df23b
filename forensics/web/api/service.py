"""Build the service: access check, routes, and the processes that open files."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forensics.execution.command_result import CommandResult, visible
from forensics.execution.progress import Report
from forensics.execution.sandbox import FileHandler, Limits
from forensics.web.request_guard import refusal_of
from watermark import Bindings, Deployment, MediaError, PayloadKind, read_bindings
from watermark.resolution.service import ReadBindings, resolution_app
from watermark.resolution.uploads import Uploads

from .examine_route import examine_route
from .sandbox_pool import SandboxPool, sandboxes

_LOG = logging.getLogger(__name__)
_CLIENT_LEFT = 499


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """The settings of the service and its limits.

    Attributes:
        home: The deployment's folder; None for the user's own.
        hosts: Names that the service answers to, see `allowed_hosts`.
        limits: The limits of one file.
        most_bytes: Largest file in bytes.
        processes: Number of processes that open files of one kind at the same time.
        waiting: Number of files that may wait to be examined; a further one gets status 503.
        arrival_seconds: Longest time that a file to be examined may take to arrive.
    """

    home: Path | None
    hosts: tuple[str, ...]
    limits: Limits
    most_bytes: int = 64 << 20
    processes: int = 1
    waiting: int = 8
    arrival_seconds: float = 120.0


@contextmanager
def service(
    deployment: Deployment, config: ServiceConfig, examiner: partial[FileHandler] | None = None
) -> Iterator[ASGIApp]:
    """Start the processes and yield the application; end them with the block.

    Args:
        deployment: The deployment whose store is served.
        config: Settings and limits.
        examiner: Function that prepares a process to examine files; None serves no examinations.

    Raises:
        ForensicsError: A process could not be started, or `examiner` raised the error.
    """
    with ExitStack() as stack:
        readers = stack.enter_context(sandboxes(partial(bindings_reader, config.home), config.limits, config.processes))
        examiners = None
        if examiner is not None:
            examiners = stack.enter_context(sandboxes(examiner, config.limits, config.processes))
        yield service_app(deployment, config, readers, examiners)


def service_app(
    deployment: Deployment, config: ServiceConfig, readers: SandboxPool, examiners: SandboxPool | None
) -> ASGIApp:
    """Build the application with its routes.

    Args:
        deployment: The deployment whose store is served.
        config: Settings and limits.
        readers: Pool that reads marks and looks, see `bindings_reader`.
        examiners: Pool that examines files; None serves no examinations.
    """
    # Host names are checked for all routes in the same way, below.
    app = resolution_app(deployment, hosts=["*"], most_bytes=config.most_bytes, read=_read_by(readers))
    if examiners is not None:
        uploads = Uploads(config.most_bytes, config.processes + config.waiting, config.arrival_seconds)
        app.router.routes.append(examine_route(examiners, uploads))
    return _logged(_only_for(config.hosts, app))


def bindings_reader(home: Path | None) -> FileHandler:
    """Return the handler that reads the mark and the look of one file.

    Args:
        home: The deployment's folder; None for the user's own.
    """
    deployment = Deployment.open(home)

    def one(path: Path, report: Report) -> CommandResult:
        found = read_bindings(path, deployment)
        kind = None if found.kind is None else found.kind.value
        return CommandResult("", ({"mark_id": found.mark_id, "kind": kind, "look": f"{found.look:x}"},))

    return one


def _read_by(readers: SandboxPool) -> ReadBindings:
    async def read(path: Path, request: Request) -> Bindings:
        answer = await readers.answer(path, request)
        if answer.failed:
            raise MediaError(answer.complaint.replace(str(path), "the upload"))
        (entry,) = answer.results
        mark_id, kind = entry["mark_id"], entry["kind"]
        return Bindings(
            None if mark_id is None else str(mark_id),
            None if kind is None else PayloadKind(str(kind)),
            int(str(entry["look"]), 16),
        )

    return read


def _only_for(hosts: tuple[str, ...], app: ASGIApp) -> ASGIApp:
    """Wrap an application so that programs that use our host name may call it, and no page of another site."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refused = refusal_of(Headers(scope=scope), scope["method"], hosts)
            if refused is not None:
                await JSONResponse({"error": refused.words}, refused.status)(scope, receive, send)
                return
        await app(scope, receive, send)

    return guarded


def _logged(app: ASGIApp) -> ASGIApp:
    """Log one line for each request: the path without its query, the status of the answer, and the seconds it took."""

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500  # where nothing is answered, an error ended the request

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, noted)
        finally:
            said = f"{status} (the client has left)" if status == _CLIENT_LEFT else str(status)
            asked, seconds = visible(f"{scope['method']} {scope['path']}"), time.perf_counter() - started
            _LOG.info("%s answered %s in %.2f s", asked, said, seconds)

    return logged
