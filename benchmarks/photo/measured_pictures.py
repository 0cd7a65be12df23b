"""Cut the pictures that measure `photo`: test people and avatars, genuine and forged, distorted, and in clips.

They do not depend on the detector, take longer to make than to score, and are kept in the work folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors import DetectorSpec
from detectors.augmentation.augment import to_pixels
from detectors.augmentation.compression import h264_roundtrip, jpeg_roundtrip
from detectors.preprocessing import resize_crop
from forensics.faces import Faces
from forensics.synthesis.forgeries import Footage, blend_with_itself, swap_faces

from .distorting import webp_roundtrip
from .forging import alike, cut_native, find_donor, measured_of
from .portraits import SEED, Image, Points, Portrait
from .scored import GENUINE, MARKED, VARIED

Change = Callable[[Image], Image]
CLIP = "clip, H.264 crf 28"
_CRF = 28


def _resized(scale: float) -> Change:
    def resize(picture: Image) -> Image:
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    return resize


def _noisy(picture: Image) -> Image:
    noise = np.random.default_rng(SEED).standard_normal(picture.shape, dtype=np.float32)
    return to_pixels(picture + np.float32(10) * noise)


def _webcam(picture: Image) -> Image:
    height, width = picture.shape[:2]
    small = np.asarray(cv2.resize(picture, (width // 2 & ~1, height // 2 & ~1), interpolation=cv2.INTER_AREA))
    coded = h264_roundtrip(small[None], 34)[0]
    return np.asarray(cv2.resize(coded, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


DISTORTIONS: Mapping[str, Change] = {
    "none": lambda picture: picture,
    "JPEG 50": lambda picture: jpeg_roundtrip(picture, 50),
    "JPEG 30": lambda picture: jpeg_roundtrip(picture, 30),
    "WebP 50": lambda picture: webp_roundtrip(picture, 50),
    "H.264 crf 30": lambda picture: np.asarray(h264_roundtrip(picture[None], 30)[0], dtype=np.uint8),
    "resize 0.5": _resized(0.5),
    "resize 0.33": _resized(0.33),
    "blur 2": lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), dtype=np.uint8),
    "noise 10": _noisy,
    "half size, H.264 crf 34": _webcam,
}
"""What happens to a face at its own resolution, before it is cut to the network's input."""

FEWER = ("none", "JPEG 50", "H.264 crf 30")
"""Distortions of avatars."""


@dataclass(slots=True)
class Pictures:
    """Crops of the network's input size, each with its kind, its person and what happened to it."""

    crops: list[Image] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    distortions: list[str] = field(default_factory=list)

    def add(self, crop: Image, kind: str, person: str, distortion: str) -> None:
        """Append one picture."""
        for values, value in zip(
            (self.crops, self.kinds, self.people, self.distortions), (crop, kind, person, distortion), strict=True
        ):
            values.append(value)  # type: ignore[attr-defined]

    def extend(self, other: Pictures) -> None:
        """Append all pictures of another object."""
        self.crops += other.crops
        self.kinds += other.kinds
        self.people += other.people
        self.distortions += other.distortions


def keep(file: Path, make: Callable[[], Pictures]) -> Pictures:
    """Return kept pictures; where there are none, they are made and kept."""
    if not file.is_file():
        made = make()
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part.npz")
        np.savez(part, crops=made.crops, kinds=made.kinds, people=made.people, distortions=made.distortions)
        part.replace(file)
    with np.load(file) as arrays:
        words = [arrays[name].tolist() for name in ("kinds", "people", "distortions")]
        return Pictures(list(arrays["crops"]), *words)


