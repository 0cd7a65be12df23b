"""Put the relative motion of a drive on a source's head.

The drive's change since its neutral moment is added to the source: rotation, size and place of the head; the change of
the expression coefficients; and the change of the landmarks beyond them, trusted most at lids and lips. Lids close by
shares of their opening, and lips that meet in the drive meet as the source's own do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import ARKIT_EXPRESSION, Floats

from .filling import smooth_step
from .landmarks import (
    BROWS,
    CHIN,
    CORNERS,
    COUNT,
    EDGES,
    INNER_LOWER,
    INNER_UPPER,
    LIDS,
    LIPS,
    LOWER_LIDS,
    MOUTH_CORNERS,
    UNDER_NOSE,
    UPPER_LIDS,
    eye_distance,
)
from .rig import Rig
from .steadiness import Skull
from .view import View


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A driven face at one moment.

    Attributes:
        view: Its camera; lengths in any picture.
        expression: (E,) coefficients.
        landmarks: (468, 3) in head space, without the rotation.
        irises: (2, 2) place of each iris on the head from the middle of the eye's corners, head units.
    """

    view: View
    expression: Floats
    landmarks: Floats
    irises: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """What moves on the source's head at one moment.

    Attributes:
        view: The camera in the source's picture.
        expression: (E,) change of the coefficients.
        landmarks: (468, 3) displacement in head space.
        irises: (2, 2) displacement of the irises on the head, head units.
        lids: (2, 7) share of its opening that each eye keeps, along the lids' points, at most 1; the landmarks shut it
            to `FOLDED` only.
    """

    view: View
    expression: Floats
    landmarks: Floats
    irises: Floats
    lids: Floats


@dataclass(frozen=True, slots=True)
class Strength:
    """How motion is transferred.

    Attributes:
        eyes: Gain on the lids. mouth: Gain on jaw and lips.
        same_person: Whether source and drive show the same face, so that nothing is scaled or restrained.
    """

    eyes: float = 1.0
    mouth: float = 1.0
    same_person: bool = False


_TRUST = np.full(COUNT, 0.35)
_TRUST[list(BROWS)] = 0.8
_TRUST[list(LIPS)] = 1
_TRUST[list(EDGES)] = 1
"""How far the drive's motion beyond the expression coefficients is believed at each landmark."""

_TOUCH = (0.02, 0.06)
"""Distances of the lips in distances of the eyes: lips touch below the first, and are open above the second."""

_SHUT = 0.16
"""Share of the neutral opening at which the iris network's lids stop on a shut eye."""

FOLDED = 0.72
"""Share of the opening to which the mesh shuts an eye, before lids are drawn over it."""
_BLINKS = tuple(ARKIT_EXPRESSION.index(name) for name in ("eyeBlinkRight", "eyeBlinkLeft"))
_NARROW = 0.06
"""Opening in widths of the eye below which lids stay as they are."""


