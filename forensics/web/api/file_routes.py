"""Handle `POST /read`, `/seal` and `/sign`: one file in the body; what is stated about it in the query."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from forensics.execution.command_result import JsonObject, document
from watermark.resolution.uploads import Uploads

from .client_name import name_on_disk
from .examine_route import name_of, renamed
from .file_work import MADE, SEAL_FORMATS, FileRequest
from .sandbox_pool import SandboxPool

RECEIPT_HEADER = "Facetrail-Receipt"
MOST_ASSERTION_CHARACTERS = 8192

_LONGEST_RECEIPT = 6000
_KINDS = {"seal": ("captured", "edited", "generated", "control"), "sign": ("captured", "edited", "generated")}


class _HeldFileResponse(FileResponse):
    """Send a file, and let go of the upload that it lies beside, however the sending ends."""

    def __init__(self, path: Path, held: AsyncExitStack, headers: dict[str, str], media_type: str) -> None:
        super().__init__(path, headers=headers, media_type=media_type)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held:
            await super().__call__(scope, receive, send)


def file_routes(pool: SandboxPool, uploads: Uploads, *, signing: bool) -> list[Route]:
    """Return the routes.

    Args:
        pool: Pool that works on files, see `file_worker`.
        uploads: Receiver of the uploads.
        signing: Whether files are sealed and signed; otherwise they are only read.
    """

    async def read(request: Request) -> Response:
        name = name_of(request)
        async with uploads.received(request, name_on_disk(name)) as path:
            FileRequest("read").write(path.parents[1])
            answer = await pool.answer(path, request)
            entries = tuple({key: renamed(entry[key], path, name) for key in entry} for entry in answer.results)
        return Response(document("read", entries) + "\n", 422 if answer.failed else 200, media_type="application/json")

    async def seal(request: Request) -> Response:
        return await _made(request, _seal_request(request))

    async def sign(request: Request) -> Response:
        return await _made(request, _sign_request(request))

    async def _made(request: Request, asked: FileRequest) -> Response:
        name = name_of(request)
        async with AsyncExitStack() as opening:
            path = await opening.enter_async_context(uploads.received(request, name_on_disk(name)))
            asked.write(path.parents[1])
            answer = await pool.answer(path, request)
            entries = tuple({key: renamed(entry[key], path, name) for key in entry} for entry in answer.results)
            if answer.failed:
                return Response(document(asked.work, entries) + "\n", 422, media_type="application/json")
            (made,) = (path.parents[1] / MADE).iterdir()
            (entry,) = entries
            headers = {RECEIPT_HEADER: _receipt({**entry, "path": made.name})}
            return _HeldFileResponse(made, opening.pop_all(), headers, _media_type(made))

    routes = [Route("/read", read, methods=["POST"])]
    if signing:
        routes += [Route("/seal", seal, methods=["POST"]), Route("/sign", sign, methods=["POST"])]
    return routes


def _seal_request(request: Request) -> FileRequest:
    quality = request.query_params.get("quality")
    if quality is not None and not (quality.isascii() and quality.isdigit() and 1 <= int(quality[:4]) <= 100):
        raise HTTPException(400, "quality must be a whole number, 1 … 100")
    return FileRequest(
        "seal",
        _one_of(request, "kind", _KINDS["seal"]),
        _one_of(request, "format", SEAL_FORMATS) if "format" in request.query_params else "",
        None if quality is None else int(quality),
        lossless=_flag(request, "lossless"),
        thumbnail=_flag(request, "thumbnail"),
        assertions=_assertions(request),
    )


def _sign_request(request: Request) -> FileRequest:
    return FileRequest(
        "sign",
        _one_of(request, "kind", _KINDS["sign"]),
        sidecar=_flag(request, "sidecar"),
        thumbnail=_flag(request, "thumbnail"),
        assertions=_assertions(request),
    )


def _one_of(request: Request, name: str, values: tuple[str, ...]) -> str:
    value = request.query_params.get(name)
    if value not in values:
        raise HTTPException(400, f"{name} must be one of {', '.join(values)}; it is stated under the signer's name")
    return value


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise HTTPException(400, f"{name} must be true or false")
    return value == "true"


def _assertions(request: Request) -> str:
    text = request.query_params.get("assertions", "")
    if len(text) > MOST_ASSERTION_CHARACTERS:
        raise HTTPException(400, f"assertions are longer than {MOST_ASSERTION_CHARACTERS} characters")
    return text


def _receipt(entry: JsonObject) -> str:
    """Return the receipt as one line of ASCII, without what was kept and lost where it would be too long."""
    text = json.dumps(entry)
    if len(text) <= _LONGEST_RECEIPT:
        return text
    return json.dumps({key: value for key, value in entry.items() if key not in ("kept", "lost")})


def _media_type(made: Path) -> str:
    from watermark import media_type_of

    return media_type_of(made)
