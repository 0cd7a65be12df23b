"""Build the service: access check, routes, and the processes that open files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp

from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report
from forensics.execution.sandbox import FileHandler, Limits
from watermark import Bindings, Deployment, MediaError, PayloadKind, read_bindings
from watermark.resolution.service import ReadBindings, resolution_app
from watermark.resolution.uploads import Uploads

from .about_routes import about_routes
from .examine_route import examine_route
from .file_routes import file_routes
from .file_work import file_worker
from .guards import observed, only_for, only_with_key
from .keys import Budget, ClientKey
from .metrics import Metrics
from .openapi import openapi_document
from .sandbox_pool import SandboxPool, sandboxes


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
        signing: Whether files are sealed and signed.
        keys: Keys of the clients; None answers everybody, and then nothing is signed.
        per_minute: Requests a minute of each key; None for any number.
        json_log: Whether each request is logged as one JSON object.
        trust: Root certificates (PEM) whose signers are trusted in addition to the deployment's.
    """

    home: Path | None
    hosts: tuple[str, ...]
    limits: Limits
    most_bytes: int = 64 << 20
    processes: int = 1
    waiting: int = 8
    arrival_seconds: float = 120.0
    signing: bool = False
    keys: tuple[ClientKey, ...] | None = None
    per_minute: int | None = None
    json_log: bool = False
    trust: tuple[str, ...] = ()


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
        prepare = partial(file_worker, config.home, config.trust)
        workers = stack.enter_context(sandboxes(prepare, config.limits, config.processes))
        yield service_app(deployment, config, readers, examiners, workers)


def service_app(
    deployment: Deployment,
    config: ServiceConfig,
    readers: SandboxPool,
    examiners: SandboxPool | None,
    workers: SandboxPool | None = None,
) -> ASGIApp:
    """Build the application with its routes.

    Args:
        deployment: The deployment whose store is served.
        config: Settings and limits.
        readers: Pool that reads marks and looks, see `bindings_reader`.
        examiners: Pool that examines files; None serves no examinations.
        workers: Pool that reads, seals and signs files, see `file_worker`; None serves none of these.

    Raises:
        UsageError: Files would be signed for everybody.
    """
    if config.signing and config.keys is None:
        raise UsageError("whoever reaches the service could sign in your name; give it --keys")
    metrics = Metrics()
    # Host names are checked for all routes in the same way, below.
    app = resolution_app(deployment, hosts=["*"], most_bytes=config.most_bytes, read=_read_by(readers))
    routes = app.router.routes
    if examiners is not None:
        uploads = _uploads(config, metrics, "examine", "examined")
        routes.append(examine_route(examiners, uploads))
    if workers is not None:
        uploads = _uploads(config, metrics, "files", "read, sealed or signed")
        routes += file_routes(workers, uploads, signing=config.signing)
    description = openapi_document(
        keys=config.keys is not None, signing=config.signing, examining=examiners is not None
    )
    routes += about_routes(deployment, metrics, description)
    guarded: ASGIApp = app
    if config.keys is not None:
        guarded = only_with_key(config.keys, Budget(config.per_minute), guarded)
    return observed(metrics, only_for(config.hosts, guarded), as_json=config.json_log)


def _uploads(config: ServiceConfig, metrics: Metrics, name: str, done: str) -> Uploads:
    """Return the receiver of one kind of upload, whose queue the metrics show."""
    uploads = Uploads(config.most_bytes, config.processes + config.waiting, config.arrival_seconds)
    words = f"Files that arrive, wait or are being {done}."
    metrics.gauges[f"facetrail_{name}_in_progress"] = (words, lambda: float(uploads.there))
    words = f"Most files that may arrive, wait or be {done} at once."
    metrics.gauges[f"facetrail_{name}_most"] = (words, lambda: float(uploads.most_at_once))
    return uploads


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
