"""Build the Animate tab: a face, a motion, and the sealed result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from forensics.errors import InputError
from forensics.storage.media_suffixes import READABLE_CLIPS, READABLE_STILLS
from generator import MOTION_SUFFIXES
from generator.avatars import STYLES

from .animate_action import LONGEST_SECONDS, AnimateRequest, AnimateResult, Motion, animate
from .context import AppContext
from .live_window import LiveWindow
from .messages import drawn_on, hint, notice, plainly
from .pose_sliders import GROUPS, SLIDERS, data_address, posed
from .sessions import Session
from .source_face import Face, FaceChoice, face_of
from .templating import render

STYLE, SEED = "cartoon", 2
"""The avatar that stands there at first."""

REST = tuple(0.0 for _ in SLIDERS)
LIVELY = tuple(
    {"Turn left or right (degrees)": 25.0, "Smile (below 0: frown)": 0.8}.get(one.label, 0.0) for one in SLIDERS
)


@dataclass(frozen=True, slots=True)
class TabInputs:
    """What the inputs of the tab hold when a button is pressed; the framework hands them over in this order.

    Attributes:
        source: Path of an uploaded picture, None for an avatar.
        style: Style of the avatar.
        avatar_seed: What the avatar is drawn from; None where the field is empty.
        motion: One of `Motion`, as the page words it.
        drive: Path of an uploaded video or motion.
        start: Values of the sliders at the start.
        end: Their values in the middle.
        seconds: Length of a motion that is made here.
        motion_seed: Of a sampled motion; None where the field is empty.
        seed: Of the mark; None where the field is empty.
        whole_picture: Whether the face is put back into the source picture.
        values: Where the sliders stand now.
    """

    source: str | None
    style: str
    avatar_seed: float | None
    motion: str
    drive: str | None
    start: Sequence[float]
    end: Sequence[float]
    seconds: float
    motion_seed: float | None
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
        context: The shared context, with the deployment.
    """

    context: AppContext

    def head(self, request: gr.Request, source: str | None, style: str, seed: float | None, *values: float) -> str:
        """Draw the face with the current values of the sliders."""
        return self._drawn(request, source, style, seed, values, "The face as the sliders say", "ft-head")

    def redraw(
        self, request: gr.Request, source: str | None, style: str, seed: float | None, start: Any, end: Any,  # noqa: ANN401
        *values: float,
    ) -> tuple[str, ...]:  # fmt: skip
        """Draw the face and both kept poses, after another face was chosen."""
        head = self.head(request, source, style, seed, *values)
        if "ft-notice" in head:
            return head, "", ""
        return head, *(self._kept(request, source, style, seed, one) for one in (start, end))

    def keep(
        self, request: gr.Request, source: str | None, style: str, seed: float | None, *values: float
    ) -> tuple[Any, ...]:
        """Store the pose of the sliders as one end of the motion."""
        return values, self._kept(request, source, style, seed, values)

    def upload(self, path: str | None, request: gr.Request) -> str:
        """Register an upload, so that it is deleted when the page is closed."""
        return plainly(self._noted)(path, request.session_hash)

    def make(self, request: gr.Request, progress: Any = gr.Progress(), *asked: Any) -> str:  # noqa: ANN401, B008
        """Animate, and show the result for download."""

        def work() -> str:
            name = request.session_hash
            session = self.context.sessions.of(name)
            asked_for = self._request(name, TabInputs.of(asked))
            if asked_for.motion is Motion.CAMERA:
                face = face_of(asked_for.face, self.context.deployment, session)
                return render("following", token=session.show_live(LiveWindow(face.live)))
            return card_of(animate(asked_for, self.context, session, drawn_on(progress)), session)

        return plainly(work)()

    def _noted(self, path: str | None, name: str | None) -> str:
        if path is not None:
            self.context.sessions.received(name, path)
        return ""

    def _kept(self, request: gr.Request, source: str | None, style: str, seed: float | None, values: Any) -> str:  # noqa: ANN401
        return self._drawn(request, source, style, seed, values, "A kept pose", "ft-pose")

    def _drawn(
        self, request: gr.Request, source: str | None, style: str, seed: float | None, values: Sequence[float],
        words: str, css: str,
    ) -> str:  # fmt: skip
        def work() -> str:
            name = request.session_hash
            session = self.context.sessions.of(name)
            face = face_of(self._choice(name, source, style, seed), self.context.deployment, session)
            return _portrait(face, values, words, css)

        return plainly(work)()

    def _choice(self, name: str | None, source: str | None, style: str, seed: float | None) -> FaceChoice:
        """Return the chosen face; an upload counts before the avatar."""
        received = None if source is None else self.context.sessions.received(name, source)
        return FaceChoice(received, style, 0 if received else _whole("number of the avatar", seed))

    def _request(self, name: str | None, inputs: TabInputs) -> AnimateRequest:
        """Check what the inputs hold, and return what is asked for.

        Args:
            name: Of the browser tab whose uploads count.
            inputs: The values of the inputs.
        """
        kind, drive = Motion(inputs.motion), inputs.drive
        return AnimateRequest(
            face=self._choice(name, inputs.source, inputs.style, inputs.avatar_seed),
            motion=kind,
            drive=None if drive is None or kind is not Motion.DRIVE else self.context.sessions.received(name, drive),
            start=inputs.values if kind is Motion.STILL else tuple(inputs.start),
            end=tuple(inputs.end),
            seconds=float(inputs.seconds),
            motion_seed=_whole("motion number", inputs.motion_seed),
            seed=_whole("seed", inputs.seed),
            whole_picture=bool(inputs.whole_picture),
        )

    def build(self, page: gr.Blocks) -> None:
        """Build the tab.

        Args:
            page: The page, which draws the first face when it is opened.
        """
        gr.HTML(hint("Choose a face and a motion. What comes out is marked in its pixels and signed."))
        states = {"start": gr.State(REST), "end": gr.State(LIVELY)}
        with gr.Row(equal_height=False):
            parts = states | _face_column() | _motion_column() | _result_column()
        live: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        heavy: dict[str, Any] = {"concurrency_id": "work", "concurrency_limit": 1, "api_visibility": "private"}
        self._wire_face(page, parts, live)
        self._wire_sliders(parts, live)
        shown = [parts[name] for name in ("drive", "posing", "ends", "seconds", "motion_seed", "go")]
        parts["motion"].change(visible_for, parts["motion"], shown, **live)
        parts["drive"].upload(self.upload, parts["drive"], parts["result"], **live)
        parts["go"].click(self.make, TabInputs.wired(parts), parts["result"], **heavy)

    def _wire_face(self, page: gr.Blocks, parts: Mapping[str, Any], live: Mapping[str, Any]) -> None:
        """Connect what chooses the face with its picture."""
        source, style, seed = parts["source"], parts["style"], parts["avatar_seed"]
        chosen = [source, style, seed, parts["start"], parts["end"], *parts["values"]]
        shown = [parts["head"], parts["start_picture"], parts["end_picture"]]
        slow: dict[str, Any] = {"show_progress_on": [parts["head"]], "api_visibility": "private"}
        page.load(self.redraw, chosen, shown, **slow)
        parts["other"].click(_next_seed, seed, seed, **live)
        gr.on([style.change, seed.change, source.clear], self.redraw, chosen, shown, trigger_mode="always_last", **slow)
        source.upload(self.upload, source, parts["result"], **live).then(self.redraw, chosen, shown, **slow)

    def _wire_sliders(self, parts: Mapping[str, Any], live: Mapping[str, Any]) -> None:
        """Connect the sliders with the picture of the face and the kept poses."""
        sliders = parts["values"]
        posing = [parts["source"], parts["style"], parts["avatar_seed"], *sliders]
        gr.on(
            [slider.change for slider in sliders], self.head, posing, parts["head"], trigger_mode="always_last", **live
        )
        parts["to_rest"].click(lambda: REST, None, sliders, **live)
        parts["keep_start"].click(self.keep, posing, [parts["start"], parts["start_picture"]], **live)
        parts["keep_end"].click(self.keep, posing, [parts["end"], parts["end_picture"]], **live)


