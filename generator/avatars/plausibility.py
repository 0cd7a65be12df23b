"""Measure whether a head is plausible, so that samplers can draw again where it is not.

Faults that one sees at once are measured on small pictures of the bare head, which tell what is in front of what better
than distances do: eyeballs that show while the lids are shut or beside the lids, eyes that are half shut or stare at
rest, teeth in front of lips. Proportions are ratios of distances between points of the face mesh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import ARKIT_EXPRESSION, Floats
from generator.face.raster import depth_buffer

from .head import AvatarHead, NeutralHead, avatar_head
from .shapes import HeadShape, Kind, sample_character

_SIZE = 160
_LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
_OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_CENTRES = (468, 473)
_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class HeadMeasures:
    """Numbers that tell a plausible head from an odd one; all are ratios.

    Attributes:
        eye_opening: Visible part of both eyeballs at rest, as a share of their discs in a frontal view.
        eye_beside_lids: Share of the visible eyeballs that lies outside the lids at rest and for four glances.
        eye_when_shut: Eyeball that still shows when both eyes blink, beside what shows at rest.
        teeth_at_rest: Teeth that show with the mouth at rest, beside the area of the lips' outline.
        teeth_before_lips: Share of the visible teeth outside the lips' outline, the largest of a wide smile, an open
            jaw and both together.
        face_aspect: Height from the chin to between the brows, beside the face's width.
        eye_distance: Distance between the pupils, beside the face's width.
        eye_tilt: Rise of the outer corners of the eyes above the inner ones, beside the eyes' width.
        nose_length: From between the eyes to below the nose, beside the distance from between the eyes to the chin.
        mouth_width: Width of the mouth, beside the distance between the pupils.
        chin_length: From the lower lip to the chin, beside the distance from between the eyes to the chin.
        jaw_width: Width of the jaw at the mouth's height, beside the face's width.
    """

    eye_opening: float
    eye_beside_lids: float
    eye_when_shut: float
    teeth_at_rest: float
    teeth_before_lips: float
    face_aspect: float
    eye_distance: float
    eye_tilt: float
    nose_length: float
    mouth_width: float
    chin_length: float
    jaw_width: float


_CLEAN = {
    "eye_beside_lids": (0.0, 0.02), "eye_when_shut": (0.0, 0.03), "teeth_at_rest": (0.0, 0.03),
    "teeth_before_lips": (0.0, 0.02),
}  # fmt: skip
RANGES: Mapping[Kind, Mapping[str, tuple[float, float]]] = {
    "real": {
        **_CLEAN, "eye_opening": (0.13, 0.27), "face_aspect": (0.83, 1.10), "eye_distance": (0.40, 0.475),
        "eye_tilt": (-0.02, 0.155), "nose_length": (0.42, 0.49), "mouth_width": (0.63, 0.86),
        "chin_length": (0.20, 0.32), "jaw_width": (0.78, 0.93),
    },
    "cartoon": {
        **_CLEAN, "eye_opening": (0.13, 0.30), "face_aspect": (0.70, 1.0), "eye_distance": (0.44, 0.51),
        "eye_tilt": (-0.03, 0.20), "nose_length": (0.44, 0.59), "mouth_width": (0.43, 0.74),
        "chin_length": (0.18, 0.33), "jaw_width": (0.70, 0.93),
    },
    "anime": {
        **_CLEAN, "eye_opening": (0.15, 0.30), "face_aspect": (0.78, 1.06), "eye_distance": (0.44, 0.51),
        "eye_tilt": (-0.03, 0.25), "nose_length": (0.44, 0.61), "mouth_width": (0.40, 0.64),
        "chin_length": (0.18, 0.32), "jaw_width": (0.65, 0.86),
    },
}  # fmt: skip
"""The range of each measure of a plausible head, by kind of character.

