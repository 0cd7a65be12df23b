"""Define the puppet head: one parametric surface with lids, lips and a jaw.

A point of the head has *face coordinates* (u, t): u is the angle around the head (0 in front, +-pi behind), t runs from
the chin (0) to the crown (1). `surface` returns its position in space for any shape and expression, so every landmark,
mask and correspondence is known exactly. In head space x points to the picture's right, y up and z to the viewer; the
mean head is about 2.15 units tall.

The lips are part of the surface: the strip |t - lip line| < `LIP_GAP` is the inside of the mouth, closed to a line at
rest and stretched by the jaw. The lids are not: `eye_opening` returns the edges of the opening in face coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .face_params import EXPRESSION, SHAPE, Floats
from .pose import project as project
from .pose import rotation as rotation

LIP_GAP = 0.004
"""Half height of the closed mouth, in t."""

GAZE_REACH = (0.36, 0.34)
"""Displacement of the iris for a gaze of 1: across, in eye half widths, and up, in eye heights."""

_S = {name: index for index, name in enumerate(SHAPE)}
_E = {name: index for index, name in enumerate(EXPRESSION)}
_BLINK = {-1: _E["blink_l"], 1: _E["blink_r"]}

_WIDTH = np.array([0.44, 0.58, 0.71, 0.79, 0.83, 0.85, 0.86, 0.86, 0.84])
_FRONT = np.array([0.72, 0.80, 0.84, 0.86, 0.86, 0.87, 0.89, 0.90, 0.88])
_BACK = np.array([0.10, 0.26, 0.50, 0.74, 0.92, 1.02, 1.05, 1.03, 0.96])


@dataclass(frozen=True, slots=True)
class Features:
    """The positions of one head's features, in face coordinates."""

    eye_u: float
    eye_t: float
    eye_rx: float
    eye_ry: float
    mouth_t: float
    mouth_u: float
    lip: float
    brow_t: float


def _value(values: Floats, index: int) -> Any:  # noqa: ANN401 - a float, or a column that broadcasts like one
    """Return a coefficient of one head as a float, of K heads (K, C) as a column (K, 1)."""
    return float(values[index]) if values.ndim == 1 else values[:, index, None].astype(np.float64)


def features(shape: Floats) -> Features:
    """Return positions and sizes of eyes, brows and mouth on a head of this shape (16,); columns for (K, 16)."""
    number: Callable[[Any], Any] = float if shape.ndim == 1 else np.asarray
    shape = shape if shape.ndim == 1 else shape.T[..., None].astype(np.float64)
    eye_ry = 0.052 * (1 + 0.16 * shape[_S["eye_size"]]) * (1 + 0.14 * shape[_S["eye_round"]])
    eye_t = 0.515 + 0.012 * shape[_S["eye_height"]]
    return Features(
        eye_u=number(0.43 + 0.035 * shape[_S["eye_gap"]] + 0.02 * shape[_S["eye_size"]]),
        eye_t=number(eye_t),
        eye_rx=number(0.20 * (1 + 0.13 * shape[_S["eye_size"]])),
        eye_ry=number(eye_ry),
        mouth_t=number(0.265 + 0.014 * shape[_S["mouth_height"]]),
        mouth_u=number(0.33 * (1 + 0.16 * shape[_S["mouth_width"]])),
        lip=0.024,
        brow_t=number(eye_t + 1.55 * eye_ry + 0.018),
    )


def _profile(t: Floats, control: Floats) -> Floats:
    """Interpolate a profile smoothly through equally spaced control values (cubic Hermite, Catmull-Rom)."""
    n = len(control) - 1
    x = np.clip(t, 0, 1) * n
    i = np.minimum(x.astype(np.int64), n - 1)
    f = x - i
    padded = np.concatenate([[2 * control[0] - control[1]], control, [2 * control[-1] - control[-2]]])
    p0, p1, p2, p3 = padded[i], padded[i + 1], padded[i + 2], padded[i + 3]
    return p1 + 0.5 * f * (p2 - p0 + f * (2 * p0 - 5 * p1 + 4 * p2 - p3 + f * (3 * (p1 - p2) + p3 - p0)))


def _bump(x: Floats) -> Floats:
    return np.exp(-x * x)


def _above(x: Any) -> Any:  # noqa: ANN401 - as `_value` gives it
    """Return max(x, 0)."""
    return (x + abs(x)) / 2


