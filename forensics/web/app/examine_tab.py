"""Build the Examine tab, where a user drops files and reads verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from forensics.storage.media_suffixes import SUFFIXES

from .context import AppContext
from .examine_action import examine
from .messages import drawn_on, hint, notice, plainly

MOST_FILES = 20


@dataclass(frozen=True, slots=True, eq=False)
class ExamineTab:
    """The event handlers of the tab.

    Attributes:
        context: The context with deployment, trusted roots and detector.
    """

    context: AppContext

    def upload(self, paths: list[str] | None, request: gr.Request) -> str:
        """Register uploads, so that they are deleted when the page is closed."""

        def work() -> str:
            for path in paths or ():
                self.context.sessions.received(request.session_hash, path)
            return ""

        return plainly(work)()

    def examine(self, paths: list[str] | None, request: gr.Request, progress: Any = gr.Progress()) -> str:  # noqa: ANN401, B008
        """Examine the uploads."""
        if not paths:
            return notice("choose a file first")
        if len(paths) > MOST_FILES:
            return notice(f"at most {MOST_FILES} files at once; `facetrail examine FOLDER` takes any number")

        def work() -> str:
            sessions, name = self.context.sessions, request.session_hash
            received = [sessions.received(name, path) for path in paths]
            return examine(received, self.context, sessions.of(name), drawn_on(progress))

        return plainly(work)()

    def build(self) -> None:
        """Build the tab."""
        gr.HTML(hint("Drop pictures or videos. Credential, mark and detector are asked in this order of trust."))
        files = gr.File(
            label="Pictures and videos",
            file_count="multiple",
            file_types=list(SUFFIXES),
            height=160,
            elem_id="files",
        )
        go = gr.Button("Examine", variant="primary", elem_id="examine")
        verdicts = gr.HTML(elem_id="examined", min_height=90)
        files.upload(self.upload, files, verdicts, queue=False, show_progress="hidden", api_visibility="private")
        go.click(self.examine, files, verdicts, concurrency_id="work", concurrency_limit=1, api_visibility="private")
