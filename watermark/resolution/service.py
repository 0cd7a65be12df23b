"""Define the routes of the C2PA Soft Binding Resolution API (C2PA 2.x, "Soft Binding API") for one deployment's store.

`GET|POST /matches/byBinding`, `POST /matches/byContent`, `GET /manifests/{manifestId}` and `GET
/services/supportedAlgorithms`. The service is read-only; it needs the optional packages of `facetrail[serve]`.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from watermark.deployment import Deployment
from watermark.errors import MediaError, StoreError

from .resolution import (
    FINGERPRINTS,
    MOST_RESULTS,
    WATERMARKS,
    Bindings,
    Match,
    check_algorithm,
    find_store,
    match_binding,
    match_content,
    read_bindings,
)
from .uploads import Uploads, receive

MOST_UPLOAD_BYTES = 64 << 20

_MOST_QUERY_BYTES = 4096
_DECODERS = 2
_CLIENT_LEFT = 499

_LOG = logging.getLogger(__name__)


ReadBindings: TypeAlias = Callable[[Path, Request], Awaitable[Bindings]]


def resolution_app(
    deployment: Deployment,
    *,
    hosts: Sequence[str] = ("localhost", "127.0.0.1"),
    most_bytes: int = MOST_UPLOAD_BYTES,
    read: ReadBindings | None = None,
) -> Starlette:
    """Build the service as an ASGI application.

    Args:
        deployment: Deployment whose keys and store are used.
        hosts: Host names that the service accepts; a web page elsewhere cannot reach it by another name.
        most_bytes: Size limit of an upload.
        read: Function that decodes the upload of a request and reads its bindings, or raises MediaError. None does this
            in a few threads of this process, without a time limit.
    """
    service = _Service(deployment, most_bytes, read or _read_here(deployment))
    return Starlette(
        routes=[
            Route("/matches/byBinding", service.by_binding, methods=["GET", "POST"]),
            Route("/matches/byContent", service.by_content, methods=["POST"]),
            Route("/manifests/{manifest_id:path}", service.manifest, methods=["GET"]),
            Route("/services/supportedAlgorithms", service.algorithms, methods=["GET"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)],
        exception_handlers={
            HTTPException: _refused,
            MediaError: _undecodable,
            StoreError: _failed,
            ClientDisconnect: _left,
        },
    )


class _Service:
    """Answer requests."""

    def __init__(self, deployment: Deployment, most_bytes: int, read: ReadBindings) -> None:
        self._deployment = deployment
        self._uploads = Uploads(most_bytes)
        self._read = read

    async def by_binding(self, request: Request) -> Response:
        query = dict(request.query_params)
        if request.method == "POST":
            query |= await _json(request)
        algorithm, value = query.get("alg"), query.get("value")
        if not algorithm or not value:
            raise HTTPException(400, "alg and value are both needed")
        find = partial(match_binding, self._deployment.store, algorithm, value, _limit(request))
        try:
            return _matches(await to_thread.run_sync(find))
        except ValueError as error:
            raise HTTPException(400, str(error)) from error

    async def by_content(self, request: Request) -> Response:
        limit, algorithm = _limit(request), request.query_params.get("alg")
        try:
            check_algorithm(algorithm)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        async with self._uploads.received(request) as path:
            bindings = await self._read(path, request)
        find = partial(match_content, bindings, self._deployment.store, algorithm, limit)
        return _matches(await to_thread.run_sync(find))

    async def manifest(self, request: Request) -> Response:
        only_active = request.query_params.get("returnActiveManifest", "false").lower() == "true"
        label = request.path_params["manifest_id"]
        find = partial(find_store, self._deployment.store, label, only_active=only_active)
        found = await to_thread.run_sync(find)
        if found is None:
            raise HTTPException(404, "no manifest with this identifier")
        return Response(found, media_type="application/c2pa")

    async def algorithms(self, request: Request) -> Response:
        named = {"watermarks": WATERMARKS, "fingerprints": FINGERPRINTS}
        return JSONResponse({kind: [{"alg": name} for name in names] for kind, names in named.items()})


def _read_here(deployment: Deployment) -> ReadBindings:
    decoders = CapacityLimiter(_DECODERS)

    async def read(path: Path, _: Request) -> Bindings:
        return await to_thread.run_sync(read_bindings, path, deployment, limiter=decoders)

    return read


def _matches(matches: Sequence[Match]) -> JSONResponse:
    listed = [
        {"manifestId": match.manifest_id} | ({} if match.similarity is None else {"similarityScore": match.similarity})
        for match in matches
    ]
    return JSONResponse({"matches": listed})


def _limit(request: Request) -> int:
    text = request.query_params.get("maxResults", "10")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST_RESULTS:
        raise HTTPException(400, f"maxResults must be a whole number, 1 … {MOST_RESULTS}")
    return int(text)


async def _json(request: Request) -> dict[str, str]:
    with tempfile.TemporaryFile() as file:
        await receive(request, file.write, _MOST_QUERY_BYTES)
        file.seek(0)
        content = file.read()
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise HTTPException(400, "the body must be a JSON object with alg and value")
    return found


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"error": getattr(error, "detail", str(error))}, status, getattr(error, "headers", None))


async def _undecodable(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": f"the file cannot be read: {str(error).partition(': ')[2] or error}"}, 400)


async def _failed(_: Request, error: Exception) -> Response:
    # The message names a path of the server; it goes to the log and not to the client.
    _LOG.error("%s", error)
    return JSONResponse({"error": "the manifest store cannot be read"}, 500)


async def _left(_: Request, error: Exception) -> Response:
    # Nobody reads this answer; its status is what a log shows.
    return JSONResponse({"error": "the client has left"}, _CLIENT_LEFT)
