"""Tell how the service is: `GET /health`, `/metrics`, `/openapi.json`, and a page for people at `/docs`."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from forensics.execution.command_result import JsonObject
from watermark import Deployment, IdentityError, StoreError

from .metrics import TEXT_TYPE, Metrics

SOON_DAYS = 30
_NO_MANIFEST = "urn:c2pa:00000000-0000-0000-0000-000000000000"

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}code{{background:#eee}}
table{{border-collapse:collapse}}td,th{{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}}</style>
<h1>{title}</h1><p>{words} The whole description is in <a href="openapi.json">openapi.json</a>.</p>{routes}</html>
"""


def about_routes(deployment: Deployment, metrics: Metrics, description: JsonObject) -> list[Route]:
    """Return the routes.

    Args:
        deployment: The deployment that is served.
        metrics: Counts of this process.
        description: The service's OpenAPI document.
    """
    page = _page(description)

    async def health(request: Request) -> Response:
        state = await to_thread.run_sync(health_of, deployment)
        return JSONResponse(state, 200 if state["status"] == "ok" else 503)

    async def counts(request: Request) -> Response:
        return Response(metrics.text(), headers={"Content-Type": TEXT_TYPE})

    async def openapi(request: Request) -> Response:
        return JSONResponse(description)

    async def docs(request: Request) -> Response:
        return HTMLResponse(page)

    routes: dict[str, Callable[[Request], object]] = {
        "/health": health,
        "/metrics": counts,
        "/openapi.json": openapi,
        "/docs": docs,
    }
    return [Route(path, answer, methods=["GET"]) for path, answer in routes.items()]


def health_of(deployment: Deployment) -> JsonObject:
    """Return whether the store answers and the identity can sign; no path and no name stands in the answer.

    Args:
        deployment: The deployment that is served.
    """
    try:
        deployment.store.find_manifest(_NO_MANIFEST)
        store = "ok"
    except StoreError:
        store = "unusable"
    try:
        deployment.identity.check_in_date()
        days = (deployment.identity.not_after - dt.datetime.now(dt.UTC)).days
        identity = "expires soon" if days < SOON_DAYS else "ok"
    except IdentityError:
        days, identity = 0, "out of date"
    status = "ok" if store == "ok" and identity != "out of date" else "unusable"
    return {"status": status, "store": store, "identity": identity, "days_left": days}


def _page(description: JsonObject) -> str:
    """Return a page that lists the routes, without scripts and without anything from elsewhere."""
    info, paths = description["info"], description["paths"]
    if not isinstance(info, dict) or not isinstance(paths, dict):
        raise TypeError("the description of the service is no OpenAPI document")
    routes = "".join(
        _section(path, method, operation)
        for path, methods in paths.items()
        if isinstance(methods, dict)
        for method, operation in methods.items()
        if isinstance(operation, dict)
    )
    return _PAGE.format(
        title=html.escape(str(info["title"])), words=html.escape(str(info["description"])), routes=routes
    )


def _section(path: str, method: str, operation: JsonObject) -> str:
    parameters, responses = operation.get("parameters", []), operation["responses"]
    rows = "".join(
        f"<tr><td><code>{html.escape(str(one['name']))}</code><td>{html.escape(str(one.get('description', '')))}"
        for one in (parameters if isinstance(parameters, list) else [])
        if isinstance(one, dict)
    )
    rows += "".join(
        f"<tr><td>{status}<td>{html.escape(str(one.get('description', '')))}"
        for status, one in (responses.items() if isinstance(responses, dict) else [])
        if isinstance(one, dict)
    )
    words = html.escape(str(operation.get("summary", "")))
    return f"<h2><code>{method.upper()} {html.escape(path)}</code></h2><p>{words}</p><table>{rows}</table>"