class Transfer:
    """Transfer the motion of one drive to one source.

    Args:
        rig: The head.
        source: The source's moment; its view is that in the source's picture.
        neutral: The drive's neutral moment.
        strength: How the motion is transferred.
    """

    def __init__(self, rig: Rig, source: Moment, neutral: Moment, strength: Strength) -> None:
        self._rig, self._source, self._neutral, self._strength = rig, source, neutral, strength
        points = rig.points
        self._skull = Skull.of(rig, neutral)
        self._basis = np.stack([points(each) for each in rig.expressions])
        rest = rig.landmark_rest
        self._low = rest[:, 1] < rest[UNDER_NOSE, 1] - 0.02 * rig.unit
        self._up = rest[0] - rest[17]
        self._trust = np.ones(COUNT) if strength.same_person else _TRUST
        own, theirs = source.landmarks, neutral.landmarks
        if strength.same_person:
            self._mouth, self._eyes = 1.0, (1.0, 1.0)
            return
        wide = _apart(own, *MOUTH_CORNERS) / _apart(theirs, *MOUTH_CORNERS)
        tall = _apart(own, UNDER_NOSE, CHIN) / _apart(theirs, UNDER_NOSE, CHIN)
        self._mouth = float(np.clip(wide**0.6 * tall**0.4, 0.6, 1.5))
        eyes = [float(np.clip(_apart(own, *pair) / _apart(theirs, *pair), 0.7, 1.6)) for pair in CORNERS]
        self._eyes = (eyes[0], eyes[1])

    def move(self, moment: Moment) -> Moved:
        """Return what one moment of the drive moves on the source."""
        neutral, strength = self._neutral, self._strength
        expression = moment.expression - neutral.expression
        by_basis = np.tensordot(expression, self._basis, 1)
        moment = self._skull.steadied(moment, by_basis)
        change = moment.landmarks - neutral.landmarks
        change = by_basis + (change - by_basis) * self._trust[:, None]
        change[self._low] *= self._mouth * strength.mouth
        if not strength.same_person:
            for eye in (0, 1):
                self._close_lids(moment, change, eye)
            self._meet_lips(moment, change)
        irises = (moment.irises - neutral.irises) * np.array(self._eyes)[:, None]
        held = self._hold_skin(expression, change)
        lids = np.stack([self._fold_lids(change, eye) for eye in (0, 1)])
        return Moved(self._view(moment.view), held, change, irises, lids)

    def _view(self, view: View) -> View:
        own, zero = self._source.view, self._neutral.view
        ratio = own.scale / zero.scale
        # The difference is exactly 0 at the neutral moment, where a product of rotations is a hair beside the identity.
        turned = (view.rotation - zero.rotation) @ zero.rotation.T
        return own.moved(
            rotation=own.rotation + turned @ own.rotation,
            scale=own.scale * (view.scale / zero.scale),
            shift=own.shift + (view.shift - zero.shift) * ratio,
        )

    def _close_lids(self, moment: Moment, change: Floats, eye: int) -> None:
        """Move an eye's lids by the share of their opening that the drive's lids have left, in place."""
        drive, zero, own = moment.landmarks, self._neutral.landmarks, self._source.landmarks
        eye_drive, eye_own = _apart(zero, *CORNERS[eye]), _apart(own, *CORNERS[eye])
        upper, lower = list(UPPER_LIDS[eye]), list(LOWER_LIDS[eye])
        before, now, gap = zero[upper] - zero[lower], drive[upper] - drive[lower], own[upper] - own[lower]
        opened = np.linalg.norm(now, axis=1) / np.maximum(np.linalg.norm(before, axis=1), 0.04 * eye_drive)
        share = 1 + self._strength.eyes * (np.clip((opened - _SHUT) / (1 - _SHUT), -0.06, 1.5) - 1)
        wide = np.linalg.norm(gap, axis=1) / eye_own
        share = np.clip(share, -0.06, 1 + 0.35 * np.exp(-((wide / 0.55) ** 2)))
        closing = np.where(wide[:, None] > _NARROW, gap * (share - 1)[:, None], 0)
        together = (drive[lower] - zero[lower] + 0.2 * (now - before)) * self._eyes[eye] * self._strength.eyes
        change[upper], change[lower] = together + 0.8 * closing, together - 0.2 * closing

    def _hold_skin(self, expression: Floats, change: Floats) -> Floats:
        """Keep the skin round the eyes from going along with a blink farther than the lids of the mesh, in place.

        Returns:
            (E,) the expression's change with blinks that go no farther.
        """
        held = np.array(expression)
        for eye, blink in enumerate(_BLINKS):
            beyond = held[blink] - (1 - FOLDED)
            if beyond > 0:
                skin = np.ones(COUNT, bool)
                skin[list(LIDS[eye])] = False
                change[skin] -= beyond * self._basis[blink][skin]
                held[blink] -= beyond
        return held

    def _fold_lids(self, change: Floats, eye: int) -> Floats:
        """Hold an eye's upper lid where its skin would be stretched too far, in place.

        Returns:
            (7,) the share of the opening that stays open, at most 1.
        """
        own, upper, lower = self._source.landmarks, list(UPPER_LIDS[eye]), list(LOWER_LIDS[eye])
        gap = own[upper] - own[lower]
        left = 1 + ((change[upper] - change[lower]) * gap).sum(1) / np.maximum((gap**2).sum(1), 1e-12)
        left = np.where(np.linalg.norm(gap, axis=1) > _NARROW * _apart(own, *CORNERS[eye]), left, 1.0)
        held = np.maximum(left, FOLDED)
        change[upper] += gap * (held - left)[:, None]
        share: Floats = np.clip(left, 0, 1)
        return np.convolve(np.pad(share, 1, mode="edge"), [0.25, 0.5, 0.25], "valid") if share.min() < 1 else share

    def _meet_lips(self, moment: Moment, change: Floats) -> None:
        """Keep lips that touch in the drive together, and from passing through each other, in place."""
        drive, own = moment.landmarks, self._source.landmarks
        upper, lower = list(INNER_UPPER[1:-1]), list(INNER_LOWER[1:-1])
        apart = change[upper] - change[lower]
        middle = (change[upper] + change[lower]) / 2
        opening = np.linalg.norm(drive[upper] - drive[lower], axis=1) / eye_distance(drive)
        open_lips = smooth_step((opening - _TOUCH[0]) / (_TOUCH[1] - _TOUCH[0]))
        opens = apart @ self._up > 0
        apart = np.where(opens[:, None], apart * open_lips[:, None], apart)
        gap = own[upper] - own[lower]
        crossed = ((gap + apart) @ self._up < 0) & (apart @ self._up < 0)
        touching = np.where((gap @ self._up > 0)[:, None], -gap, 0)
        apart = np.where(crossed[:, None], touching, apart)
        change[upper], change[lower] = middle + apart / 2, middle - apart / 2


def _apart(points: Floats, first: int, second: int) -> float:
    return float(np.linalg.norm(points[first] - points[second]))
