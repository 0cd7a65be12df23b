"""Build the Animate tab: source, motion, and the sealed result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from forensics.errors import InputError
from forensics.storage.media_suffixes import READABLE_CLIPS, READABLE_STILLS

from .animate_action import LONGEST_SECONDS, AnimateRequest, AnimateResult, Motion, animate, play
from .context import AppContext
from .messages import drawn_on, hint, notice, plainly
from .pose_sliders import GROUPS, SLIDERS, picture, portraits, puppet_of
from .sessions import Session
from .templating import render

PUPPETS_SEED = 7
"""Seed of the puppets that stand there at first."""

REST = tuple(0.0 for _ in SLIDERS)
LIVELY = tuple(
    {"Turn left or right (degrees)": 25.0, "Smile (below 0: frown)": 0.8}.get(one.label, 0.0) for one in SLIDERS
)


@dataclass(frozen=True, slots=True)
class TabInputs:
    """What the inputs of the tab hold when a button is pressed; the framework hands them over in this order.

    Attributes:
        source: Path of an uploaded picture, None for a puppet.
        puppets_seed: Of the puppets that stand to choice.
        puppet: Which of them.
        motion: One of `Motion`, as the page words it.
        drive: Path of an uploaded video or motion.
        start: Values of the sliders at the start.
        end: Their values in the middle.
        seconds: Length of a motion that is made here.
        motion_seed: Of a sampled motion; None where the field is empty.
        steps: Denoising steps, 0 for the model's own.
        seed: Of the noise and the mark; None where the field is empty.
        whole_picture: Whether the face is put back into the source picture.
        values: Where the sliders stand now.
    """

    source: str | None
    puppets_seed: int
    puppet: int
    motion: str
    drive: str | None
    start: Sequence[float]
    end: Sequence[float]
    seconds: float
    motion_seed: float | None
    steps: float
    seed: float | None
    whole_picture: bool
    values: tuple[float, ...]

    @classmethod
    def of(cls, asked: Sequence[Any]) -> TabInputs:
        """Name the values that the framework hands over."""
        single = len(fields(cls)) - 1
        values: list[Any] = [*asked[:single], tuple(asked[single:])]
        return cls(*values)

    @classmethod
    def wired(cls, parts: Mapping[str, Any]) -> list[Any]:
        """Return the components whose values `of` expects, in its order.

        Args:
            parts: The components of the tab, by name; `values` holds the sliders.
        """
        *single, last = (entry.name for entry in fields(cls))
        return [*(parts[name] for name in single), *parts[last]]


@dataclass(frozen=True, slots=True, eq=False)
class AnimateTab:
    """The event handlers of the tab.

    Attributes:
        context: Generator and deployment.
    """

    context: AppContext

    def head(self, puppets_seed: int, puppet: int, *values: float) -> str:
        """Draw the live head with the current values of the sliders."""
        return _portrait(puppets_seed, puppet, values, "The puppet in the pose of the sliders", "ft-head")

    def choose(self, chosen: gr.SelectData) -> int:
        """Take another of the puppets; its pictures follow."""
        return int(chosen.index)

    def draw_others(self, puppets_seed: int) -> tuple[Any, ...]:
        """Draw other puppets."""
        return puppets_seed + 1, 0, gr.Gallery(value=portraits(puppets_seed + 1), selected_index=0)

    def redraw(self, puppets_seed: int, puppet: int, start: Any, end: Any, *values: float) -> tuple[str, ...]:  # noqa: ANN401
        """Draw the live head and both kept poses with the chosen puppet."""
        kept = [_portrait(puppets_seed, puppet, tuple(one), "A kept pose", "ft-pose") for one in (start, end)]
        return self.head(puppets_seed, puppet, *values), *kept

    def keep(self, puppets_seed: int, puppet: int, *values: float) -> tuple[Any, ...]:
        """Store the pose of the sliders as one end of the motion."""
        return values, _portrait(puppets_seed, puppet, values, "A kept pose", "ft-pose")

    def upload(self, path: str | None, request: gr.Request) -> str:
        """Register an upload, so that it is deleted when the page is closed."""
        return plainly(self._noted)(path, request.session_hash)

    def _noted(self, path: str | None, name: str | None) -> str:
        if path is not None:
            self.context.sessions.received(name, path)
        return ""

    def show_motion(self, progress: Any = gr.Progress(), *asked: Any) -> str:  # noqa: ANN401, B008 - the framework's way
        """Play the motion on the puppet itself."""
        return plainly(lambda: _played(play(self._request(None, TabInputs.of(asked)), drawn_on(progress))))()

    def make(self, request: gr.Request, progress: Any = gr.Progress(), *asked: Any) -> str:  # noqa: ANN401, B008
        """Animate, and show the result for download."""

        def work() -> str:
            name = request.session_hash
            session = self.context.sessions.of(name)
            asked_for = self._request(name, TabInputs.of(asked))
            return card_of(animate(asked_for, self.context, session, drawn_on(progress)), session)

        return plainly(work)()

    def _request(self, name: str | None, inputs: TabInputs) -> AnimateRequest:
        """Check what the inputs hold, and return what is asked for.

        Args:
            name: Of the browser tab whose uploads count; None leaves uploads out.
            inputs: The values of the inputs.
        """
        kind = Motion(inputs.motion)
        source, drive = (None if name is None else path for path in (inputs.source, inputs.drive))
        received = self.context.sessions.received
        return AnimateRequest(
            upload=None if source is None else received(name, source),
            puppets_seed=int(inputs.puppets_seed),
            puppet=int(inputs.puppet),
            motion=kind,
            drive=None if drive is None or kind is not Motion.DRIVE else received(name, drive),
            start=inputs.values if kind is Motion.STILL else tuple(inputs.start),
            end=tuple(inputs.end),
            seconds=float(inputs.seconds),
            motion_seed=_whole("motion number", inputs.motion_seed),
            steps=int(inputs.steps) or None,
            seed=_whole("seed", inputs.seed),
            whole_picture=bool(inputs.whole_picture),
        )

    def build(self) -> None:
        """Build the tab."""
        gr.HTML(hint("Choose a face and a motion. What comes out is marked in its pixels and signed."))
        states = {"puppets_seed": gr.State(PUPPETS_SEED), "puppet": gr.State(0)}
        states |= {"start": gr.State(REST), "end": gr.State(LIVELY)}
        with gr.Row(equal_height=False):
            parts = states | _face_column() | _motion_column() | _result_column()
        live: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        heavy: dict[str, Any] = {"concurrency_id": "work", "concurrency_limit": 1, "api_visibility": "private"}
        self._wire_puppets(parts, live)
        self._wire_motion(parts, live)
        asked = TabInputs.wired(parts)
        parts["preview"].click(self.show_motion, asked, parts["played"], **heavy)
        parts["go"].click(self.make, asked, parts["result"], **heavy)

    def _wire_puppets(self, parts: Mapping[str, Any], live: Mapping[str, Any]) -> None:
        """Connect what chooses and poses the puppet."""
        seed, puppet, sliders = parts["puppets_seed"], parts["puppet"], parts["values"]
        posed = [seed, puppet, *sliders]
        gr.on(
            [slider.change for slider in sliders], self.head, posed, parts["head"], trigger_mode="always_last", **live
        )
        start, end, start_picture, end_picture = (
            parts[name] for name in ("start", "end", "start_picture", "end_picture")
        )
        drawn = ([seed, puppet, start, end, *sliders], [parts["head"], start_picture, end_picture])
        gallery = parts["gallery"]
        gallery.select(self.choose, None, puppet, **live).then(self.redraw, *drawn, **live)
        parts["others"].click(self.draw_others, seed, [seed, puppet, gallery], **live).then(self.redraw, *drawn, **live)
        parts["keep_start"].click(self.keep, posed, [start, start_picture], **live)
        parts["keep_end"].click(self.keep, posed, [end, end_picture], **live)

    def _wire_motion(self, parts: Mapping[str, Any], live: Mapping[str, Any]) -> None:
        """Connect the kind of motion with what it needs, and the uploads with their notes."""
        shown = [parts[name] for name in ("drive", "posing", "ends", "seconds", "motion_seed", "preview")]
        parts["motion"].change(visible_for, parts["motion"], shown, **live)
        for upload in (parts["source"], parts["drive"]):
            upload.upload(self.upload, upload, parts["result"], **live)


def _face_column() -> dict[str, Any]:
    """Lay out the choice of the face, and return its components by name."""
    with gr.Column(min_width=300):
        gr.Markdown("### 1. Whose face")
        gallery = gr.Gallery(
            portraits(PUPPETS_SEED),
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
            label="or a picture of yours: a stylised face",
            file_types=list(READABLE_STILLS),
            height=150,
            elem_id="source",
        )
    return {"gallery": gallery, "others": others, "source": source}


def _motion_column() -> dict[str, Any]:
    """Lay out the choice of the motion, and return its components by name."""
    with gr.Column(min_width=300):
        gr.Markdown("### 2. How it moves")
        motion = gr.Radio(
            [kind.value for kind in Motion], value=Motion.SAMPLED.value, show_label=False, elem_id="motion"
        )
        drive = gr.File(
            label=f"A video with one face, at most {LONGEST_SECONDS} s, or a saved motion (.npz)",
            file_types=[*READABLE_CLIPS, ".npz", *READABLE_STILLS],
            height=150,
            visible=False,
            elem_id="drive",
        )
        poses = _pose_controls()
        seconds = gr.Slider(0.5, LONGEST_SECONDS, 2, step=0.5, label="Length (seconds)", elem_id="seconds")
        motion_seed = gr.Number(0, label="Number of the sampled motion", precision=0, minimum=0)
        preview = gr.Button("Show the motion on the puppet first", size="sm", elem_id="preview")
        played = gr.HTML()
    made = {"motion": motion, "drive": drive, "seconds": seconds, "motion_seed": motion_seed}
    return made | poses | {"preview": preview, "played": played}


def _pose_controls() -> dict[str, Any]:
    """Lay out the live head, its sliders and the two kept poses, and return the components by name."""
    with gr.Column(visible=False) as posing:
        head = gr.HTML(
            _portrait(PUPPETS_SEED, 0, REST, "The puppet in the pose of the sliders", "ft-head"),
            elem_classes="ft-follows",
            elem_id="head",
        )
        sliders = [slider for name, group in GROUPS for slider in _sliders(name, group)]
        with gr.Row(visible=False) as ends:
            with gr.Column(min_width=120):
                keep_start = gr.Button("Keep as start", size="sm")
                start_picture = gr.HTML(_portrait(PUPPETS_SEED, 0, REST, "The start", "ft-pose"))
            with gr.Column(min_width=120):
                keep_end = gr.Button("Keep as end", size="sm")
                end_picture = gr.HTML(_portrait(PUPPETS_SEED, 0, LIVELY, "The end", "ft-pose"))
    kept = {"keep_start": keep_start, "keep_end": keep_end, "start_picture": start_picture, "end_picture": end_picture}
    return {"posing": posing, "head": head, "values": sliders, "ends": ends} | kept


def _result_column() -> dict[str, Any]:
    """Lay out the settings, the button and the place of the result, and return the components by name."""
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
    return {"steps": steps, "seed": seed, "whole_picture": whole, "go": go, "result": result}


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


def _portrait(puppets_seed: int, puppet: int, values: tuple[float, ...], words: str, style: str) -> str:
    try:
        return f'<img class="{style}" alt="{words}" src="{picture(puppet_of(int(puppets_seed), int(puppet)), values)}">'
    except (ValueError, TypeError):
        return notice("this pose cannot be drawn; move a slider")


def _played(address: str) -> str:
    return f'<img class="ft-pose" alt="The motion, on the puppet itself" src="{address}">'


def _whole(name: str, value: float | None) -> int:
    if value is None or not 0 <= value < 2**32:
        raise InputError(f"the {name} is a whole number from 0 to {2**32 - 1}")
    return int(value)
