"""Examine files: read credential, mark and score of each, and derive the verdict."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from forensics.errors import MissingPieceError
from forensics.execution.command_result import visible
from forensics.execution.extras import missing_package
from forensics.execution.progress import Report, silent, subrange
from forensics.faces import USUAL_FINDER, FaceFinder, FinderChoice, Frames, WholeFrame, open_face_finder
from watermark import (
    ClipReader,
    CredentialState,
    Deployment,
    MarkReading,
    Media,
    MediaError,
    PayloadKind,
    Provenance,
    open_clip,
    read_media,
    read_provenance,
)

from .answer import Answer, answer_of
from .clip_scan import look_through
from .detector_choice import DetectorChoice, Judge, choose_detector, thresholds_of
from .face_scores import FaceLog, SeenFace, most_suspicious, name_of
from .timeline import Timeline, spans_in_words
from .verdict import Thresholds, Verdict, judge

if TYPE_CHECKING:
    from detectors import Detector, Score, World

_LOG = logging.getLogger(__name__)

_KINDS_BY_PRIORITY = (
    PayloadKind.GENERATED,
    None,
    PayloadKind.EDITED,
    PayloadKind.CAPTURED,
    PayloadKind.CONTROL,
)

LOOKED_AT = 3
"""Frames of a clip by which the kind of its pictures is judged."""

__all__ = ["Examination", "Examiner", "PartMark", "part_mark", "thresholds_of"]


@dataclass(frozen=True, slots=True)
class Examination:
    """The result of the examination of one file.

    Attributes:
        provenance: Its path, credential and mark.
        score: The decisive score: that of the most suspicious face, None where there is none.
        verdict: The verdict.
        faces: Every face that was scored, each followed through a clip.
        scored: Name of what the score belongs to, such as "face 2 of 3 from 0:12 to 0:14"; empty for a single face.
        timeline: Timeline of a clip; None for a still or where the pixels cannot be decoded.
        size: Width and height in pixels, upright; None where the pixels cannot be decoded.
        finder: Name of the face finder; None without one.
        answer: What the score allows to say; None where no detector was run.
        thresholds: The limits of high and low scores of the detector that was run.
        world: The kind of picture by which the detector was chosen; None where it was named.
    """

    provenance: Provenance
    score: Score | None
    verdict: Verdict
    faces: tuple[SeenFace, ...] = ()
    scored: str = ""
    timeline: Timeline | None = None
    size: tuple[int, int] | None = None
    finder: str | None = None
    answer: Answer | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    world: World | None = None

    @property
    def path(self) -> Path:
        """Return the path of the file."""
        return self.provenance.path


class PartMark(NamedTuple):
    """A mark that only parts of a clip contain.

    Attributes:
        reading: The reading of these parts; None where all or nothing of the clip is marked.
        where: The parts, in words.
    """

    reading: MarkReading | None = None
    where: str = ""


class Examiner:
    """An examiner of files with one deployment, one choice of detectors and one set of trusted roots."""

    def __init__(
        self,
        deployment: Deployment,
        detector: str | None = None,
        anchors: tuple[str, ...] = (),
        face_finder: FinderChoice = USUAL_FINDER,
    ) -> None:
        """Load the detector and the face finder, each only where what it runs on is installed.

        Without torch no detector runs, and the face finder is not needed: credential and mark are examined.

        Args:
            deployment: The deployment whose mark keys, manifest store and root certificate are used.
            detector: Name of a shipped detector, or the folder of a trained one; None chooses for each file the shipped
                one that was trained on its kind of picture.
            anchors: Further trusted root certificates (PEM).
            face_finder: The choice of a face finder.

        Raises:
            DetectorError: The detector cannot be loaded.
            InputError: The file of the face finder's weights is missing, or is not YuNet's file.
            MissingPieceError: A detector is named, and a package that it needs is not installed.
        """
        self._deployment = deployment
        self._anchors = anchors
        self._finder: FaceFinder | None = None
        self._no_finder = ""
        self._choice: DetectorChoice | None = None
        try:
            self._choice = choose_detector(detector)
        except ModuleNotFoundError as error:
            missing = missing_package(error)
            if missing is None:
                raise
            if detector is not None:
                raise MissingPieceError(missing) from error
            self._no_finder = f"no detector is installed ({missing})"
            return
        try:
            whole = detector is not None and self._choice.for_world(None).detector.spec.whole_frame
            self._finder = WholeFrame() if whole else open_face_finder(face_finder)
        except MissingPieceError as error:
            self._no_finder = f"no face tracker is installed ({error})"

    def examine(self, path: Path, report: Report = silent) -> Examination:
        """Examine one file.

        Args:
            path: A PNG, JPEG, WebP, AVIF, TIFF, MP4, MOV or Matroska file; of other kinds that can carry a credential,
                such as GIF or WAV, the credential alone is examined.
            report: Progress callback.

        Raises:
            MediaError: The file is missing, of another kind, or damaged without a credential that would reveal it.
        """
        watched = _noted(report, f"examining {visible(path.name)}")
        try:
            opened: Media | ClipReader | None = _open(path)
            _LOG.info("opened %s: %s", path, opened)
        except MediaError as error:
            _LOG.info("the pixels cannot be decoded: %s", error)
            opened = None
        # Without pixels the credential may still show that the file was altered; otherwise this raises an error.
        media = opened if isinstance(opened, Media) else None
        provenance = read_provenance(path, self._deployment, anchors=self._anchors, media=media)
        faces: tuple[SeenFace, ...] = ()
        log: FaceLog | None = None
        chosen = self.judge_for(opened if provenance.mark is not None else None)
        limits = Thresholds() if chosen is None else chosen.thresholds
        timeline, reason = None, "the pixels cannot be decoded"
        if opened is not None and provenance.mark is not None:
            log = None if self._finder is None or chosen is None else FaceLog(chosen.detector, self._finder)
            try:
                faces, timeline = self._look(opened, log, limits, subrange(watched, 0.2, 1.0))
                reason = self._no_score(log, faces)
                finder_name = "no face finder" if self._finder is None else self._finder.name
                _LOG.info("faces found in %s with %s: %d", path, finder_name, len(faces))
            except MediaError:
                if provenance.credential.state is CredentialState.ABSENT:
                    raise
        decisive = most_suspicious(faces, limits)
        marked = part_mark(provenance.mark, timeline)
        scored = "" if decisive is None else name_of(decisive, len(faces))
        verdict = judge(
            provenance,
            None if decisive is None else decisive.score,
            no_score_reason=reason,
            thresholds=limits,
            scored=scored,
            part_mark=marked.reading,
            part_where=marked.where,
        )
        _LOG.info("verdict on %s: %s", path, verdict.finding)
        size = None if opened is None else _size(opened)
        score = None if decisive is None else decisive.score
        finder = None if log is None else log.finder.name
        answer = answer_of(score, limits, reason, "" if chosen is None else chosen.measured_on)
        world = None if chosen is None else chosen.world
        return Examination(provenance, score, verdict, faces, scored, timeline, size, finder, answer, limits, world)

    def detector_of(self, found: Examination) -> Detector:
        """Return the detector that scored a file.

        Args:
            found: An examination by this examiner.

        Raises:
            MissingPieceError: None is installed.
        """
        if self._choice is None:
            raise MissingPieceError(self._no_finder)
        return self._choice.for_world(found.world).detector

    def judge_for(self, opened: Media | ClipReader | None) -> Judge | None:
        """Return the detector that scores a file, with its limits; None where none is installed.

        Args:
            opened: The opened file; None where its pixels cannot be decoded.
        """
        return None if self._choice is None else self._choice.judge(lambda: _sample(opened), self._finder)

    def _look(
        self, opened: Media | ClipReader, log: FaceLog | None, limits: Thresholds, report: Report
    ) -> tuple[tuple[SeenFace, ...], Timeline | None]:
        if isinstance(opened, ClipReader):
            if log is not None:
                log.fps = float(opened.fps)
            return look_through(opened, log, self._deployment.mark_keys, limits, report)
        if log is None:
            return (), None
        log.look(0, opened.frames[0], thorough=True)
        return log.faces(limits), None

    def _no_score(self, log: FaceLog | None, faces: tuple[SeenFace, ...]) -> str:
        if log is None:
            return self._no_finder
        if faces:
            return f"detector {log.detector.spec.name} judges {log.detector.spec.frames} frames of a face together"
        return "the only faces are too small" if log.tiny else "no face was found"


def part_mark(whole: MarkReading | None, timeline: Timeline | None) -> PartMark:
    """Return whether only parts of a clip are marked, and the reading of their mark.

    Where parts carry different marks, a generated mark has priority over one whose id cannot be read, and that over
    those of pictures that were not generated.

    Args:
        whole: The reading of the whole clip.
        timeline: The readings of its parts.
    """
    if whole is None or timeline is None:
        return PartMark()
    found = [stretch for stretch in timeline.marks if stretch.present]
    kinds = {stretch.reading.kind for stretch in found}
    if not found or (len(found) == len(timeline.marks) and len(kinds) == 1 and whole.present):
        return PartMark()
    kind = next(kind for kind in _KINDS_BY_PRIORITY if kind in kinds)
    chosen = max((one for one in found if one.reading.kind is kind), key=lambda stretch: stretch.reading.z)
    reading = whole if whole.present and whole.id == chosen.reading.id else chosen.reading
    return PartMark(reading, spans_in_words(timeline.marked) if len(found) < len(timeline.marks) else "")


def _noted(report: Report, note: str) -> Report:
    """Return a report that adds a prefix to every note."""

    def inner(fraction: float, further: str) -> None:
        report(fraction, f"{note}, {further}")

    return inner


def _open(path: Path) -> Media | ClipReader:
    media = read_media(path, max_frames=1)
    return media if media.fps is None else open_clip(path)


def _sample(opened: Media | ClipReader | None) -> list[Frames]:
    """Return the frames by which the kind of a file is judged: the picture, or a few frames of a clip."""
    if opened is None:
        return []
    if isinstance(opened, ClipReader):
        last = opened.frame_count - 1
        places = sorted({last * place // (LOOKED_AT + 1) for place in range(1, LOOKED_AT + 1)})
        try:
            return list(opened.take(places))
        except MediaError:  # the scan of the whole clip meets the same damage, and decides whether it is told
            return []
    return [opened.frames[0]]


def _size(opened: Media | ClipReader) -> tuple[int, int]:
    if isinstance(opened, ClipReader):
        return opened.width, opened.height
    return opened.frames.shape[2], opened.frames.shape[1]