def stills(
    portrait: Portrait, place: int, group: Sequence[Portrait], spec: DetectorSpec, distortions: Sequence[str]
) -> Pictures:
    """Return a face, genuine and in every forgery, undistorted and distorted.

    Of the forgeries every second one is distorted; which ones depends on the place of the face in its group.
    """
    found = Pictures()
    for number, (kind, forger) in enumerate(measured_of(portrait).items()):
        rng = np.random.default_rng([SEED, 5, number, place])
        genuine, forged, box = forger(portrait, alike(portrait, group), rng)
        shown = [(kind, forged, box)]
        if kind == "self-blend":  # its genuine half is varied in colour
            shown += [(GENUINE, portrait.picture, portrait.box), (VARIED, genuine, box)]
        if kind == "reenactment":  # its genuine half has a control mark
            shown += [(MARKED, genuine, box)]
        for name, picture, where in shown:
            native = cut_native(picture, where, spec)
            half = name == kind and (number + place) % 2
            for distortion in distortions[: 1 if half else None]:
                crop = resize_crop(DISTORTIONS[distortion](native), spec.input_size)
                found.add(crop, name, portrait.name, distortion)
    return found


def clips(portrait: Portrait, place: int, group: Sequence[Portrait], spec: DetectorSpec) -> Pictures:
    """Return the frames of short clips of a person, genuine and forged; every clip is coded once.

    A genuine clip is the photograph before a camera that drifts, since there is one photograph of each person. All
    forgeries drift alike.

    Args:
        portrait: The person, with the moments of a reenactment.
        place: Place of the person in the group.
        group: People whose faces are swapped in.
        spec: Spec of the crops.
    """
    if portrait.reenacted is None:
        return Pictures()
    rng = np.random.default_rng([SEED, 8, place])
    moved, count = portrait.reenacted, len(portrait.reenacted.frames)
    drift = draw_drift(rng, portrait, count)
    plain, marked, reenacted = (
        drifting(frames, drift) for frames in ([portrait.picture] * count, [moved.genuine] * count, list(moved.frames))
    )
    points = np.stack([_through(turn, portrait.landmarks) for turn in drift])
    boxes = np.stack([carried_box(portrait.box, turn) for turn in drift])
    footage = Footage(plain, Faces(np.arange(count), boxes, points))
    other = find_donor(portrait, group, rng)
    made = {
        GENUINE: plain,
        MARKED: marked,
        "reenactment": reenacted,
        "self-blend": blend_with_itself(footage, rng).frames,
        "face-swap": swap_faces(footage, other.picture, other.landmarks).frames,
    }
    found = Pictures()
    for kind, frames in made.items():
        for frame, box in zip(h264_roundtrip(frames, _CRF), boxes, strict=True):
            found.add(resize_crop(cut_native(frame, box, spec), spec.input_size), kind, portrait.name, CLIP)
    return found


def draw_drift(rng: np.random.Generator, portrait: Portrait, count: int) -> list[NDArray[np.float64]]:
    """Draw the movement of a hand-held camera: one (2, 3) matrix for each frame."""
    time = np.linspace(0, 2 * np.pi, count)
    waves = [size * np.sin(time * rng.uniform(0.5, 2) + rng.uniform(0, 6)) for size in (1.5, 0.015, 0.02, 0.02)]
    height, width = portrait.picture.shape[:2]
    found = []
    for angle, zoom, across, down in zip(*waves, strict=True):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(angle), float(1.02 + zoom))
        turn[:, 2] += (across * width, down * height)
        found.append(np.asarray(turn, dtype=np.float64))
    return found


def drifting(frames: Sequence[Image], drift: Sequence[NDArray[np.float64]]) -> Image:
    """Return frames (T, h, w, 3) as a drifting camera sees them."""
    height, width = frames[0].shape[:2]
    seen = [
        cv2.warpAffine(frame, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        for frame, turn in zip(frames, drift, strict=True)
    ]
    return np.stack([np.asarray(frame, dtype=np.uint8) for frame in seen])


def carried_box(box: Points, turn: NDArray[np.float64]) -> Points:
    """Return a box (4,) of the same size around the moved middle of a box."""
    middle = (box[:2] + box[2:]) / 2
    return np.asarray(box + np.tile(_through(turn, middle[None])[0] - middle, 2), dtype=np.float32)


def _through(turn: NDArray[np.float64], points: NDArray[np.floating]) -> Points:
    return np.asarray(points @ turn[:, :2].T + turn[:, 2], dtype=np.float32)
