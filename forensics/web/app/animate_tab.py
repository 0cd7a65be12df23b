"""Build the Animate tab: source, motion, and the sealed result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from forensics.errors import InputError
from forensics.storage.media_suffixes import SUFFIXES

from .animate_action import LONGEST_SECONDS, AnimateRequest, AnimateResult, Motion, animate, play
from .context import AppContext
from .messages import drawn_on, hint, notice, plainly
from .pose_sliders import GROUPS, SLIDERS, cast, picture, portraits
from .sessions import Session
from .templating import render

CAST = 7
"""Seed of the puppets that are shown first."""

REST = tuple(0.0 for _ in SLIDERS)
LIVELY = tuple(
    {"Turn left or right (degrees)": 25.0, "Smile (below 0: frown)": 0.8}.get(one.label, 0.0) for one in SLIDERS
)

_STILLS = [suffix for suffix in SUFFIXES if suffix not in (".mp4", ".mov", ".mkv")]


@dataclass(frozen=True, slots=True, eq=False)
class AnimateTab:
    """The event handlers of the tab.

    Attributes:
        context: Generator and deployment.
    """

    context: AppContext

    def head(self, cast_seed: int, puppet: int, *values: float) -> str:
        """Draw the live head with the current values of the sliders."""
        return _portrait(cast_seed, puppet, values, "The puppet in the pose of the sliders", "ft-head")

    def choose(self, chosen: gr.SelectData) -> int:
        """Choose another puppet of the cast; its pictures follow."""
        return int(chosen.index)

    def recast(self, cast_seed: int) -> tuple[Any, ...]:
        """Draw other puppets."""
        return cast_seed + 1, 0, gr.Gallery(value=portraits(cast_seed + 1), selected_index=0)

    def redraw(self, cast_seed: int, puppet: int, start: Any, end: Any, *values: float) -> tuple[str, ...]:  # noqa: ANN401
        """Draw the live head and both kept poses with the chosen puppet."""
        kept = [_portrait(cast_seed, puppet, tuple(one), "A kept pose", "ft-pose") for one in (start, end)]
        return self.head(cast_seed, puppet, *values), *kept

    def keep(self, cast_seed: int, puppet: int, *values: float) -> tuple[Any, ...]:
        """Store the pose of the sliders as one end of the motion."""
        return values, _portrait(cast_seed, puppet, values, "A kept pose", "ft-pose")

    def upload(self, path: str | None, request: gr.Request) -> str:
        """Register an upload, so that it is deleted when the page is closed."""
        return plainly(self._noted)(path, request.session_hash)

    def _noted(self, path: str | None, name: str | None) -> str:
        if path is not None:
            self.context.sessions.received(name, path)
        return ""

    def show_motion(self, progress: Any = gr.Progress(), *asked: Any) -> str:  # noqa: ANN401, B008 - the framework's way
        """Play the motion on the puppet itself."""
        return plainly(lambda: _played(play(self._wish(None, *asked), drawn_on(progress))))()

    def make(self, request: gr.Request, progress: Any = gr.Progress(), *asked: Any) -> str:  # noqa: ANN401, B008
        """Animate, and show the result for download."""

        def work() -> str:
            name = request.session_hash
            session = self.context.sessions.of(name)
            return card_of(animate(self._wish(name, *asked), self.context, session, drawn_on(progress)), session)

        return plainly(work)()

    def _wish(
        self,
        name: str | None,
        source: str | None,
        cast_seed: int,
        puppet: int,
        motion: str,
        drive: str | None,
        start: tuple[float, ...],
        end: tuple[float, ...],
        seconds: float,
        motion_seed: float,
        steps: float,
        seed: float,
        whole: bool,
        *values: float,
    ) -> AnimateRequest:
        """Build the request from the tab's inputs, in the order in which they are wired."""
        kind = Motion(motion)
        received = self.context.sessions.received
        return AnimateRequest(
            upload=None if source is None or name is None else received(name, source),
            cast_seed=int(cast_seed),
            puppet=int(puppet),
            motion=kind,
            drive=None if drive is None or name is None or kind is not Motion.DRIVE else received(name, drive),
            start=tuple(values) if kind is Motion.STILL else tuple(start),
            end=tuple(end),
            seconds=float(seconds),
            motion_seed=_whole("motion number", motion_seed),
            steps=int(steps) or None,
            seed=_whole("seed", seed),
            whole_picture=bool(whole),
        )

    def build(self) -> None:
        """Build the tab."""
        gr.HTML(hint("Choose a face and a motion. What comes out is marked in its pixels and signed."))
        cast_seed, puppet = gr.State(CAST), gr.State(0)
        start, end = gr.State(REST), gr.State(LIVELY)
        with gr.Row(equal_height=False):
            with gr.Column(min_width=300):
                gr.Markdown("### 1. Whose face")
                gallery = gr.Gallery(
                    portraits(CAST),
                    label="Puppets",
                    show_label=False,
                    columns=4,
                    rows=2,
                    height=196,
                    allow_preview=False,
                    selected_index=0,
                    buttons=[],
                    interactive=False,
                    elem_id="puppets",
                )
                others = gr.Button("Draw other puppets", size="sm")
                source = gr.File(
                    label="or a picture of yours: a stylised face", file_types=_STILLS, height=150, elem_id="source"
                )
            with gr.Column(min_width=300):
                gr.Markdown("### 2. How it moves")
                motion = gr.Radio(
                    [kind.value for kind in Motion], value=Motion.SAMPLED.value, show_label=False, elem_id="motion"
                )
                drive = gr.File(
                    label=f"A video with one face, at most {LONGEST_SECONDS} s, or a saved motion (.npz)",
                    file_types=[".mp4", ".mov", ".mkv", ".npz", *_STILLS],
                    height=150,
                    visible=False,
                    elem_id="drive",
                )
                with gr.Column(visible=False) as posing:
                    head = gr.HTML(
                        _portrait(CAST, 0, REST, "The puppet in the pose of the sliders", "ft-head"),
                        elem_classes="ft-follows",
                        elem_id="head",
                    )
                    sliders = [slider for name, group in GROUPS for slider in _sliders(name, group)]
                    with gr.Row(visible=False) as ends:
                        with gr.Column(min_width=120):
                            keep_start = gr.Button("Keep as start", size="sm")
                            start_picture = gr.HTML(_portrait(CAST, 0, REST, "The start", "ft-pose"))
                        with gr.Column(min_width=120):
                            keep_end = gr.Button("Keep as end", size="sm")
                            end_picture = gr.HTML(_portrait(CAST, 0, LIVELY, "The end", "ft-pose"))
                seconds = gr.Slider(0.5, LONGEST_SECONDS, 2, step=0.5, label="Length (seconds)", elem_id="seconds")
                motion_seed = gr.Number(0, label="Number of the sampled motion", precision=0, minimum=0)
                preview = gr.Button("Show the motion on the puppet first", size="sm", elem_id="preview")
                played = gr.HTML()
            with gr.Column(min_width=300):
                gr.Markdown("### 3. The sealed result")
                with gr.Accordion("Settings", open=False):
                    steps = gr.Slider(0, 12, 0, step=1, label="Steps (0: as the model was trained)", elem_id="steps")
                    seed = gr.Number(0, label="Seed", precision=0, minimum=0, elem_id="seed")
                    whole = gr.Checkbox(
                        False, label="Size: put the face back into the whole picture, at the picture's own size"
                    )
                go = gr.Button("Animate", variant="primary", elem_id="animate")
                result = gr.HTML(elem_id="animated", min_height=90)
        asked = [
            source,
            cast_seed,
            puppet,
            motion,
            drive,
            start,
            end,
            seconds,
            motion_seed,
            steps,
            seed,
            whole,
            *sliders,
        ]
        live: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        heavy: dict[str, Any] = {"concurrency_id": "work", "concurrency_limit": 1, "api_visibility": "private"}
        gr.on(
            [slider.change for slider in sliders],
            self.head,
            [cast_seed, puppet, *sliders],
            head,
            trigger_mode="always_last",
            **live,
        )
        drawn = ([cast_seed, puppet, start, end, *sliders], [head, start_picture, end_picture])
        gallery.select(self.choose, None, puppet, **live).then(self.redraw, *drawn, **live)
        others.click(self.recast, cast_seed, [cast_seed, puppet, gallery], **live).then(self.redraw, *drawn, **live)
        keep_start.click(self.keep, [cast_seed, puppet, *sliders], [start, start_picture], **live)
        keep_end.click(self.keep, [cast_seed, puppet, *sliders], [end, end_picture], **live)
        motion.change(visible_for, motion, [drive, posing, ends, seconds, motion_seed, preview], **live)
        for upload in (source, drive):
            upload.upload(self.upload, upload, result, **live)
        preview.click(self.show_motion, asked, played, **heavy)
        go.click(self.make, asked, result, **heavy)


