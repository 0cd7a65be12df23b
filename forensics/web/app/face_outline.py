"""Draw a small picture of an examined file with its faces outlined."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from forensics.animation.animate import Frames
from forensics.examination.examiner import Examination
from forensics.examination.face_scores import SeenFace, Sighting
from forensics.examination.timeline import clock
from watermark import open_clip, read_media

from .pose_sliders import data_address

WIDEST = 480
_COLOUR = (255, 176, 0)


@dataclass(frozen=True, slots=True)
class FacePicture:
    """The picture and its description.

    Attributes:
        source: Source of an `<img>`.
        words: Description of the picture.
    """

    source: str
    words: str


def picture_of(path: Path, found: Examination) -> FacePicture | None:
    """Draw the most informative frame; return None where the pixels cannot be decoded.

    Args:
        path: The file.
        found: The examination of the file.

    Raises:
        MediaError: The file cannot be read any more.
    """
    if found.size is None:
        return None
    number, time = _telling(found.faces)
    clip = None if found.timeline is None else open_clip(path)
    frame = read_media(path, max_frames=1).frames[0] if clip is None else clip.take([number])[0]
    shown = [(face.number, seen) for face in found.faces for seen in face.sightings if seen.frame == number]
    count = {0: "No face was found", 1: "The face that was found"}.get(len(shown), f"{len(shown)} faces, numbered")
    words = count if clip is None else f"{count}, at {clock(time)}"
    return FacePicture(data_address(outlined(np.asarray(frame, dtype=np.uint8), shown), "jpg"), words)


def outlined(frame: Frames, shown: list[tuple[int, Sighting]]) -> Frames:
    """Return a small frame with its faces outlined, and numbered where there are several.

    Args:
        frame: (H, W, 3) uint8 RGB.
        shown: Number and place of each face.
    """
    height, width = frame.shape[:2]
    scale = min(1.0, WIDEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    for number, seen in shown:
        left, top, right, bottom = (round(float(edge) * scale) for edge in seen.box)
        cv2.rectangle(small, (left, top), (right, bottom), _COLOUR, 2)
        if len(shown) > 1:
            cv2.putText(small, str(number), (left + 4, top + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _COLOUR, 2)
    return np.asarray(small, dtype=np.uint8)


def _telling(faces: tuple[SeenFace, ...]) -> tuple[int, float]:
    """Return the frame with the highest probability, or the first that shows a face, or the first."""
    seen = [sighting for face in faces for sighting in face.sightings]
    if not seen:
        return 0, 0.0
    best = max(seen, key=lambda one: -1.0 if one.probability is None else one.probability)
    return best.frame, best.time
