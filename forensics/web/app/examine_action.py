"""Examine uploads for the page: a card for each file, and the results as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.examination.evidence import Thresholds
from forensics.examination.timeline_chart import timeline_chart
from forensics.execution.command_result import CommandResult, JsonObject, JsonValue, document, expected_errors, refusal
from forensics.execution.progress import Report, silent, subrange
from forensics.execution.sandbox import FileHandler
from forensics.faces import FinderChoice
from forensics.reporting import examine_entry

from .context import AppContext
from .credential_tree import Node, tree_of
from .face_outline import picture_of
from .sessions import Session, SessionClosedError, without_folders
from .templating import render

if TYPE_CHECKING:
    from forensics.examination.examiner import Examination


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A score and its limits, in percent of the scale.

    Attributes:
        value: The score.
        quiet: Scores up to this limit are low.
        suspect: Scores above this limit are high.
        words: Meaning of the score, with its limits.
    """

    value: float
    quiet: float
    suspect: float
    words: str


@dataclass(frozen=True, slots=True)
class Card:
    """The information that the page shows about one file.

    Attributes:
        name: The file's name.
        finding: The finding in a word.
        tone: `attention`, `calm` or `failed`.
        meaning: Meaning of the finding.
        reasons: The verdict's reasons.
        score: The detector's score, where there is one.
        picture: The source of an `<img>` with the faces outlined, empty where nothing could be decoded.
        picture_words: Description of the picture.
        timeline: SVG of the scores over time, empty for a still.
        tree: Tree of the credential.
        error: Reason for a missing result.
    """

    name: str
    finding: str
    tone: str
    meaning: str = ""
    reasons: tuple[str, ...] = ()
    score: ScoreLine | None = None
    picture: str = ""
    picture_words: str = ""
    timeline: str = ""
    tree: Node | None = None
    error: str = ""


def examine(paths: Sequence[Path], context: AppContext, session: Session, report: Report = silent) -> str:
    """Examine files, one after the other; a file that cannot be read does not stop the others.

    Args:
        paths: The uploads.
        context: The context with deployment, trusted roots and detector.
        session: The session whose folder receives the results.
        report: Progress callback.

    Returns:
        HTML.

    Raises:
        DetectorError: The detector cannot be loaded.
        LeftError: The browser has left.
    """
    report = session.watched(report)
    report(0.0, "loading the detector")
    handler = context.handler()
    cards: list[Card | JsonObject] = []
    entries: list[JsonObject] = []
    for number, path in enumerate(paths):
        report(number / len(paths), f"examining {path.name}")
        try:
            answer = handler(path, subrange(report, number / len(paths), (number + 1) / len(paths)))
        except SessionClosedError:
            raise
        except expected_errors() as error:
            answer = refusal(error, path)
        if answer.failed:
            said = without_folders(answer.complaint)
            cards.append(Card(path.name, "Not examined", "failed", error=said))
            entries.append({"error": {"type": _kind(answer), "message": said, "path": path.name}})
        else:
            entry, card = answer.results
            cards.append(card)
            entries.append({**entry, "path": path.name})
    saved = session.new_folder() / "examination.json"
    saved.write_text(document("examine", tuple(entries)) + "\n", "utf-8")
    return render("examined", cards=cards, download=f"/download/{session.offer(saved)}")


def card_examiner(home: Path, detector: str | None, anchors: tuple[str, ...], face_finder: FinderChoice) -> FileHandler:
    """Load the detector and return the handler that examines one file: its entry and its card.

    Args:
        home: The deployment's folder.
        detector: Name of a shipped detector, or the folder of a trained one; None chooses by the picture.
        anchors: Further trusted root certificates (PEM).
        face_finder: The choice of a face finder.
    """
    from forensics.examination.examiner import Examiner
    from watermark import Deployment

    examiner = Examiner(Deployment.open(home), detector, anchors, face_finder)

    def one(path: Path, report: Report) -> CommandResult:
        found = examiner.examine(path, report)
        return CommandResult("", (examine_entry(found), asdict(card_of(path, found, found.thresholds))))

    return one


def _kind(answer: CommandResult) -> JsonValue:
    details = answer.results[0]["error"]
    return details["type"] if isinstance(details, dict) else None


def card_of(path: Path, found: Examination, thresholds: Thresholds) -> Card:
    """Build the card of an examination.

    Args:
        path: The file.
        found: The examination.
        thresholds: The limits of high and low scores.

    Raises:
        MediaError: The file cannot be read any more.
    """
    finding = found.verdict.finding
    picture = picture_of(path, found)
    return Card(
        name=path.name,
        finding=finding.words.capitalize(),
        tone="attention" if finding.deserves_attention else "calm",
        meaning=finding.meaning,
        reasons=found.verdict.reasons,
        score=score_line(found, thresholds),
        picture="" if picture is None else picture.source,
        picture_words="" if picture is None else picture.words,
        timeline="" if found.timeline is None else timeline_chart(found.timeline, path.name, thresholds.suspect),
        tree=tree_of(found.provenance.credential),
    )


def score_line(found: Examination, thresholds: Thresholds) -> ScoreLine | None:
    """Return a score with its limits.

    Args:
        found: The examination of the file.
        thresholds: The limits of high and low scores.
    """
    score = found.score
    if score is None:
        return None
    words = [f"{found.scored or 'The face'}: {score.probability:.2f} by detector {score.detector}"]
    words.append(
        f"low up to {thresholds.quiet:.2f}, high above {thresholds.suspect:.2f}, between them it decides nothing"
    )
    if not score.in_scope and not score.scope_known:
        words.append("nothing tells what the detector was trained on, so the score decides nothing")
    elif not score.in_scope:
        words.append("the picture is unlike what the detector was trained on, so the score decides nothing")
    if not score.calibrated:
        words.append("the score is not calibrated, so it decides nothing")
    limits = (100 * score.probability, 100 * thresholds.quiet, 100 * thresholds.suspect)
    sentence = "; ".join(words)
    return ScoreLine(*limits, sentence[0].upper() + sentence[1:] + ".")
