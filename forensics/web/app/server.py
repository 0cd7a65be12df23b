"""Serve the page: the framework's application behind our guard, and our own addresses for files."""

from __future__ import annotations

import os
import threading
import webbrowser
from typing import Any

from forensics.web.shutdown import ended_like_ctrl_c

from .context import AppContext
from .downloads import routes
from .guard import Guard, GuardConfig
from .sessions import Sessions

_GRACE_SECONDS = 2


def build_app(context: AppContext, config: GuardConfig) -> Guard:
    """Build the whole application.

    Args:
        context: The shared context of the page.
        config: The limits of allowed requests.

    Raises:
        ImportError: The extra `app` is not installed.
    """
    # The framework reads these when it is imported: no telemetry, no access to a model hub, our folder for uploads.
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        GRADIO_TEMP_DIR=str(context.sessions.uploads),
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_OFFLINE="1",
    )
    import gradio as gr
    from fastapi import FastAPI

    from .live_window import live_routes
    from .page import build_page, look
    from .templating import asset

    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    outer.router.routes.extend([*routes(context.sessions), *live_routes(context.sessions)])
    page = build_page(context)
    gr.mount_gradio_app(
        outer,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=config.most_bytes,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        theme=look(),
        css=asset("page.css"),
    )
    page.has_launched = (
        True  # a mounted framework does not set this, and then skips its check of the files that are named by a client
    )
    return Guard(outer, config)


def serve(
    app: Guard,
    sessions: Sessions,
    host: str,
    port: int,
    *,
    opened: str | None = None,
    log_level: str = "warning",
) -> None:
    """Serve until stopped from the keyboard.

    Args:
        app: The application.
        sessions: The sessions, which are closed when the server stops; this ends the work of every open page.
        host: Address to listen at.
        port: Port to listen at.
        opened: Address to open in the user's browser once the page responds.
        log_level: Level of the server's log.

    Raises:
        OSError: The port is taken.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401 - the base class is untyped here
            await super().startup(sockets)
            if opened is not None and self.started:
                threading.Thread(target=webbrowser.open, args=(opened,), daemon=True).start()

        async def shutdown(self, sockets: Any = None) -> None:  # noqa: ANN401 - the base class is untyped here
            sessions.close()
            app.stop()
            await super().shutdown(sockets)

    settings = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,  # its records go where all others go
        log_level=log_level,
        access_log=False,  # addresses hold tokens
        server_header=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with ended_like_ctrl_c():
        Server(settings).run(sockets=[settings.bind_socket()])