def _step(x: Floats) -> Floats:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def rest_surface(u: Floats, t: Floats, shape: Floats) -> Floats:
    """Return the neutral head at face coordinates (u, t) as points in head space; sizes as for `surface`."""
    s = {name: _value(shape, index) for name, index in _S.items()}
    f = features(shape)
    pole = np.sin(np.pi * np.clip(t, 1e-5, 1 - 1e-5)) ** np.where(t < 0.5, 0.34, 0.5)
    low, mid, high = _bump((t - 0.10) / 0.16), _bump((t - 0.36) / 0.14), _step((t - 0.55) / 0.4)
    width = (
        pole * _profile(t, _WIDTH) * (1 + 0.10 * s["jaw"] * low + 0.06 * s["cheek"] * mid + 0.06 * s["cranium"] * high)
    )
    front = pole * _profile(t, _FRONT) * (1 + 0.06 * s["depth"] + 0.06 * s["chin"] * low)
    back = pole * _profile(t, _BACK) * (1 + 0.06 * s["depth"] + 0.05 * s["cranium"] * high)
    y = (t - 0.5) * 2.15 * (1 + 0.07 * s["length"]) + 0.10 * s["cranium"] * _step((t - 0.55) / 0.45)
    x, c = width * np.sin(u), np.cos(u)
    z = np.where(c > 0, front, back) * c
    au = np.abs(u)
    nose_w = 0.15 * (1 + 0.16 * s["nose_width"])
    nose = _bump(u / nose_w) * (_bump((t - 0.415) / 0.050) + 0.45 * _step((t - 0.40) / 0.03) * _step((0.56 - t) / 0.13))
    z = z + (0.16 + 0.045 * s["nose"]) * nose
    z = z - 0.055 * _bump((au - f.eye_u) / (1.15 * f.eye_rx)) * _bump((t - f.eye_t) / (1.5 * f.eye_ry))
    z = z + (0.025 + 0.012 * s["brow"]) * _bump((au - f.eye_u) / 0.30) * _bump((t - f.brow_t) / 0.035)
    z = z + (0.045 + 0.085 * _above(s["muzzle"])) * _bump(u / 0.42) * _bump((t - f.mouth_t - 0.02) / 0.085)
    lip = _bump(u / (0.85 * f.mouth_u)) * _bump((np.abs(t - f.mouth_t) - 0.55 * f.lip) / (0.8 * f.lip))
    z = z + 0.022 * lip
    return np.stack([x, y, z], -1)


def surface(u: Floats, t: Floats, shape: Floats, expression: Floats) -> Floats:
    """Return points of the head in head space, or of K heads at once.

    Args:
        u: (N,) or (K, N) angles around the head in [-pi, pi].
        t: (N,) or (K, N) heights in [0, 1].
        shape: (16,) or (K, 16) shape coefficients.
        expression: (12,) or (K, 12) expression coefficients.

    Returns:
        (N, 3) or (K, N, 3) float32.
    """
    e = {name: _value(expression, index) for name, index in _E.items()}
    f = features(shape)
    p = rest_surface(u, t, shape)
    mu = u / f.mouth_u
    near = _bump(u / (1.5 * f.mouth_u)) * _bump((t - f.mouth_t) / 0.10)
    corner = _bump((np.abs(mu) - 1) / 0.45) * _bump((t - f.mouth_t) / 0.060)
    side = np.sign(u)

    # 1. Lips and cheeks, before the jaw moves the lower half.
    p[..., 0] += 0.30 * e["stretch"] * f.mouth_u * np.clip(mu, -1.3, 1.3) * near
    p[..., 0] -= 0.42 * e["pucker"] * f.mouth_u * np.clip(mu, -1.3, 1.3) * near
    p[..., 2] += 0.07 * e["pucker"] * near
    p[..., 0] += 0.10 * e["mouth_shift"] * near
    lift = 0.07 * e["smile"] + 0.045 * _above(e["smile"])
    p[..., 1] += lift * corner - 0.02 * e["smile"] * _bump(mu / 0.6) * near
    p[..., 0] += 0.05 * e["smile"] * side * corner
    cheek = _bump((np.abs(u) - 0.62) / 0.28) * _bump((t - 0.37) / 0.07)
    p[..., 2] += 0.035 * _above(e["smile"]) * cheek
    above = t > f.mouth_t
    lips = np.sqrt(np.clip(1 - mu * mu, 0, 1))
    ramp_up = _step((t - f.mouth_t) / LIP_GAP) * _bump((t - f.mouth_t) / 0.055)
    p[..., 1] += np.where(above, 0.055 * e["lip_raise"] * lips * ramp_up, 0)

    # 2. Brows.
    for name, sign in (("brow_l", -1.0), ("brow_r", 1.0)):
        weight = _bump((sign * u - f.eye_u) / 0.36) * _bump((t - f.brow_t) / 0.055)
        p[..., 1] += 0.075 * e[name] * weight
    inner = _bump((np.abs(u) - 0.5 * f.eye_u) / 0.20) * _bump((t - f.brow_t) / 0.045)
    p[..., 1] -= 0.060 * e["furrow"] * inner
    p[..., 0] -= 0.030 * e["furrow"] * side * inner

    # 3. The jaw rotates about the ears; the lower lip follows it fully between the mouth corners, and not beyond them.
    d = f.mouth_t - t
    opening = _step((d + LIP_GAP) / (2 * LIP_GAP))
    at_lips, at_chin = lips, _step((p[..., 2] + 0.30) / 0.75)
    blend = _step(d / 0.13)
    weight = opening * ((1 - blend) * at_lips + blend * at_chin)
    angle = 0.34 * e["jaw_open"] * weight
    hinge_y, hinge_z = -0.02, -0.05
    y, z = p[..., 1] - hinge_y, p[..., 2] - hinge_z
    cos, sin = np.cos(angle), np.sin(angle)
    p[..., 1] = hinge_y + cos * y - sin * z - 0.07 * e["jaw_open"] * weight
    p[..., 2] = hinge_z + sin * y + cos * z
    return p.astype(np.float32)


