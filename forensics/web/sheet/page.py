"""Write one self-contained page about examined files: the answer, the picture, the credential, the mark, the limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from detectors import Detector
from forensics.examination.answer import Says, says_of
from forensics.examination.timeline_chart import timeline_chart
from forensics.web.app.credential_tree import Node, tree_of

from .picture import EvidencePicture, evidence_picture

if TYPE_CHECKING:
    from forensics.examination.examiner import Examination

_TEMPLATES = Path(__file__).parent / "templates"
_TONES = {Says.MANIPULATED: "attention", Says.NO_SIGN: "calm", Says.CANNOT_TELL: "open"}


@dataclass(frozen=True, slots=True)
class FaceLine:
    """One face of a file.

    Attributes:
        name: "Face 2", or "The face" of a file with one.
        says: The answer about it.
        tone: `attention`, `calm` or `open`.
        score: The score with two decimals and the detector's limits; empty without one.
    """

    name: str
    says: str
    tone: str
    score: str


@dataclass(frozen=True, slots=True)
class FileSection:
    """What the page shows about one file.

    Attributes:
        name: The file's name.
        says: The answer, capitalised.
        because: The sentences below it.
        tone: `attention`, `calm` or `open`.
        finding: The finding of all evidence, in a word, and its meaning.
        reasons: One entry for each kind of evidence.
        measured_on: What the detector was measured on, as a sentence; empty where nothing is recorded.
        faces: The faces.
        picture: The drawn frame; None where nothing can be decoded.
        timeline: SVG of a clip's scores, empty for a still.
        tree: What the credential says.
        mark: What was read from the pixels, in a sentence.
    """

    name: str
    says: str
    because: str
    tone: str
    finding: tuple[str, str]
    reasons: tuple[str, ...]
    measured_on: str
    faces: tuple[FaceLine, ...]
    picture: EvidencePicture | None
    timeline: str
    tree: Node
    mark: str


def section_of(path: Path, found: Examination, detector: Detector) -> str:
    """Return the section of one file as HTML.

    Args:
        path: The file.
        found: Its examination.
        detector: The detector that scored it.

    Raises:
        MediaError: The file cannot be read any more.
    """
    answer = found.answer
    says = Says.CANNOT_TELL if answer is None else answer.says
    verdict, limits = found.verdict, found.thresholds
    measured = "" if answer is None or not answer.measured_on else f"It was measured on {answer.measured_on}."
    section = FileSection(
        name=path.name,
        says=f"{says[0].upper()}{says[1:]}",
        because="" if answer is None else answer.because,
        tone="attention" if verdict.finding.deserves_attention else _TONES[says],
        finding=(verdict.finding.words.capitalize(), verdict.finding.meaning),
        reasons=verdict.reasons,
        measured_on=measured,
        faces=tuple(_face_lines(found)),
        picture=evidence_picture(path, found, detector),
        timeline="" if found.timeline is None else timeline_chart(found.timeline, path.name, limits.suspect),
        tree=tree_of(found.provenance.credential),
        mark=_mark_words(found),
    )
    return _template("section").render(section=section)


def page_of(sections: Sequence[str], failures: Sequence[str], now: dt.datetime) -> str:
    """Return the whole page.

    Args:
        sections: The sections of the files, as HTML.
        failures: One line for each file that could not be examined.
        now: When the page is made.
    """
    return _template("page").render(
        sections=sections, failures=failures, made=f"{now:%Y-%m-%d %H:%M} UTC", version=version("facetrail")
    )


def _face_lines(found: Examination) -> list[FaceLine]:
    limits = found.thresholds
    lines = []
    for face in found.faces:
        says = says_of(face.score, limits)
        score = ""
        if face.score is not None:
            outside = "" if face.score.in_scope else "; out of scope, so it decides nothing"
            score = (
                f"{face.score.probability:.2f} by detector {face.score.detector}; up to {limits.quiet:.2f} is low, "
                f"above {limits.suspect:.2f} is high{outside}"
            )
        name = "The face" if len(found.faces) == 1 else f"Face {face.number}"
        lines.append(FaceLine(name, says.value, _TONES[says], score))
    return lines


def _mark_words(found: Examination) -> str:
    mark = found.provenance.mark
    if mark is None:
        return "The pixels could not be searched for a mark."
    if not mark.present:
        return "No mark of a generator was found in the pixels. That proves nothing: marks are lost with strong edits."
    kind = "control mark" if mark.kind is not None and mark.kind.value == "control" else "generator's mark"
    return f"The pixels carry a {kind}, {mark.id or 'whose id cannot be read any more'}."


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(f"{name}.html.j2")
