"""Build the page: three tabs, one theme, no external resources."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .animate_tab import AnimateTab
from .context import AppContext
from .evaluate_tab import EvaluateTab
from .examine_tab import ExamineTab

SWEEP_SECONDS, OLD_SECONDS = 600, 6 * 3600
"""Interval at which the framework searches for forgotten uploads, and the age at which it deletes them, in seconds."""


def build_page(context: AppContext) -> Any:  # noqa: ANN401 - the framework is untyped
    """Build the page.

    Args:
        context: The shared context.

    Returns:
        The framework's page.
    """
    with gr.Blocks(title="facetrail", analytics_enabled=False, delete_cache=(SWEEP_SECONDS, OLD_SECONDS)) as page:
        gr.Markdown("# facetrail\nMake, examine and measure manipulated faces. Everything stays on this computer.")
        with gr.Tabs():
            with gr.Tab("Animate", id="animate"):
                AnimateTab(context).build(page)
            with gr.Tab("Examine", id="examine"):
                ExamineTab(context).build()
            with gr.Tab("Evaluate", id="evaluate"):
                EvaluateTab(context).build(page)

        def leave(request: gr.Request) -> None:
            context.sessions.leave(request.session_hash)

        page.unload(leave)
    page.queue(max_size=20, default_concurrency_limit=1, api_open=False)
    return page


def look() -> Any:  # noqa: ANN401 - the framework is untyped
    """Return the theme: system fonts, calm colours, light and dark."""
    base = gr.themes.Base(
        primary_hue="teal",
        neutral_hue="slate",
        radius_size="md",
        font=[gr.themes.Font("system-ui"), gr.themes.Font("sans-serif")],
        font_mono=[gr.themes.Font("ui-monospace"), gr.themes.Font("monospace")],
    )
    # White on the hue's middle tone has too little contrast.
    return base.set(
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
    )
