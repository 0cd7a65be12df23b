"""Draw an examined file with a box around every face, and with what spoke for the answer about it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors import Detector, DetectorError, crop_face, crop_square, explain
from forensics.examination.answer import Says, says_of
from forensics.examination.timeline import clock
from forensics.faces import Frames
from watermark import open_clip, read_media

if TYPE_CHECKING:
    from forensics.examination.examiner import Examination
    from forensics.examination.face_scores import Sighting

WIDEST = 960
"""Longer side of the drawn picture in pixels."""
_COLOURS = {Says.MANIPULATED: (194, 65, 12), Says.NO_SIGN: (15, 118, 110), Says.CANNOT_TELL: (100, 116, 139)}
_STRONGEST = 0.6
"""Opacity of the strongest place of a map."""


@dataclass(frozen=True, slots=True)
class EvidencePicture:
    """Two drawings of one frame.

    Attributes:
        boxes: Source of an `<img>`: the frame with a box around each face.
        maps: Source of an `<img>`: the same with the places that spoke for the answer; empty where nothing did.
        words: Description of the frame.
    """

    boxes: str
    maps: str
    words: str


def evidence_picture(path: Path, found: Examination, detector: Detector) -> EvidencePicture | None:
    """Draw the frame that says most; return None where the pixels cannot be decoded.

    Args:
        path: The file.
        found: Its examination.
        detector: The detector that scored it.

    Raises:
        MediaError: The file cannot be read any more.
    """
    if found.size is None:
        return None
    number, time = _telling(found)
    clip = None if found.timeline is None else open_clip(path)
    frame = read_media(path, max_frames=1).frames[0] if clip is None else clip.take([number])[0]
    picture = np.asarray(frame, dtype=np.uint8)
    shown = [
        (face.number, says_of(face.score, found.thresholds), sighting)
        for face in found.faces
        for sighting in face.sightings
        if sighting.frame == number
    ]
    count = {0: "No face was found", 1: "One face was found"}.get(len(shown), f"{len(shown)} faces were found")
    words = count if clip is None else f"{count}, at {clock(time)}"
    heated = _heated(picture, [(says, sighting) for _, says, sighting in shown], detector)
    maps = "" if heated is None else _address(_boxed(heated, shown))
    return EvidencePicture(_address(_boxed(picture, shown)), maps, f"{words}.")


def _telling(found: Examination) -> tuple[int, float]:
    """Return number and second of the frame with the highest probability, or of the first that shows a face."""
    seen = [sighting for face in found.faces for sighting in face.sightings]
    if not seen:
        return 0, 0.0
    best = max(seen, key=lambda one: -1.0 if one.probability is None else one.probability)
    return best.frame, best.time


def _heated(picture: Frames, shown: list[tuple[Says, Sighting]], detector: Detector) -> Frames | None:
    """Return the picture with the saliency of each answered face over it; None where no face has an answer."""
    heat = np.zeros(picture.shape[:2], dtype=np.float32)
    for says, sighting in shown:
        if says is not Says.CANNOT_TELL and detector.spec.frames == 1 and detector.spec.alignment == "upright":
            heat = np.maximum(heat, _heat(picture, sighting, detector, says))
    if not heat.any():
        return None
    coloured = cv2.cvtColor(cv2.applyColorMap((255 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    share = (_STRONGEST * heat)[..., None]
    return np.asarray(np.clip(np.rint(share * coloured + (1 - share) * picture), 0, 255), dtype=np.uint8)


def _heat(picture: Frames, sighting: Sighting, detector: Detector, says: Says) -> NDArray[np.float32]:
    """Return the saliency of one face's answer at its place in the picture, (H, W) in 0–1."""
    height, width = picture.shape[:2]
    box = np.array(sighting.box)
    answer: Literal["manipulated", "genuine"] = "manipulated" if says is Says.MANIPULATED else "genuine"
    try:
        (found,) = explain(detector, crop_face(picture, box, detector.spec)[None], answer)
    except DetectorError:  # a network without maps is drawn with its boxes alone
        return np.zeros((height, width), dtype=np.float32)
    rows, columns = crop_square(height, width, box, detector.spec)
    grown = cv2.resize(found.astype(np.float32), (len(columns), len(rows)), interpolation=cv2.INTER_LINEAR)
    placed = np.zeros((height, width), dtype=np.float32)
    placed[np.ix_(rows, columns)] = grown
    return placed


def _boxed(picture: Frames, shown: list[tuple[int, Says, Sighting]]) -> Frames:
    height, width = picture.shape[:2]
    scale = min(1.0, WIDEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    for number, says, sighting in shown:
        left, top, right, bottom = (round(float(edge) * scale) for edge in sighting.box)
        colour, thick = _COLOURS[says], max(2, round(max(size) / 320))
        cv2.rectangle(small, (left, top), (right, bottom), (255, 255, 255), thick + 2)
        cv2.rectangle(small, (left, top), (right, bottom), colour, thick)
        if len(shown) > 1:
            cv2.rectangle(small, (left, top), (left + 26, top + 28), colour, -1)
            place = (left + 5, top + 21)
            cv2.putText(small, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
    return small


def _address(picture: Frames) -> str:
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])
    if not done:
        raise ValueError(f"the picture of shape {picture.shape} cannot be written as JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