The ranges of faults are set by eye on pictures. Those of proportions keep about nine in ten heads of the sampler; they
are no statement about people.
"""


def _expression(**values: float) -> Floats:
    out = np.zeros(len(ARKIT_EXPRESSION), np.float32)
    for name, value in values.items():
        out[ARKIT_EXPRESSION.index(name)] = value
    return out


_REST = _expression()
_SHUT = _expression(eyeBlinkLeft=1, eyeBlinkRight=1)
_SMILE = {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}
_MOUTHS = (_expression(**_SMILE), _expression(jawOpen=0.9), _expression(**_SMILE, jawOpen=0.35))
_GLANCES = ((0.8, 0.0), (-0.8, 0.0), (0.0, 0.8), (0.0, -0.8))


@dataclass(frozen=True, slots=True)
class _View:
    """A small frontal picture of part of the head: the part each pixel shows, and how points lie in it."""

    eyes: NDArray[np.bool_]
    teeth: NDArray[np.bool_]
    points: Floats

    def inside(self, outline: tuple[int, ...], margin: float) -> NDArray[np.bool_]:
        """Return the pixels inside an outline of face mesh points, grown by a margin in pixels."""
        mask = np.zeros(self.eyes.shape, np.uint8)
        polygon = np.round(self.points[list(outline)] * 16 - 8).astype(np.int32)
        cv2.fillPoly(mask, [polygon], 1, shift=4)
        width = 2 * int(np.ceil(margin)) + 1
        return cv2.dilate(mask, np.ones((width, width), np.uint8)) > 0


def _view(head: AvatarHead, person: NeutralHead, expression: Floats, gaze: Floats | None, mouth: bool = False) -> _View:
    coarse = head.expressed(person, expression, gaze)
    mesh, points = head.assemble(person, coarse, gaze), head.mesh_points_of(person, coarse, gaze)
    rest = head.mesh_points_of(person, head.expressed(person, _REST, None))
    if mouth:
        span, middle = 2.6 * abs(rest[291, 0] - rest[61, 0]), (0.0, float(rest[14, 1]) - 0.1)
    else:
        span, middle = 2.2 * abs(rest[263, 0] - rest[33, 0]) * 0.62, (0.0, float(rest[list(_CENTRES), 1].mean()))
    scale = _SIZE / span

    def to_pixels(space: Floats) -> Floats:
        x, y = (space[:, 0] - middle[0]) * scale + _SIZE / 2, _SIZE / 2 - (space[:, 1] - middle[1]) * scale
        return np.stack([x, y, space[:, 2]], 1).astype(np.float32)

    two_sided = np.zeros(len(head.faces), np.bool_)
    two_sided[head.face_parts["upper_teeth"].start : head.face_parts["lower_teeth"].stop] = True
    face, _ = depth_buffer(to_pixels(mesh), head.faces, _SIZE, _SIZE, two_sided)
    gums = np.concatenate([head.arches[name].gum for name in ("upper_teeth", "lower_teeth")]) > 0
    tooth_faces = head.faces[head.face_parts["upper_teeth"].start : head.face_parts["lower_teeth"].stop, 0]
    tooth = np.zeros(len(head.faces), np.bool_)
    tooth[two_sided] = ~gums[tooth_faces - head.parts["upper_teeth"].start]
    eye = np.zeros(len(head.faces), np.bool_)
    eye[head.face_parts["left_eye"].start : head.face_parts["right_eye"].stop] = True
    shown, at = face >= 0, np.maximum(face, 0)
    return _View(shown & eye[at], shown & tooth[at], to_pixels(points)[:, :2])


def measure(shape: HeadShape, person: NeutralHead | None = None) -> HeadMeasures:
    """Measure a head.

    Args:
        shape: The head.
        person: The head as it was built, where it is at hand or was changed; None to build it.
    """
    head, person = avatar_head(), shape.build() if person is None else person
    rest, shut = _view(head, person, _REST, None), _view(head, person, _SHUT, None)
    spilled = []
    for gaze in ((0.0, 0.0), *_GLANCES):
        view = rest if gaze == (0.0, 0.0) else _view(head, person, _REST, np.array(gaze, np.float32))
        within = view.inside(_LIDS[0], 2.0) | view.inside(_LIDS[1], 2.0)
        spilled.append(float((view.eyes & ~within).sum() / max(view.eyes.sum(), 1)))
    scale = float(np.linalg.norm(rest.points[_CENTRES[0]] - rest.points[_CENTRES[1]])) / float(
        person.eyes[0].centre[0] - person.eyes[1].centre[0]
    )
    discs = sum(float(np.pi * np.prod(eye.radius[:2])) for eye in person.eyes) * scale**2
    mouths = [_view(head, person, values, None, mouth=True) for values in (_REST, *_MOUTHS)]
    before = [float((view.teeth & ~view.inside(_OUTER_LIPS, 1.0)).sum() / max(view.teeth.sum(), 40)) for view in mouths]
    points = head.mesh_points_of(person, head.expressed(person, _REST))
    return HeadMeasures(
        eye_opening=float(rest.eyes.sum()) / discs,
        eye_beside_lids=max(spilled),
        eye_when_shut=float(shut.eyes.sum() / max(rest.eyes.sum(), 1)),
        teeth_at_rest=float(mouths[0].teeth.sum() / max(mouths[0].inside(_OUTER_LIPS, 0).sum(), 1)),
        teeth_before_lips=max(before[1:]),
        **_ratios(points),
    )


def _ratios(points: Floats) -> dict[str, float]:
    """Return the proportions of 478 points in head space."""

    def across(left: int, right: int) -> float:
        return float(points[right, 0] - points[left, 0])

    def down(upper: int, lower: int) -> float:
        return float(points[upper, 1] - points[lower, 1])

    width, face, pupils = across(234, 454), down(168, 152), across(*_CENTRES)
    tilts = (down(33, 133) / across(33, 133), down(263, 362) / across(362, 263))
    return {
        "face_aspect": down(9, 152) / width,
        "eye_distance": pupils / width,
        "eye_tilt": sum(tilts) / 2,
        "nose_length": down(168, 2) / face,
        "mouth_width": across(61, 291) / pupils,
        "chin_length": down(17, 152) / face,
        "jaw_width": across(58, 288) / width,
    }


def faults(measures: HeadMeasures, kind: Kind) -> tuple[str, ...]:
    """Return a line for each measure that is out of its range; none for a plausible head."""
    found = []
    for field in fields(measures):
        value, (low, high) = getattr(measures, field.name), RANGES[kind][field.name]
        if not low <= value <= high:
            found.append(f"{field.name} is {value:.3f}, expected {low:g} to {high:g}")
    return tuple(found)


def plausible_character(rng: np.random.Generator, kind: Kind) -> HeadShape:
    """Draw heads until one is plausible.

    Raises:
        RuntimeError: None of 30 heads was plausible, which means that `RANGES` do not fit the sampler.
    """
    for _ in range(_ATTEMPTS):
        shape = sample_character(rng, kind)
        if not faults(measure(shape), kind):
            return shape
    raise RuntimeError(f"none of {_ATTEMPTS} heads of the kind {kind!r} was plausible; compare the sampler with RANGES")