def _face_column() -> dict[str, Any]:
    """Build the choice of the face, and return its components by name."""
    with gr.Column(min_width=300):
        gr.Markdown("### 1. Whose face")
        head = gr.HTML(elem_id="head", elem_classes="ft-follows", min_height=256)
        with gr.Row():
            style = gr.Dropdown(
                list(STYLES), value=STYLE, label="An avatar in the style", min_width=130, elem_id="style"
            )
            seed = gr.Number(SEED, label="number", precision=0, minimum=0, min_width=90, elem_id="avatar-seed")
        other = gr.Button("Draw another avatar", size="sm", elem_id="other")
        source = gr.File(
            label="or a picture of yours with one face",
            file_types=list(READABLE_STILLS),
            height=150,
            elem_id="source",
        )
    return {"head": head, "style": style, "avatar_seed": seed, "other": other, "source": source}


def _motion_column() -> dict[str, Any]:
    """Build the choice of the motion, and return its components by name."""
    with gr.Column(min_width=300):
        gr.Markdown("### 2. How it moves")
        motion = gr.Radio(
            [kind.value for kind in Motion], value=Motion.SAMPLED.value, show_label=False, elem_id="motion"
        )
        drive = gr.File(
            label=f"At most {LONGEST_SECONDS} s: a video of one face, or a motion ({', '.join(MOTION_SUFFIXES)})",
            file_types=[*READABLE_CLIPS, *MOTION_SUFFIXES, *READABLE_STILLS],
            height=150,
            visible=False,
            elem_id="drive",
        )
        poses = _pose_controls()
        seconds = gr.Slider(0.5, LONGEST_SECONDS, 2, step=0.5, label="Length (seconds)", elem_id="seconds")
        motion_seed = gr.Number(0, label="Number of the sampled motion", precision=0, minimum=0)
    return {"motion": motion, "drive": drive, "seconds": seconds, "motion_seed": motion_seed} | poses


