"""Draw the motion of a head that talks, blinks, smiles, glances and turns, in ARKit coefficients.

Every part of the motion is a row of events in time, joined by curves that do not overshoot: visemes four to seven times
a second while the person talks, saccades between points of fixation, blinks that shut faster than they open, smiles and
raised brows that last a second or two, and turns of the head with a pause between them. Gaze makes up for a part of the
head's turn, as people's does who look at somebody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

from generator.face.face_params import ARKIT_EXPRESSION, DriveSequence, Floats
from generator.face.pose import rotation

from .eyes import GAZE_RADIANS, lids_follow_gaze
from .posing import NECK_PIVOT

LARGEST_TURN = np.radians([35.0, 14.0, 10.0])
"""The largest yaw, pitch and roll of a drawn motion, in radians."""

VISEMES: tuple[Mapping[str, float], ...] = (
    {"jawOpen": 0.42, "mouthLowerDown": 0.20, "mouthUpperUp": 0.12},
    {"jawOpen": 0.26, "mouthStretch": 0.22, "mouthLowerDown": 0.18},
    {"jawOpen": 0.12, "mouthStretch": 0.30, "mouthSmile": 0.15, "mouthLowerDown": 0.15},
    {"jawOpen": 0.24, "mouthFunnel": 0.45},
    {"jawOpen": 0.10, "mouthPucker": 0.60, "mouthFunnel": 0.15},
    {"jawOpen": 0.06, "mouthClose": 0.06, "mouthPress": 0.35, "mouthRollLower": 0.20, "mouthRollUpper": 0.15},
    {"jawOpen": 0.08, "mouthRollLower": 0.35, "mouthUpperUp": 0.22},
    {"jawOpen": 0.12, "mouthUpperUp": 0.15, "mouthShrugUpper": 0.15},
    {"jawOpen": 0.16, "mouthLowerDown": 0.30, "mouthUpperUp": 0.18},
)
"""Mouth shapes of speech (a, e, i, o, u, m, f, s, th); names without a side stand for both sides."""

_SMILE = {"mouthSmile": 0.75, "cheekSquint": 0.45, "eyeSquint": 0.25, "mouthDimple": 0.15, "mouthUpperUp": 0.12}
_BROWS: tuple[Mapping[str, float], ...] = (
    {"browInnerUp": 0.7, "browOuterUp": 0.5, "eyeWide": 0.25},
    {"browInnerUp": 0.5},
    {"browDown": 0.6, "eyeSquint": 0.2, "noseSneer": 0.1},
)
_MOODS: tuple[Mapping[str, float], ...] = (
    {"mouthFrown": 0.4, "browInnerUp": 0.35},
    {"mouthPucker": 0.35},
    {"mouthPress": 0.4},
    {"mouthLeft": 0.35},
    {"mouthRight": 0.35},
    {"cheekPuff": 0.4, "mouthPress": 0.2},
)
_E = {name: index for index, name in enumerate(ARKIT_EXPRESSION)}


def coefficients(values: Mapping[str, float]) -> Floats:
    """Return the 52 coefficients for names with a side, or without one for both sides."""
    out = np.zeros(len(ARKIT_EXPRESSION), np.float32)
    for name, value in values.items():
        for side in ("",) if name in _E else ("Left", "Right"):
            out[_E[name + side]] = value
    return out


def _through(times: Sequence[float], values: Sequence[Floats], at: Floats) -> Floats:
    """Interpolate keys without overshooting, (T, ...); before the first and after the last key their values hold."""
    within = np.clip(at, times[0], times[-1])
    return PchipInterpolator(np.array(times), np.stack(values), axis=0)(within)


def _talk(rng: np.random.Generator, time: Floats) -> Floats:
    """Return phrases of visemes with pauses, (T, 52)."""
    shapes = [coefficients(viseme) for viseme in VISEMES]
    silent = np.zeros(len(ARKIT_EXPRESSION), np.float32)
    liveliness = rng.uniform(0.7, 1.25)
    now, keys, values = -1.0, [-2.0], [silent]
    while now < time[-1] + 1:
        for _ in range(int(rng.integers(3, 14))):
            keys.append(now)
            values.append(shapes[int(rng.integers(len(shapes)))] * liveliness * rng.uniform(0.5, 1.2))
            now += rng.uniform(0.14, 0.25)
        keys += [now, now + rng.uniform(0.1, 1.2)]
        values += [silent, silent]
        now = keys[-1] + 0.15
    return _through(keys, values, time)


def _events(
    rng: np.random.Generator, time: Floats, shapes: tuple[Mapping[str, float], ...], pause: float, lasting: float
) -> Floats:
    """Return shapes that come and go, (T, 52): about `pause` seconds between two, each held for about `lasting`."""
    none = np.zeros(len(ARKIT_EXPRESSION), np.float32)
    now = rng.uniform(-lasting, pause)
    keys, values = [-20.0], [none]
    while now < time[-1] + 1:
        shape = coefficients(shapes[int(rng.integers(len(shapes)))]) * rng.uniform(0.4, 1.1)
        rise, hold, fall = rng.uniform(0.25, 0.5), lasting * rng.uniform(0.5, 1.5), rng.uniform(0.35, 0.8)
        keys += [now, now + rise, now + rise + hold, now + rise + hold + fall]
        values += [none, shape, shape * rng.uniform(0.8, 1), none]
        now = keys[-1] + 0.1 + rng.exponential(pause)
    keys.append(keys[-1] + 30.0)
    values.append(none)
    return _through(keys, values, time)


def _turns(rng: np.random.Generator, time: Floats) -> Floats:
    """Return yaw, pitch and roll, (T, 3): turns to new directions, rests between them, and a little sway."""
    reach = LARGEST_TURN * rng.uniform(0.35, 1.0)
    keys, values, now = [-1.0], [rng.normal(0, 0.3, 3).clip(-1, 1) * reach], 0.0
    while now < time[-1] + 2:
        hold, turn = rng.uniform(0.2, 1.6), rng.uniform(0.45, 1.1)
        target = np.array([rng.uniform(-1, 1), rng.normal(0, 0.45), rng.normal(0, 0.45)]).clip(-1, 1) * reach
        keys += [now + hold, now + hold + turn]
        values += [values[-1], target]
        now = keys[-1]
    phases, rates = rng.uniform(0, 2 * np.pi, (3, 2)), rng.uniform(0.2, 0.9, (3, 2))
    sway = np.sin(2 * np.pi * rates * time[:, None, None] + phases).sum(-1) * np.radians([0.6, 0.5, 0.4])
    return np.clip(_through(keys, values, time) + sway, -LARGEST_TURN, LARGEST_TURN)


def _glances(rng: np.random.Generator, time: Floats, pose: Floats) -> Floats:
    """Return the gaze, (T, 2): fixations joined by saccades of 60 ms, less a part of the head's turn."""
    keys, values, now = [-1.0], [np.zeros(2)], 0.0
    while now < time[-1] + 1:
        away = rng.random() < 0.45
        target = rng.normal(0, (0.40, 0.25) if away else (0.06, 0.05))
        keys += [now, now + 0.06]
        values += [values[-1], target]
        now = keys[-1] + rng.uniform(0.25, 1.8)
    fixed = np.clip(_through(keys, values, time), -0.9, 0.9)
    counter = np.stack([pose[:, 0] / GAZE_RADIANS[0], -pose[:, 1] / GAZE_RADIANS[1]], 1)
    return np.clip(fixed - rng.uniform(0.25, 0.65) * counter, -1, 1)


