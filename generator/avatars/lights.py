"""Light an avatar: a key light, a rim light from behind, and six colours of light from all around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats

from .colours import unit

_PRESETS = (
    ((1.00, 0.97, 0.92), (0.80, 0.88, 1.00), (1.00, 1.00, 1.00)),  # daylight
    ((1.00, 1.00, 1.00), (1.00, 1.00, 1.00), (0.90, 0.95, 1.00)),  # studio
    ((1.00, 0.80, 0.58), (0.50, 0.58, 0.85), (1.00, 0.72, 0.52)),  # evening sun
    ((0.86, 0.93, 1.00), (0.82, 0.77, 0.72), (1.00, 0.82, 0.62)),  # window, warm room
    ((1.00, 0.87, 0.72), (0.95, 0.80, 0.65), (1.00, 0.90, 0.75)),  # lamp
    ((0.80, 0.88, 1.00), (0.62, 0.72, 0.95), (0.85, 0.92, 1.00)),  # overcast, cold
    ((1.00, 0.84, 0.82), (0.62, 0.54, 0.90), (0.92, 0.45, 0.90)),  # stage
)
_CHANCES = (0.26, 0.24, 0.14, 0.12, 0.10, 0.10, 0.04)


@dataclass(frozen=True, slots=True)
class Light:
    """Light in head space, independent of the head's pose.

    Attributes:
        key: (3,) direction towards the key light, and `key_colour` (3,) its linear strength.
        key_colour: Linear RGB.
        rim: (3,) direction towards the rim light, which stands behind the head.
        rim_colour: Linear RGB.
        around: (6, 3) linear light from +x, -x, +y, -y, +z, -z.
    """

    key: Floats
    key_colour: Floats
    rim: Floats
    rim_colour: Floats
    around: Floats


def sample_light(rng: np.random.Generator) -> Light:
    """Draw a light: warm or cold, hard or soft, from the left or the right."""
    turn, height = rng.uniform(-1.0, 1.0), rng.uniform(0.25, 0.8)
    key = unit(np.array([np.sin(turn) * np.cos(height), np.sin(height), np.cos(turn) * np.cos(height)]))
    chosen = _PRESETS[int(rng.choice(len(_PRESETS), p=_CHANCES))]
    key_colour, fill, rim_colour = (np.array(colour, np.float32) for colour in chosen)
    ratio = rng.uniform(0.5, 1.0)
    surround = fill * (1.25 - ratio + 0.12)
    side = float(np.sign(key[0]) or 1.0)
    towards, away = 0.75 * surround * 1.2, 0.75 * surround * 0.7
    left, right = (towards, away) if side > 0 else (away, towards)
    floor = surround * np.array([0.55, 0.48, 0.42], np.float32)
    around = np.stack([left, right, 1.05 * surround, floor, 0.8 * surround, 0.6 * surround])
    behind = rng.uniform(0.6, 1.1)
    return Light(
        key=key,
        key_colour=(key_colour * 1.62 * ratio).astype(np.float32),
        rim=unit(np.array([-side * np.sin(behind) * 1.2, 0.35, -0.65])),
        rim_colour=(rim_colour * rng.uniform(0.2, 1.1)).astype(np.float32),
        around=around.astype(np.float32),
    )
