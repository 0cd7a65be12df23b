"""Examine files: credential, mark and score of each, and the verdict that follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detectors import Detector, Score, load_detector
from watermark import Deployment, Media, MediaError, Provenance, read_media, read_provenance

from .errors import MissingPieceError
from .faces import FaceFinder, cut_crops, find_faces, open_face_finder
from .verdict import Thresholds, Verdict, judge

FRAMES_LOOKED_AT = 16


@dataclass(frozen=True, slots=True)
class Examination:
    """What is known about one file.

    Attributes:
        provenance: Its credential and mark.
        score: The detector's answer, None where there is none.
        verdict: What follows.
    """

    provenance: Provenance
    score: Score | None
    verdict: Verdict


class Examiner:
    """Examines files with one deployment, one detector and one set of trusted roots."""

    def __init__(self, deployment: Deployment, detector: str, anchors: tuple[str, ...] = ()) -> None:
        """Load the detector, and the face tracker where it is installed.

        Args:
            deployment: Whose mark key, manifest store and root certificate count.
            detector: Name of a shipped detector, or the folder of a trained one.
            anchors: More root certificates (PEM) that are trusted.

        Raises:
            DetectorError: The detector cannot be loaded.
        """
        self._deployment = deployment
        self._anchors = anchors
        self._detector: Detector = load_detector(detector)
        self._thresholds = thresholds_of(self._detector)
        self._finder: FaceFinder | None = None
        self._no_finder = ""
        try:
            self._finder = open_face_finder()
        except MissingPieceError as error:
            self._no_finder = f"no face tracker is installed ({error})"

    def examine(self, path: Path) -> Examination:
        """Examine one file.

        Args:
            path: A PNG, JPEG, WebP or MP4 file.

        Raises:
            MediaError: The file is missing, of another kind, or damaged without a credential that would show it.
        """
        try:
            media: Media | None = read_media(path)
        except MediaError:
            media = None
        # Without pixels the credential may still show that the file was altered; else this raises and names the file.
        provenance = read_provenance(path, self._deployment, anchors=self._anchors, media=media)
        score, reason = (None, "the pixels cannot be decoded") if media is None else self._score(media)
        verdict = judge(provenance, score, no_score_reason=reason, thresholds=self._thresholds)
        return Examination(provenance, score, verdict)

    def _score(self, media: Media) -> tuple[Score | None, str]:
        if self._finder is None:
            return None, self._no_finder
        faces = find_faces(media.frames, self._finder, FRAMES_LOOKED_AT)
        if faces is None:
            return None, "no face was found that is large enough"
        crops = cut_crops(media.frames[faces.frames], faces.boxes, self._detector.spec, faces.landmarks)
        return self._detector.score(crops), ""


def thresholds_of(detector: Detector) -> Thresholds:
    """Take a detector's frozen 1 % false positive threshold for high, but never call less than one half high.

    Args:
        detector: The detector.
    """
    quiet = Thresholds().quiet
    if detector.thresholds is None:
        return Thresholds()
    return Thresholds(suspect=min(max(detector.thresholds.fpr_1, quiet), 1.0), quiet=quiet)
