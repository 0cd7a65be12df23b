"""Build the Evaluate tab: a corpus, detectors, and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from forensics.errors import InputError

from .context import AppContext
from .evaluate_action import EvaluateRequest, Outcome, earlier, evaluate, reopen
from .messages import drawn_on, hint, notice, plainly
from .sessions import Session
from .templating import render


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateTab:
    """The event handlers of the tab.

    Attributes:
        context: The context with corpora, detectors and the results folder.
    """

    context: AppContext

    def evaluate(
        self,
        corpus: str | None,
        detectors: list[str] | None,
        seed: float | None,
        request: gr.Request,
        progress: Any = gr.Progress(),  # noqa: ANN401, B008 - the framework's way
    ) -> str:
        """Measure the detectors on the corpus and show the report."""

        def work() -> str:
            if seed is None or not 0 <= seed < 2**32:
                raise InputError(f"the seed is a whole number from 0 to {2**32 - 1}")
            asked = EvaluateRequest(corpus or "", tuple(detectors or ()), int(seed))
            session = self.context.sessions.of(request.session_hash)
            return shown(evaluate(asked, self.context, session, drawn_on(progress)), session)

        return plainly(work)()

    def reopen(self, name: str | None, request: gr.Request) -> str:
        """Show an earlier evaluation."""
        if not name:
            return notice("choose an evaluation first")
        session = self.context.sessions.of(request.session_hash)
        return plainly(lambda: shown(reopen(name, self.context.results), session))()

    def refresh(self) -> Any:  # noqa: ANN401 - the framework is untyped
        """List the stored evaluations."""
        names = list(earlier(self.context.results))
        return gr.update(choices=names, value=names[0] if names else None)

    def build(self, page: Any) -> None:  # noqa: ANN401 - the framework is untyped
        """Build the tab.

        Args:
            page: The page, whose load event refreshes the list.
        """
        corpora, detectors = list(self.context.corpora), list(self.context.detectors)
        gr.HTML(
            hint(
                "Measure detectors on the test split of a corpus. A number is worth no more than its interval, and "
                "says nothing about pictures of another kind."
            )
        )
        if not corpora:
            gr.HTML(hint("No corpora were named: start the page with `facetrail app --corpora FOLDER`."))
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                corpus = gr.Dropdown(corpora, value=corpora[0] if corpora else None, label="Corpus", elem_id="corpus")
                chosen = gr.CheckboxGroup(detectors, value=detectors[:1], label="Detectors", elem_id="detectors")
                with gr.Accordion("Settings", open=False):
                    seed = gr.Number(0, label="Seed of the intervals", precision=0, minimum=0)
                go = gr.Button("Evaluate", variant="primary", interactive=bool(corpora), elem_id="evaluate")
            with gr.Column(min_width=300):
                names = list(earlier(self.context.results))
                kept = gr.Dropdown(
                    names, value=names[0] if names else None, label="Earlier evaluations", elem_id="earlier"
                )
                again = gr.Button("Show", elem_id="reopen")
        outcome = gr.HTML(elem_id="evaluated", min_height=90)
        quick: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        go.click(
            self.evaluate,
            [corpus, chosen, seed],
            outcome,
            concurrency_id="work",
            concurrency_limit=1,
            api_visibility="private",
        ).then(self.refresh, None, kept, **quick)
        again.click(self.reopen, kept, outcome, concurrency_id="work", concurrency_limit=1, api_visibility="private")
        page.load(self.refresh, None, kept, **quick)


def shown(outcome: Outcome, session: Session) -> str:
    """Render an evaluation with a link to its report.

    Args:
        outcome: The evaluation.
        session: The session that may download it.
    """
    token = None if outcome.page is None else session.offer(outcome.page, f"{outcome.name}.html")
    return render("evaluated", outcome=outcome, token=token)
