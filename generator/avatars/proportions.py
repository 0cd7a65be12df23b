"""Exaggerate the proportions of a head, for toon styles: large eyes, a small chin, a thin neck.

Every change is a smooth field whose weights are fixed on the head without expression, so that a vertex keeps its
weights when it moves. Around each eye the field is exactly affine, and the eyeball is stretched by the same affine map:
lids that touch an eyeball without passing through it do so after the change too, also when they blink.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats

from .eyes import Eyeball


@dataclass(frozen=True, slots=True)
class Proportions:
    """Changes of proportions; 0 in all leaves the head as it is.

    Attributes:
        eye_size: Growth of the eyes in all directions, 0 to 0.8.
        eye_height: Further growth of the eyes' height, 0 to 1.
        eye_gap: Shift of each eye outwards in units of head space; large eyes move outwards by themselves.
        chin: Shortening of the face below the eyes, 0 to 0.3.
        jaw: Narrowing of the jaw, 0 to 0.35.
        cheeks: Widening of the cheeks, -0.1 to 0.15.
        width: Widening of the whole head, -0.1 to 0.2.
        cranium: Growth of the skull above the eyes, 0 to 0.25.
        nose: Growth of the nose's width and height, -0.5 to 0.4.
        nose_depth: Growth of the nose's depth, -0.5 to 0.5.
        mouth: Growth of the mouth, -0.3 to 0.3.
        mouth_raise: Shift of the mouth upwards in units of head space, 0 to 0.1.
        neck: Narrowing of the neck, 0 to 0.5.
        shoulders: Lowering of the shoulders, 0 to 1.2.
    """

    eye_size: float = 0.0
    eye_height: float = 0.0
    eye_gap: float = 0.0
    chin: float = 0.0
    jaw: float = 0.0
    cheeks: float = 0.0
    width: float = 0.0
    cranium: float = 0.0
    nose: float = 0.0
    nose_depth: float = 0.0
    mouth: float = 0.0
    mouth_raise: float = 0.0
    neck: float = 0.0
    shoulders: float = 0.0

    @property
    def eye_scale(self) -> Floats:
        """Return the growth of an eye along x, y and z, (3,)."""
        size = 1 + self.eye_size
        return np.array([size, size * (1 + self.eye_height), 1 + 0.55 * self.eye_size], np.float32)

    @property
    def eye_shift(self) -> Floats:
        """Return the shift of the person's left eye, (3,): outwards and upwards, away from nose and mouth."""
        outwards = self.eye_gap + 0.12 * self.eye_size
        return np.array([outwards, 0.05 * (float(self.eye_scale[1]) - 1), 0], np.float32)


_LIDS_LOW = np.array([-0.19, -0.085, -0.20], np.float32)
_LIDS_HIGH = np.array([0.19, 0.12, 0.20], np.float32)
"""The space round an eye's centre that holds its lids, in units of head space."""

_SOFT = 0.04


def _smooth(low: float, high: float, values: Floats) -> Floats:
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def _bell(points: Floats, centre: Floats, radii: tuple[float, float, float]) -> Floats:
    return np.exp(-(((points - centre) / np.array(radii, np.float32)) ** 2).sum(1))


@dataclass(frozen=True, slots=True)
class ProportionField:
    """Proportions prepared for one head of N vertices before subdivision.

    Attributes:
        proportions: The changes.
        eyes: Centres of the person's left and right eyeball, (2, 3).
        near_eye: (2, 3, N) how much each vertex follows each eye's growth along x, y and z; 1 on lids.
        nose: (N,) and `nose_centre` (3,).
        mouth: (N,) and `mouth_centre` (3,).
        neck: (N,) 1 on the neck and at the shoulders.
        nose_centre: Fixed point of the nose's growth.
        mouth_centre: Fixed point of the mouth's growth.
        low: (N,) 0 at the eyes, 1 at the jaw.
        cheek: (N,) 1 on the cheeks.
        high: (N,) 0 at the eyes, 1 at the crown.
    """

    proportions: Proportions
    eyes: Floats
    near_eye: Floats
    nose: Floats
    mouth: Floats
    neck: Floats
    nose_centre: Floats
    mouth_centre: Floats
    low: Floats
    cheek: Floats
    high: Floats

    @classmethod
    def on(
        cls, proportions: Proportions, coarse: Floats, eyes: tuple[Eyeball, Eyeball], mouth: Floats, tip: Floats
    ) -> ProportionField:
        """Fix the weights on a head.

        Args:
            proportions: The changes.
            coarse: (N, 3) vertices without expression, in head space.
            eyes: The person's left and right eyeball.
            mouth: (3,) middle of the mouth.
            tip: (3,) tip of the nose.
        """
        y, z = coarse[:, 1], coarse[:, 2]
        nose_centre = (tip - (0, -0.04, 0.18)).astype(np.float32)
        low = _smooth(-0.24, -0.95, y) * _smooth(-1.75, -1.15, y)
        neck = np.maximum(_smooth(-1.08, -1.45, y), _smooth(-0.5, -1.05, y) * _smooth(0.15, -0.3, z))
        return cls(
            proportions=proportions,
            eyes=np.stack([eye.centre for eye in eyes]),
            near_eye=np.stack([_near_eye(coarse, eye.centre) for eye in eyes]),
            nose=_bell(coarse, nose_centre, (0.27, 0.30, 0.40)) * _smooth(-0.10, -0.22, y),
            mouth=_bell(coarse, mouth, (0.55, 0.34, 0.80)),
            neck=neck,
            nose_centre=nose_centre,
            mouth_centre=(mouth * (0, 1, 1)).astype(np.float32),
            low=low,
            cheek=_smooth(-0.22, -0.45, y) * _smooth(-0.95, -0.60, y),
            high=_smooth(0.24, 0.95, y),
        )

    def apply(self, points: Floats) -> Floats:
        """Return the changed points (N, 3) of the same vertices, which an expression may have moved."""
        change, out = self.proportions, np.array(points, np.float32)
        out += (self.mouth * change.mouth)[:, None] * (out - self.mouth_centre)
        grow = np.array([change.nose, 0.8 * change.nose, change.nose_depth], np.float32)
        out += self.nose[:, None] * grow * (out - self.nose_centre)
        out[:, 0] *= 1 + change.width * (1 - self.neck)
        out[:, 0] *= (
            (1 - change.jaw * self.low) * (1 + change.cheeks * self.cheek) * (1 + 0.4 * change.cranium * self.high)
        )
        out[:, 1] += change.cranium * self.high * out[:, 1] + change.mouth_raise * (self.mouth + 0.6 * self.nose)
        out[:, 1] += change.chin * np.clip(-0.24 - out[:, 1], 0, 0.85)
        thin = (self.neck * change.neck)[:, None]
        out += thin * (np.array([0, 0, -0.23], np.float32) - out) * np.array([1, 0, 0.8], np.float32)
        out[:, 1] += 0.12 * self.neck * change.neck
        out[:, 1] -= change.shoulders * np.clip(-1.45 - out[:, 1], 0, None)
        before = out.copy()
        centres = self.eyes * np.array([1 + change.width, 1, 1], np.float32)
        for centre, near, side in zip(centres, self.near_eye, (1, -1), strict=True):
            shift = change.eye_shift * np.array([side, 1, 1], np.float32)
            out += near.T * ((change.eye_scale - 1) * _bounded(before - centre) + shift)
        return out

    def eyeball(self, eye: Eyeball, side: int) -> Eyeball:
        """Return the changed eyeball; `side` is 1 for the person's left eye and -1 for the right one."""
        shift = self.proportions.eye_shift * np.array([side, 1, 1], np.float32)
        wide = np.array([1 + self.proportions.width, 1, 1], np.float32)
        return Eyeball(eye.centre * wide + shift, eye.radius * wide * self.proportions.eye_scale)