def visible_for(motion: str) -> tuple[Any, ...]:
    """Show the inputs that a kind of motion needs: drive, sliders, their ends, length, number and preview.

    Args:
        motion: One of `Motion`.
    """
    kind = Motion(motion)
    own = kind is not Motion.DRIVE
    shown = (
        not own,
        kind in (Motion.SLIDERS, Motion.STILL),
        kind is Motion.SLIDERS,
        kind in (Motion.SLIDERS, Motion.SAMPLED),
        kind is Motion.SAMPLED,
        own,
    )
    return tuple(gr.update(visible=one) for one in shown)


def card_of(made: AnimateResult, session: Session) -> str:
    """Render a sealed file with its download link.

    Args:
        made: The file.
        session: The session that may download it.
    """
    receipt, token = made.receipt, session.offer(made.path)
    return render(
        "made",
        is_clip=receipt.fps is not None,
        show=f"/show/{token}",
        download=f"/download/{token}",
        name=made.path.name,
        mark=receipt.payload.hex,
        state=receipt.credential.state.value.replace("_", " "),
        frames=made.frames,
        width=receipt.width,
        height=receipt.height,
        sha256=receipt.sha256,
    )


def _sliders(name: str, group: tuple[Any, ...]) -> list[Any]:
    with gr.Accordion(name, open=name == "Head"):
        return [gr.Slider(one.low, one.high, 0, step=one.step, label=one.label) for one in group]


def _portrait(cast_seed: int, puppet: int, values: tuple[float, ...], words: str, style: str) -> str:
    try:
        return f'<img class="{style}" alt="{words}" src="{picture(cast(int(cast_seed), int(puppet)), values)}">'
    except (ValueError, TypeError):
        return notice("this pose cannot be drawn; move a slider")


def _played(address: str) -> str:
    return f'<img class="ft-pose" alt="The motion, on the puppet itself" src="{address}">'


def _whole(name: str, value: float | None) -> int:
    if value is None or not 0 <= value < 2**32:
        raise InputError(f"the {name} is a whole number from 0 to {2**32 - 1}")
    return int(value)