def _blinks(rng: np.random.Generator, time: Floats) -> Floats:
    """Return how far the lids are shut, (T,): 90 ms to shut, 40 ms shut, 190 ms to open, every two or three seconds."""
    out, now = np.zeros_like(time), rng.uniform(0.1, 2.0)
    while now < time[-1] + 0.5:
        shut = 1.0 if rng.random() < 0.85 else rng.uniform(0.5, 0.9)
        keys = [now - 0.13, now - 0.04, now, now + 0.19, now + 0.26]
        values = np.array([0, 1, 1, 0.08, 0]) * shut
        inside = (time > keys[0]) & (time < keys[-1])
        out[inside] = np.maximum(out[inside], PchipInterpolator(keys, values)(time[inside]))
        now += 0.35 + rng.exponential(2.2)
    return out


def shoulders_at_rest(pose: Floats, camera: Floats) -> Floats:
    """Return the cameras (T, 3) under which the neck's foot stays in its place while the head turns.

    A pose turns the head about its own middle. A person's head turns about the neck, so its middle moves in the
    picture; the camera's offsets carry that movement.

    Args:
        pose: (T, 3) yaw, pitch, roll.
        camera: (3,) scale and offsets of a head without pose.
    """
    moved = np.stack([rotation(one) @ NECK_PIVOT - NECK_PIVOT for one in pose])
    out = np.tile(np.asarray(camera, np.float64), (len(pose), 1))
    out[:, 1] -= out[:, 0] * moved[:, 0]
    out[:, 2] += out[:, 0] * moved[:, 1]
    return out


def sample_motion(
    rng: np.random.Generator, shape: Floats, frames: int, fps: float = 25.0, camera: Floats | None = None
) -> DriveSequence:
    """Draw a lively motion.

    Args:
        rng: Source of randomness; the same state gives the same motion.
        shape: (120,) coefficients of the head that moves.
        frames: Number of frames, at least 1.
        fps: Frames per second.
        camera: (3,) scale and offsets for the head without pose; None for a head in the middle of the picture.
    """
    time = np.arange(frames) / fps
    talking = rng.random() < 0.75
    values = _talk(rng, time) if talking else np.zeros((frames, len(ARKIT_EXPRESSION)))
    smile = _events(rng, time, (_SMILE,), pause=2.0, lasting=1.2)
    values = values * (1 - 0.35 * smile[:, _E["mouthSmileLeft"], None]) + smile
    values += _events(rng, time, _BROWS, pause=1.2, lasting=0.6)
    values += _events(rng, time, _MOODS, pause=4.0 if talking else 1.5, lasting=0.7)
    pose = _turns(rng, time)
    gaze = _glances(rng, time, pose)
    blink, wink = _blinks(rng, time), rng.random()
    values[:, _E["eyeBlinkLeft"]] = blink * (0.0 if wink < 0.03 else 1.0)
    values[:, _E["eyeBlinkRight"]] = blink * (0.0 if wink > 0.97 else 1.0)
    values = np.clip(values, 0, 1)
    values = np.stack([lids_follow_gaze(one, at) for one, at in zip(values, gaze, strict=True)])
    start = np.array([rng.uniform(0.24, 0.30), 0.5, 0.48]) if camera is None else np.asarray(camera, np.float64)
    return DriveSequence(
        shape=np.asarray(shape, np.float32),
        expression=values.astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=gaze.astype(np.float32),
        camera=shoulders_at_rest(pose, start).astype(np.float32),
        fps=fps,
        face_model="arkit",
    )
