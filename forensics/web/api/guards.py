"""Guard and observe every request: who asks, what it may ask for, how often, and what came of it."""

from __future__ import annotations

import json
import logging
import sys
import time
import uuid
from dataclasses import dataclass, field
from math import ceil

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forensics.execution.command_result import visible
from forensics.web.request_guard import refusal_of

from .keys import Budget, ClientKey, client_of
from .metrics import Metrics

_LOG = logging.getLogger("forensics.web.api.service")
_CLIENT_LEFT = 499
_LONGEST_ID = 64

_RIGHTS = {
    "/matches/byBinding": "lookup",
    "/matches/byContent": "lookup",
    "/services/supportedAlgorithms": "lookup",
    "/manifests/": "lookup",
    "/read": "read",
    "/examine": "examine",
    "/seal": "seal",
    "/sign": "sign",
    "/metrics": "metrics",
}
"""What each route asks for; those of a folder end in a slash."""

_FREE = ("/health", "/openapi.json", "/docs")
"""Routes that need no key: they say nothing about any file."""


def route_of(path: str) -> str:
    """Return the route of a path, `other` for none."""
    if path.startswith("/manifests/"):
        return "/manifests/"
    return path if path in _RIGHTS or path in _FREE else "other"


def only_for(hosts: tuple[str, ...], app: ASGIApp) -> ASGIApp:
    """Wrap an application so that programs that use our host name may call it, and no page of another site."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refused = refusal_of(Headers(scope=scope), scope["method"], hosts)
            if refused is not None:
                await JSONResponse({"error": refused.words}, refused.status)(scope, receive, send)
                return
        await app(scope, receive, send)

    return guarded


def only_with_key(keys: tuple[ClientKey, ...], budget: Budget, app: ASGIApp) -> ASGIApp:
    """Wrap an application so that each route needs a key with its right, and no key asks too often.

    A path that is no route is answered as one that needs a key, so that nobody learns which routes there are.

    Args:
        keys: The known keys.
        budget: How often each may ask.
        app: The application.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _FREE:
            await app(scope, receive, send)
            return
        client = client_of(keys, Headers(scope=scope).get("authorization"))
        if client is None:
            refusal = _refuse(401, "this needs a key: Authorization: Bearer KEY", {"WWW-Authenticate": "Bearer"})
        else:
            scope["facetrail.client"] = client.name
            right = _RIGHTS.get(route_of(scope["path"]))
            wait = budget.wait(client.name)
            if right is not None and right not in client.rights:
                refusal = _refuse(403, f"this key may not {right}")
            elif wait > 0:
                refusal = _refuse(429, "this key asks too often", {"Retry-After": str(ceil(wait))})
            else:
                await app(scope, receive, send)
                return
        await refusal(scope, receive, send)

    return guarded


def _refuse(status: int, words: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": words}, status, headers)


@dataclass(slots=True)
class _Request:
    """What is noted of one request."""

    status: int = 500  # where nothing is answered, an error ended the request
    received: int = 0
    sent: int = 0
    begun: float = field(default_factory=time.perf_counter)


def observed(metrics: Metrics, app: ASGIApp, *, as_json: bool) -> ASGIApp:
    """Wrap an application so that each request is counted and logged in one line, and its answer carries an id.

    A line has the path without its query, which may hold names; a JSON line also has the client and the sizes.

    Args:
        metrics: Counts of this process.
        app: The application.
        as_json: Whether each line is one JSON object on stderr, whatever else is logged.
    """
    write = _write_json if as_json else _write_text

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        noted, request_id = _Request(), _id_of(Headers(scope=scope))

        async def received() -> Message:
            message = await receive()
            noted.received += len(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                noted.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            noted.sent += len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, received, sent)
        finally:
            seconds = time.perf_counter() - noted.begun
            metrics.count(scope["method"], route_of(scope["path"]), noted.status, seconds, noted.received)
            write(scope, noted, seconds, request_id)

    return watched


def _id_of(headers: Headers) -> str:
    """Return the id that the client or its proxy gave, where it is short and plain, or a new one."""
    given = headers.get("x-request-id", "")
    plain = given.isascii() and given.replace("-", "").replace("_", "").isalnum()
    return given if plain and len(given) <= _LONGEST_ID else uuid.uuid4().hex


def _write_text(scope: Scope, noted: _Request, seconds: float, request_id: str) -> None:
    said = f"{noted.status} (the client has left)" if noted.status == _CLIENT_LEFT else str(noted.status)
    _LOG.info("%s answered %s in %.2f s", visible(f"{scope['method']} {scope['path']}"), said, seconds)


def _write_json(scope: Scope, noted: _Request, seconds: float, request_id: str) -> None:
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "id": request_id,
        "client": scope.get("facetrail.client"),
        "method": scope["method"],
        "path": scope["path"],
        "route": route_of(scope["path"]),
        "status": noted.status,
        "seconds": round(seconds, 4),
        "received": noted.received,
        "sent": noted.sent,
    }
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
