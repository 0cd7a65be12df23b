"""Check every request before it reaches the page, as an ASGI middleware.

1. `Host` must be one of our names; otherwise a foreign site's name was pointed at this computer (DNS rebinding).
2. A request of a foreign site is rejected, by `Sec-Fetch-Site` and by `Origin` (CSRF).
3. Where a token is set, only browsers that have sent it get access.
4. Only the addresses the page needs exist.
5. Bodies are limited while they arrive, regardless of `Content-Length`.
6. A file is named by an earlier upload, never by another path or a web address: the framework, mounted in another
   application as here, would read and fetch them.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forensics.web.request_guard import LOOPBACK, refusal_of

MOST_WORDS = 4 << 20
"""Largest body, in bytes, of a request that is not an upload."""

MOST_FRAME = 1 << 20
"""Largest frame of a camera, in bytes."""

_UPLOAD = "/gradio_api/upload"
_LIVE = "/live/"
_COOKIE = "facetrail_token"
_READ = re.compile(
    r"/|/(config|theme\.css|favicon\.ico|manifest\.json|robots\.txt)|/(assets|static|svelte)/.+|/(download|show|live)/[\w-]+"
    r"|/gradio_api/(info|app_id|startup-events|theme\.css|queue/data|upload_progress|heartbeat/\w+|file=.+)"
)
_WRITTEN = re.compile(r"/gradio_api/(queue/join|run/predict|upload|cancel|reset)/?|/live/[\w-]+")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
    "worker-src 'self' blob:; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Policy of the framework's page, which needs inline scripts and builds templates from text; foreign hosts get none."""


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """The limits of allowed requests.

    Attributes:
        hosts: Host names of the page, without port.
        most_bytes: Largest upload in bytes.
        token: Secret that a browser must send once, in the address; None allows everyone who reaches the port.
        uploads: Folder of the uploads; None accepts no files.
    """

    hosts: tuple[str, ...] = LOOPBACK
    most_bytes: int = 200 << 20
    token: str | None = None
    uploads: Path | None = None


class _TooLargeError(Exception):
    """A body exceeded its limit."""


class Guard:
    """The middleware that checks every request."""

    def __init__(self, app: ASGIApp, config: GuardConfig) -> None:
        """Wrap an application.

        Args:
            app: The application.
            config: The limits of allowed requests.
        """
        self._app = app
        self._config = config
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Notify responses that would never end, such as the page's heartbeat, that the browser has left."""
        self._stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject a request, or pass it on to the application."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        receive = self._until_stopped(receive)
        refusal = refuse(scope, self._config) or self._check_token(scope)
        if refusal is not None:
            await refusal(scope, receive, _guarded(send, scope))
            return
        try:
            if scope["method"] == "POST" and scope["path"].startswith(_LIVE):
                _, receive = await _read_whole(receive, MOST_FRAME)
            elif scope["method"] == "POST" and not scope["path"].startswith(_UPLOAD):
                receive = await _read_words(receive, self._config.uploads)
            else:
                receive = _limited(receive, self._config.most_bytes)
        except _TooLargeError:
            refusal = PlainTextResponse("the request is too large", 413)
        except ValueError as error:
            refusal = PlainTextResponse(str(error), 400)
        if refusal is not None:
            await refusal(scope, receive, _guarded(send, scope))
            return
        await self._hand_on(scope, receive, send)

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = ended = False

        async def noted(message: Message) -> None:
            nonlocal started, ended
            started = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, _guarded(noted, scope))
        except _TooLargeError:
            if started:
                raise
            most = self._config.most_bytes >> 20
            too_large = PlainTextResponse(f"the upload is larger than {most} MiB; see --max-upload", 413)
            await too_large(scope, receive, _guarded(send, scope))
            return
        if started and not ended and self._stopping.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _until_stopped(self, receive: Receive) -> Receive:
        async def inner() -> Message:
            arriving = asyncio.ensure_future(receive())
            stopping = asyncio.ensure_future(self._stopping.wait())
            try:
                await asyncio.wait((arriving, stopping), return_when=asyncio.FIRST_COMPLETED)
                return arriving.result() if arriving.done() else {"type": "http.disconnect"}
            finally:
                arriving.cancel()
                stopping.cancel()

        return inner

    def _check_token(self, scope: Scope) -> Response | None:
        token = self._config.token
        if token is None:
            return None
        try:
            cookie = SimpleCookie(Headers(scope=scope).get("cookie", "")).get(_COOKIE)
        except CookieError:
            cookie = None
        if cookie is not None and hmac.compare_digest(cookie.value.encode(), token.encode()):
            return None
        shown = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] != "/" or not hmac.compare_digest(shown.encode(), token.encode()):
            return PlainTextResponse("this page needs the address with its token, as printed where it was started", 401)
        welcome = RedirectResponse("/", 303)
        welcome.set_cookie(_COOKIE, token, httponly=True, samesite="strict")
        return welcome


