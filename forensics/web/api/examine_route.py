"""`POST /examine`: one file in the body, the document of `facetrail examine --json` as the answer."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from forensics.execution.command_result import JsonValue, document
from watermark.resolution.uploads import Uploads

from .sandbox_pool import SandboxPool

LONGEST_NAME = 255

_KINDS = ("application/octet-stream", "image/", "video/")
"""What a body may be called. A page of another site cannot send these without asking first, and is then refused."""


def examine_route(pool: SandboxPool, uploads: Uploads) -> Route:
    """Return the route.

    Args:
        pool: Examines files, see `forensics.cli.commands.examine.examiner`.
        uploads: Takes them.
    """

    async def examine(request: Request) -> Response:
        name = _name_of(request)
        async with uploads.received(request) as path:
            answer = await pool.answer(path, request)
            entries = tuple({key: _renamed(entry[key], path, name) for key in entry} for entry in answer.results)
        text = document("examine", entries) + "\n"
        return Response(text, 422 if answer.failed else 200, media_type="application/json")

    return Route("/examine", examine, methods=["POST"])


def _name_of(request: Request) -> str:
    """Return what the client calls the file; it stands in the answer and is no path here."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith(_KINDS):
        raise HTTPException(
            415, f"the content type {kind[:80]!r} is none of {', '.join(_KINDS)}; send the file itself, not a form"
        )
    name = request.query_params.get("name", "upload")
    if not 0 < len(name) <= LONGEST_NAME:
        raise HTTPException(400, f"the name has {len(name)} characters; give it 1 to {LONGEST_NAME}")
    return name


def _renamed(value: JsonValue, path: Path, name: str) -> JsonValue:
    """Put the client's name in place of ours, which says where this computer keeps its files."""
    if isinstance(value, str):
        return value.replace(str(path), name)
    if isinstance(value, list):
        return [_renamed(one, path, name) for one in value]
    if isinstance(value, dict):
        return {key: _renamed(one, path, name) for key, one in value.items()}
    return value
