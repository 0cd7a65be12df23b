"""Motion for puppets: heads that look about, eyes that blink, mouths that talk."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import EXPRESSION, EXPRESSION_HIGH, EXPRESSION_LOW, DriveSequence, Floats

from .look import Puppet

_E = {name: index for index, name in enumerate(EXPRESSION)}


def _wander(rng: np.random.Generator, time: Floats, slow: float, fast: float) -> Floats:
    """Return a smooth random curve over `time` (seconds) of about unit size, from four sinusoids."""
    frequencies, phases = rng.uniform(slow, fast, 4), rng.uniform(0, 2 * np.pi, 4)
    weights = rng.normal(0, 0.7, 4)
    return np.sum(weights[:, None] * np.sin(2 * np.pi * frequencies[:, None] * time + phases[:, None]), 0)


def _blinks(rng: np.random.Generator, time: Floats) -> Floats:
    """Return lid closure over time: blinks of a third of a second, on average every two seconds."""
    closure = np.zeros_like(time)
    at = rng.uniform(0, 1.2)
    while at < time[-1] + 0.5:
        depth = 1.0 if rng.random() < 0.8 else rng.uniform(0.4, 0.9)
        closure = np.maximum(closure, depth * np.clip(1.25 - np.abs(time - at) / 0.14, 0, 1))
        at += rng.exponential(1.6) + 0.5
    return np.clip(closure, 0, 1)


def sample_motion(rng: np.random.Generator, puppet: Puppet, frames: int, fps: float = 12.5) -> DriveSequence:
    """Draw a lively motion of `frames` frames for this puppet's head."""
    time = np.arange(frames) / fps
    e = np.zeros((frames, len(EXPRESSION)))
    talk = np.clip(_wander(rng, time, 0.1, 0.4) + rng.uniform(-0.3, 1.0), 0, 1)
    e[:, _E["jaw_open"]] = np.clip(talk * (0.38 + 0.5 * _wander(rng, time, 1.2, 3.0)), 0, 1)
    if rng.random() < 0.3:
        e[:, _E["jaw_open"]] = np.maximum(e[:, _E["jaw_open"]], np.clip(_wander(rng, time, 0.15, 0.4) - 0.1, 0, 1))
    e[:, _E["smile"]] = rng.normal(0.15, 0.35) + 0.40 * _wander(rng, time, 0.1, 0.5)
    e[:, _E["pucker"]] = np.clip(0.55 * _wander(rng, time, 0.3, 1.5) - 0.2, 0, 1) * talk
    e[:, _E["stretch"]] = 0.30 * _wander(rng, time, 0.3, 1.5) * talk
    e[:, _E["lip_raise"]] = np.clip(0.4 * _wander(rng, time, 0.2, 0.8) - 0.1, 0, 1)
    e[:, _E["mouth_shift"]] = 0.22 * _wander(rng, time, 0.1, 0.6)
    blink, wink = _blinks(rng, time), rng.random()
    e[:, _E["blink_l"]] = blink * (0.0 if wink < 0.06 else 1.0)
    e[:, _E["blink_r"]] = blink * (0.0 if wink > 0.94 else 1.0)
    brows = 0.45 * _wander(rng, time, 0.1, 0.6)
    e[:, _E["brow_l"]] = brows + 0.15 * _wander(rng, time, 0.1, 0.6)
    e[:, _E["brow_r"]] = brows + 0.15 * _wander(rng, time, 0.1, 0.6)
    e[:, _E["furrow"]] = np.clip(0.4 * _wander(rng, time, 0.1, 0.5) - 0.1, 0, 1)
    e[:, _E["squint"]] = np.clip(0.35 * _wander(rng, time, 0.1, 0.5), 0, 1)
    amplitude = np.array([0.34, 0.16, 0.10]) * rng.uniform(0.5, 1.25)
    offset = rng.normal(0, [0.14, 0.05, 0.03])
    pose = np.stack([_wander(rng, time, 0.08, 0.45) for _ in range(3)], -1) * amplitude + offset
    pose = np.clip(pose, [-0.95, -0.45, -0.40], [0.95, 0.45, 0.40])
    gaze = np.clip(0.55 * np.stack([_wander(rng, time, 0.2, 1.0) for _ in range(2)], -1), -1, 1)
    camera = np.tile(puppet.neutral().camera, (frames, 1)).astype(np.float64)
    camera[:, 0] *= np.exp(0.03 * _wander(rng, time, 0.05, 0.3))
    camera[:, 1] += 0.018 * _wander(rng, time, 0.08, 0.4) + 0.05 * np.sin(pose[:, 0]) * 0.5
    camera[:, 2] += 0.014 * _wander(rng, time, 0.08, 0.4)
    return DriveSequence(
        shape=puppet.shape,
        expression=np.clip(e, EXPRESSION_LOW, EXPRESSION_HIGH).astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=gaze.astype(np.float32),
        camera=camera.astype(np.float32),
        fps=fps,
    )