def eye_opening(du: Floats, blink: float, squint: float) -> tuple[Floats, Floats]:
    """Return the upper and lower lid edge at du in [-1, 1] across the eye, in eye heights above its middle line.

    A blink of 1 closes the eye fully: both edges coincide.
    """
    arc = np.sqrt(np.clip(1 - du * du, 0, 1))
    lower = -0.90 + 0.28 * squint * (1 - blink)
    upper = lower + (1.0 - lower) * (1 - blink) * (1 - 0.30 * squint)
    return (upper * arc).astype(np.float32), (lower * arc).astype(np.float32)


def lid_edges(du: Floats, expression: Floats, sign: int) -> tuple[Floats, Floats]:
    """Return the upper and lower lid edge of the eye on side `sign` for an expression (12,), or for (K, 12)."""
    return eye_opening(du, _value(expression, _BLINK[sign]), _value(expression, _E["squint"]))


def iris_coordinates(du: Floats, dt: Floats, gaze: Floats, f: Features) -> tuple[Floats, Floats]:
    """Return (x, y) from the iris centre for points of one eye, in eye heights."""
    ratio = f.eye_rx / (f.eye_ry * 2.35)
    return (du - GAZE_REACH[0] * gaze[0]) * ratio, dt - GAZE_REACH[1] * gaze[1]


def eye_coordinates(u: Floats, t: Floats, f: Features, sign: int) -> tuple[Floats, Floats]:
    """Return (du, dt): position in the eye on side `sign` (-1 the picture's left), in eye half widths and heights."""
    return ((sign * u - f.eye_u) / f.eye_rx * sign), ((t - f.eye_t) / f.eye_ry)


def _landmark_coordinates(shape: Floats, expression: Floats) -> tuple[Floats, Floats]:
    f = features(shape)
    k = np.arange(-8, 9)
    a = np.abs(k) / 8
    points: list[tuple[Floats, Floats]] = [(np.sign(k) * 1.42 * a**0.85, 0.060 + 0.46 * a**1.5)]
    span = np.array([-1.25, -0.65, 0.0, 0.65, 1.20])
    height = np.array([0.000, 0.010, 0.016, 0.012, 0.002])
    points.append((-f.eye_u + f.eye_rx * span, f.brow_t + height))
    points.append((f.eye_u - f.eye_rx * span[::-1], f.brow_t + height[::-1]))
    points.append((np.zeros(4), f.eye_t * np.eye(4)[0] + np.array([0.01, 0.487, 0.455, 0.420])))
    points.append((np.array([-0.13, -0.07, 0.0, 0.07, 0.13]), np.array([0.385, 0.380, 0.377, 0.380, 0.385])))
    for sign in (-1, 1):
        du = np.array([-1.0, -0.45, 0.45, 1.0, 0.45, -0.45], np.float32)
        upper, lower = lid_edges(du, expression, sign)
        dt = np.where(np.arange(6) < 3, upper, lower)
        points.append((sign * f.eye_u + f.eye_rx * du, f.eye_t + f.eye_ry * dt))
    outer = np.array([-1.12, -0.70, -0.28, 0.0, 0.28, 0.70, 1.12])
    bow = np.sqrt(np.clip(1 - (outer / 1.15) ** 2, 0, 1)) * f.lip
    points.append((f.mouth_u * outer, f.mouth_t + bow * np.array([0, 1, 1, 0.85, 1, 1, 0])))
    points.append((f.mouth_u * outer[5:0:-1], f.mouth_t - bow[5:0:-1]))
    inner = np.array([-0.96, -0.45, 0.0, 0.45, 0.96])
    points.append((f.mouth_u * inner, f.mouth_t + LIP_GAP - LIP_GAP * (np.abs(inner) > 0.9)))
    points.append((f.mouth_u * inner[3:0:-1], np.asarray(f.mouth_t - LIP_GAP)))
    heads = np.broadcast_shapes(shape.shape[:-1], expression.shape[:-1])
    return tuple(
        np.concatenate([_over(heads, np.broadcast_arrays(*pair)[axis]) for pair in points], -1).astype(np.float32)
        for axis in (0, 1)
    )  # type: ignore[return-value]


def _over(heads: tuple[int, ...], values: Floats) -> Floats:
    return np.broadcast_to(values, (*heads, values.shape[-1]))


def landmarks68(shape: Floats, expression: Floats) -> Floats:
    """Return the 68 iBUG landmarks of the head in head space, (68, 3), or of K heads at once, (K, 68, 3).

    The order is that of the 300-W annotation (Sagonas et al. 2013): jaw 0-16 from the picture's left, brows 17-26, nose
    27-35, eyes 36-47, outer lips 48-59, inner lips 60-67.
    """
    u, t = _landmark_coordinates(shape, expression)
    return surface(u, t, shape, expression)
