"""Handle `POST /examine`: one file in the body, and the document of `facetrail examine --json` as the response."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from forensics.execution.command_result import JsonValue, document
from watermark.resolution.uploads import Uploads

from .client_name import LONGEST_NAME
from .sandbox_pool import SandboxPool

_KINDS = ("application/octet-stream", "application/pdf", "application/c2pa", "image/", "video/", "audio/")
"""Accepted types of a body. A page of another site cannot send these without a preflight request, which is rejected."""


def examine_route(pool: SandboxPool, uploads: Uploads) -> Route:
    """Return the route.

    Args:
        pool: Pool that examines files, see `forensics.cli.commands.examine.examiner`.
        uploads: Receiver of the uploads.
    """

    async def examine(request: Request) -> Response:
        name = name_of(request)
        async with uploads.received(request) as path:
            answer = await pool.answer(path, request)
            entries = tuple({key: renamed(entry[key], path, name) for key in entry} for entry in answer.results)
        text = document("examine", entries) + "\n"
        return Response(text, 422 if answer.failed else 200, media_type="application/json")

    return Route("/examine", examine, methods=["POST"])


def name_of(request: Request) -> str:
    """Return the client's name of the file; it appears in the response and is not used as a path.

    Args:
        request: Request whose body is the file itself.

    Raises:
        HTTPException: Status 415 for another body, 400 for a name that is empty or too long.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith(_KINDS):
        raise HTTPException(
            415, f"the content type {kind[:80]!r} is none of {', '.join(_KINDS)}; send the file itself, not a form"
        )
    name = request.query_params.get("name", "upload")
    if not 0 < len(name) <= LONGEST_NAME:
        raise HTTPException(400, f"the name has {len(name)} characters; give it 1 to {LONGEST_NAME}")
    return name


def renamed(value: JsonValue, path: Path, name: str) -> JsonValue:
    """Return a document with the client's name in place of our paths, which would reveal folders of this computer.

    Args:
        value: The document.
        path: Where the upload lies.
        name: The client's name of it.
    """
    if isinstance(value, str):
        return value.replace(str(path), name).replace(str(path.parents[1]), "")
    if isinstance(value, list):
        return [renamed(one, path, name) for one in value]
    if isinstance(value, dict):
        return {key: renamed(one, path, name) for key, one in value.items()}
    return value