def _pose_controls() -> dict[str, Any]:
    """Build the sliders and the two kept poses, and return the components by name."""
    with gr.Column(visible=False) as posing:
        sliders = [slider for name, group in GROUPS for slider in _sliders(name, group)]
        to_rest = gr.Button("All sliders to rest", size="sm", elem_id="to-rest")
        with gr.Row(visible=False) as ends:
            with gr.Column(min_width=120):
                keep_start = gr.Button("Keep as start", size="sm")
                start_picture = gr.HTML()
            with gr.Column(min_width=120):
                keep_end = gr.Button("Keep as end", size="sm")
                end_picture = gr.HTML()
    kept = {"keep_start": keep_start, "keep_end": keep_end, "start_picture": start_picture, "end_picture": end_picture}
    return {"posing": posing, "values": sliders, "to_rest": to_rest, "ends": ends} | kept


def _result_column() -> dict[str, Any]:
    """Build the settings, the button and the place of the result, and return the components by name."""
    with gr.Column(min_width=300):
        gr.Markdown("### 3. The sealed result")
        with gr.Accordion("Settings", open=False):
            seed = gr.Number(0, label="Seed of the mark", precision=0, minimum=0, elem_id="seed")
            whole = gr.Checkbox(
                False, label="Size: put the face back into the whole picture, at the picture's own size"
            )
        go = gr.Button("Animate", variant="primary", elem_id="animate")
        result = gr.HTML(elem_id="animated", min_height=90)
    return {"seed": seed, "whole_picture": whole, "go": go, "result": result}


def visible_for(motion: str) -> tuple[Any, ...]:
    """Show the inputs that a kind of motion needs: drive, sliders, their ends, length and number; name the button.

    Args:
        motion: One of `Motion`.
    """
    kind = Motion(motion)
    shown = (
        kind is Motion.DRIVE,
        kind in (Motion.SLIDERS, Motion.STILL),
        kind is Motion.SLIDERS,
        kind in (Motion.SLIDERS, Motion.SAMPLED),
        kind is Motion.SAMPLED,
    )
    words = "Open the live window" if kind is Motion.CAMERA else "Animate"
    return (*(gr.update(visible=one) for one in shown), gr.update(value=words))


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


def _portrait(face: Face, values: Sequence[float], words: str, style: str) -> str:
    try:
        address = data_address(face.live.shown(posed(face.live.params, values)), "jpg")
    except (ValueError, TypeError):
        return notice("this pose cannot be drawn; move a slider")
    return f'<img class="{style}" alt="{words}" src="{address}">'


def _next_seed(seed: float | None) -> int:
    return int(seed or 0) + 1


def _whole(name: str, value: float | None) -> int:
    if value is None or not 0 <= value < 2**32:
        raise InputError(f"the {name} is a whole number from 0 to {2**32 - 1}")
    return int(value)
