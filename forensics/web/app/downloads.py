"""Serve offered files: a token is looked up, and no part of an address ever becomes a path."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from .sessions import Sessions

_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
}
"""Types that may be shown inside the page; all other files are downloaded."""

DOCUMENT_POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; img-src data:; media-src data:; font-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-ancestors 'self'"
)
"""Policy of a report, which runs its own scripts, has no network access and has an opaque origin."""


def routes(sessions: Sessions) -> list[Route]:
    """Return the routes that serve files unchanged, byte for byte.

    Args:
        sessions: The sessions with the offered files.
    """

    async def download(request: Request) -> Response:
        return _answer(sessions, request, inline=False)

    async def show(request: Request) -> Response:
        return _answer(sessions, request, inline=True)

    return [Route("/download/{token}", download), Route("/show/{token}", show)]


def _answer(sessions: Sessions, request: Request, *, inline: bool) -> Response:
    offered = sessions.find(request.path_params["token"])
    if offered is None or not offered.path.is_file():
        return PlainTextResponse("this file is gone; files are deleted when the page is closed", 404)
    kind = _TYPES.get(offered.path.suffix.lower(), "application/octet-stream")
    shown = inline and kind != "application/octet-stream"
    answer = FileResponse(
        offered.path,
        media_type=kind if shown else "application/octet-stream",
        filename=offered.name,
        content_disposition_type="inline" if shown else "attachment",
    )
    answer.headers["content-security-policy"] = DOCUMENT_POLICY
    return answer