def _bounded(offsets: Floats) -> Floats:
    """Return offsets from an eye's centre (N, 3) unchanged on the lids, and not much larger than there beyond them."""
    inside = np.clip(offsets, _LIDS_LOW, _LIDS_HIGH)
    beyond = offsets - inside
    return inside + np.sign(beyond) * _SOFT * (1 - np.exp(-np.abs(beyond) / _SOFT))


def _near_eye(points: Floats, centre: Floats) -> Floats:
    """Return how much points (N, 3) follow an eye along x, y and z, (3, N): 1 around the lids, and smooth beyond.

    Across, the middle line stays; upwards, downwards and in depth it follows both eyes by halves, so that forehead,
    nose and mouth make room for tall eyes.
    """
    side = np.sign(centre[0])
    inwards, outwards = points[:, 0] * side, points[:, 0] * side - abs(centre[0])
    up, ahead = points[:, 1] - centre[1], points[:, 2] - centre[2]
    halves = _smooth(-0.13, 0.13, inwards)
    outer, behind = _smooth(0.75, 0.20, outwards), _smooth(-0.9, -0.22, ahead)
    across = _smooth(0.0, 0.13, inwards) * _smooth(0.58, 0.20, outwards) * behind
    across = across * _smooth(0.55, 0.14, up) * _smooth(-0.48, -0.10, up)
    upright = halves * outer * behind * _smooth(1.05, 0.14, up) * _smooth(-0.95, -0.12, up)
    forward = upright * _smooth(0.6, 0.14, up) * _smooth(-0.5, -0.12, up) * (0.65 + 0.35 * _smooth(0.0, 0.2, inwards))
    return np.stack([across, upright, forward])


REALISTIC = Proportions()
"""The head as it is."""


def cartoon(rng: np.random.Generator) -> Proportions:
    """Draw the proportions of a cartoon character: eyes half as large again, a small chin and a thin neck."""
    return Proportions(
        eye_size=rng.uniform(0.35, 0.65),
        eye_height=rng.uniform(0.10, 0.40),
        chin=rng.uniform(0.04, 0.18),
        jaw=rng.uniform(0.0, 0.18),
        cheeks=rng.uniform(0.04, 0.14),
        width=rng.uniform(0.06, 0.14),
        cranium=rng.uniform(0.0, 0.15),
        nose=rng.uniform(-0.35, 0.10),
        nose_depth=rng.uniform(-0.25, 0.15),
        mouth=rng.uniform(-0.12, 0.05),
        mouth_raise=rng.uniform(0, 0.04),
        neck=rng.uniform(0.28, 0.45),
        shoulders=1.0,
    )


def anime(rng: np.random.Generator) -> Proportions:
    """Draw the proportions of an anime character: tall eyes, a narrow jaw, a small nose and mouth."""
    return Proportions(
        eye_size=rng.uniform(0.42, 0.60),
        eye_height=rng.uniform(0.60, 0.95),
        chin=rng.uniform(0.05, 0.14),
        jaw=rng.uniform(0.14, 0.26),
        cheeks=rng.uniform(0.06, 0.12),
        width=rng.uniform(0.08, 0.13),
        cranium=rng.uniform(0.02, 0.10),
        nose=-0.3,
        nose_depth=-0.25,
        mouth=rng.uniform(-0.15, -0.05),
        mouth_raise=rng.uniform(0.03, 0.07),
        neck=rng.uniform(0.34, 0.45),
        shoulders=1.0,
    )