def refuse(scope: Scope, config: GuardConfig) -> Response | None:
    """Check a request by its first lines.

    Args:
        scope: The ASGI scope of an HTTP request.
        config: The limits of allowed requests.

    Returns:
        The response of a rejected request, None for an allowed one.
    """
    headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
    if (refused := refusal_of(headers, method, config.hosts)) is not None:
        return PlainTextResponse(refused.words, refused.status)
    if not (_WRITTEN if method == "POST" else _READ).fullmatch(path) or ".." in path.split("/"):
        return PlainTextResponse("there is nothing here", 404)
    if method not in ("GET", "HEAD", "POST"):
        return PlainTextResponse("this method is not answered", 405)
    if path.startswith(_UPLOAD) and _announced(headers) > config.most_bytes:
        return PlainTextResponse(f"the upload is larger than {config.most_bytes >> 20} MiB; see --max-upload", 413)
    return None


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


def _limited(receive: Receive, most: int) -> Receive:
    """Return a receiver that counts a body while it arrives."""
    seen = 0

    async def inner() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise _TooLargeError
        return message

    return inner


async def _read_words(receive: Receive, uploads: Path | None) -> Receive:
    """Read a body that is not an upload, reject files that are not uploads, and return a receiver of the same body."""
    body, again = await _read_whole(receive, MOST_WORDS)
    if body:
        try:
            _refuse_other_files(json.loads(body), uploads)
        except RecursionError as error:
            raise ValueError("the request is nested too deeply") from error
    return again


async def _read_whole(receive: Receive, most: int) -> tuple[bytes, Receive]:
    """Read a body of at most so many bytes, and return it with a receiver of the same body."""
    limited = _limited(receive, most)
    body, more = b"", True
    while more:
        message = await limited()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    played = False

    async def inner() -> Message:
        nonlocal played
        if played:
            return await receive()
        played = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, inner


def _refuse_other_files(value: Any, uploads: Path | None) -> None:  # noqa: ANN401 - any JSON
    """Raise ValueError where a value names a file that is not an upload."""
    if isinstance(value, list):
        for one in value:
            _refuse_other_files(one, uploads)
    elif isinstance(value, dict):
        path = value.get("path")
        if isinstance(path, str) and (uploads is None or uploads not in Path(path).resolve().parents):
            raise ValueError("a file is uploaded, not named by a path or an address")
        for one in value.values():
            _refuse_other_files(one, uploads)


def _guarded(send: Send, scope: Scope) -> Send:
    """Return a sender that adds the headers of every response, and drops those that would let other sites read it."""

    async def inner(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            headers.setdefault("content-security-policy", PAGE_POLICY)
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
            headers["cross-origin-resource-policy"] = "same-origin"
            if not scope["path"].startswith(("/assets/", "/static/")):
                headers["cache-control"] = "no-store"
        await send(message)

    return inner
