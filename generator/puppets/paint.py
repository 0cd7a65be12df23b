"""Paint in the head's own face coordinates: skin and brows as a baked picture, eyes and mouth as functions.

The skin picture is made once per puppet; row 0 is the chin (t = 0), column 0 is u = -pi. Lids, iris and the inside of
the mouth follow the expression and are computed per pixel, sharp at any size.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from generator.face.face_params import FaceParams, Floats
from generator.face.head_model import LIP_GAP, Features, eye_coordinates, features, iris_coordinates, lid_edges

from .look import Puppet

_W, _H = 768, 384


def _soft(x: Floats, width: float) -> Floats:
    return np.clip(0.5 + x / width, 0, 1).astype(np.float32)


def _over(colour: Floats, mask: Floats, paint: Floats | list[float]) -> Floats:
    return colour + (np.asarray(paint, np.float32) - colour) * mask[..., None].astype(np.float32)


def _noise(rng: np.random.Generator, cells: int) -> Floats:
    """Return smooth noise (H, W) in about [-1, 1] that is seamless in u."""
    grid = rng.normal(0, 0.6, (cells // 2, cells)).astype(np.float32)
    grid = np.concatenate([grid, grid[:, :2]], 1)
    return cv2.resize(grid, (_W + 2 * _W // cells, _H), interpolation=cv2.INTER_CUBIC)[:, :_W]


def _pattern(puppet: Puppet, rng: np.random.Generator, u: Floats, t: Floats, skin: Floats) -> Floats:
    """Return the skin with its pattern, without features."""
    if puppet.skin_kind == "speckle":
        return skin * (1 + 0.07 * _noise(rng, 96) + 0.05 * _noise(rng, 24))[..., None]
    if puppet.skin_kind == "freckles":
        mask = np.zeros((_H, _W), np.float32)
        for _ in range(90):
            x, y = rng.normal(0, 0.5), rng.normal(0.42, 0.05)
            cv2.circle(
                mask, (int((x / np.pi * 0.5 + 0.5) * _W), int(y * _H)), int(rng.integers(1, 3)), 1.0, -1, cv2.LINE_AA
            )
        return _over(skin, 0.35 * mask, skin[0, 0] * [0.75, 0.55, 0.45])
    other = (skin[0, 0] * 0.58 if skin[0, 0].mean() > 0.5 else np.clip(skin[0, 0] * 1.6 + 0.1, 0, 1)).astype(np.float32)
    if puppet.skin_kind == "spots":
        mask = np.zeros((_H, _W), np.float32)
        for _ in range(60):
            centre = (int(rng.integers(_W)), int(rng.integers(_H)))
            cv2.ellipse(
                mask, centre, (int(rng.integers(10, 32)), int(rng.integers(8, 20))), 0, 0, 360, 1.0, -1, cv2.LINE_AA
            )
        return _over(skin, 0.8 * mask, other)
    if puppet.skin_kind == "stripes":
        wave = np.sin(26 * t + 1.2 * _noise(rng, 12) + 2 * np.cos(2 * u))
        return _over(skin, 0.75 * _soft(wave - 0.55, 0.25) * _soft(np.abs(u) - 0.55, 0.3), other)
    if puppet.skin_kind == "patch":
        light = np.clip(skin[0, 0] * 0.45 + 0.55, 0, 1)
        inside = 1 - ((u / 0.60) ** 2 + ((t - 0.27) / 0.22) ** 2)
        return _over(skin, _soft(inside.astype(np.float32), 0.25), light)
    return skin


@lru_cache(maxsize=8)
def skin_picture(puppet: Puppet) -> Floats:
    """Return the painted head (384, 768, 3) over (t, u), RGB in [0, 1]."""
    rng = np.random.default_rng(puppet.seed)
    f = features(puppet.shape)
    u, t = np.meshgrid(
        np.linspace(-np.pi, np.pi, _W, dtype=np.float32), np.linspace(0, 1, _H, dtype=np.float32), indexing="xy"
    )
    colour = _pattern(puppet, rng, u, t, np.broadcast_to(puppet.skin, (_H, _W, 3)).astype(np.float32))
    au = np.abs(u)
    cheek = np.exp(-(((au - 0.60) / 0.17) ** 2) - ((t - 0.375) / 0.045) ** 2)
    colour = _over(colour, puppet.blush * cheek, [0.93, 0.42, 0.40])
    socket = np.exp(-(((au - f.eye_u) / (1.25 * f.eye_rx)) ** 2) - ((t - f.eye_t - 0.01) / (1.5 * f.eye_ry)) ** 2)
    colour = _over(colour, 0.16 * socket, puppet.skin * 0.45)
    if puppet.beard:
        chin = _soft(0.40 - t - 0.05 * np.cos(2.2 * au), 0.06) * _soft(1.45 - au, 0.2)
        gap = 1 - np.exp(-((u / (0.9 * f.mouth_u)) ** 4) - ((t - f.mouth_t) / (1.5 * f.lip)) ** 4)
        colour = _over(
            colour, puppet.beard * chin * gap * (0.85 + 0.15 * _noise(rng, 192)).clip(0, 1), puppet.hair * 0.8
        )
    mu = u / f.mouth_u
    bow = np.sqrt(np.clip(1 - (mu / 1.10) ** 2, 0, 1)) * f.lip
    upper = bow * (0.95 - 0.22 * np.exp(-((u / 0.05) ** 2)))
    lips = np.minimum(upper - (t - f.mouth_t), (t - f.mouth_t) + 1.15 * bow) * (np.abs(mu) < 1.10)
    colour = _over(colour, _soft(lips - 0.004, 0.012) * (np.abs(mu) < 1.10), puppet.lips)
    line = np.exp(-(((t - f.mouth_t) / 0.006) ** 2)) * _soft(1.06 - np.abs(mu), 0.12)
    colour = _over(colour, 0.75 * line, puppet.lips * 0.35)
    for sign in (-1, 1):
        du, _ = eye_coordinates(u, t, f, sign)
        outward = du * sign
        middle = f.brow_t + 0.014 * (1 - outward**2) - 0.006 * outward
        thick = (0.008 + 0.012 * puppet.brow_weight) * (1 - 0.35 * np.clip(outward, -1, 1.3))
        brow = _soft(thick - np.abs(t - middle), 0.008) * _soft(1.22 - np.abs(du), 0.15)
        colour = _over(colour, 0.9 * brow, puppet.hair * 0.55)
    nostril = np.exp(-(((au - 0.070) / 0.030) ** 2) - ((t - 0.383) / 0.010) ** 2)
    colour = _over(colour, 0.55 * nostril, puppet.skin * 0.30)
    return np.ascontiguousarray(colour, np.float32)


def sample_skin(puppet: Puppet, uv: Floats) -> Floats:
    """Return the skin colour (N, 3) at face coordinates (N, 2), nearest neighbour."""
    x = np.clip((uv[:, 0] / np.pi * 0.5 + 0.5) * (_W - 1) + 0.5, 0, _W - 1).astype(np.int32)
    y = np.clip(uv[:, 1] * (_H - 1) + 0.5, 0, _H - 1).astype(np.int32)
    picture: Floats = skin_picture(puppet).reshape(-1, 3)[y * _W + x]
    return picture


def eye_masks(uv: Floats, f: Features, expression: Floats, sign: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return (du, dt, upper, lower, inside) for points near one eye; `inside` > 0 between the lids, in eye heights."""
    du, dt = eye_coordinates(uv[:, 0], uv[:, 1], f, sign)
    upper, lower = lid_edges(du, expression, sign)
    inside = np.where(np.abs(du) < 1, np.minimum(upper - dt, dt - lower), -1.0)
    return du, dt, upper, lower, inside.astype(np.float32)


def paint_eye(colour: Floats, uv: Floats, puppet: Puppet, params: FaceParams, f: Features, sign: int) -> Floats:
    """Return colours (N, 3) of points near one eye with lids, eyeball and iris painted over the skin."""
    du, dt, upper, lower, inside = eye_masks(uv, f, params.expression, sign)
    arc = np.sqrt(np.clip(1 - du * du, 0, 1))
    lid = _soft(np.minimum(arc * 1.06 - dt, dt - upper), 0.12) * (np.abs(du) < 1)
    colour = _over(colour, 0.55 * lid, puppet.skin * 0.80)
    crease = np.exp(-(((dt - 1.22 * arc - 0.10) / 0.07) ** 2)) * _soft(0.95 - np.abs(du), 0.2)
    colour = _over(colour, 0.30 * crease, puppet.skin * 0.45)
    white = _soft(inside, 0.10)
    colour = _over(colour, white, [0.965, 0.965, 0.955])
    shade = white * np.exp(-(((upper - dt) / 0.42) ** 2)) * 0.28
    colour = _over(colour, shade, [0.35, 0.33, 0.40])
    x, y = iris_coordinates(du, dt, params.gaze, f)
    radius = np.sqrt(x * x + y * y)
    size = puppet.iris_size
    iris = white * _soft(size - radius, 0.12)
    colour = _over(colour, iris, puppet.iris)
    colour = _over(colour, iris * _soft(radius - 0.80 * size, 0.10) * 0.6, puppet.iris * 0.35)
    pupil = np.sqrt((x / 0.32) ** 2 + (y / 0.85) ** 2) * size if puppet.slit_pupil else radius / 0.48
    colour = _over(colour, white * _soft(size - pupil, 0.12), [0.04, 0.04, 0.06])
    spark = np.sqrt((x + 0.28 * size) ** 2 + (y - 0.34 * size) ** 2)
    colour = _over(colour, white * _soft(0.20 * size - spark, 0.08), [1.0, 1.0, 1.0])
    edge = np.exp(-(((dt - upper) / 0.13) ** 2)) * _soft(1.04 - np.abs(du), 0.10)
    colour = _over(colour, 0.92 * edge, [0.10, 0.07, 0.08])
    rim = np.exp(-(((dt - lower) / 0.08) ** 2)) * _soft(0.98 - np.abs(du), 0.10)
    return _over(colour, 0.45 * rim, puppet.skin * 0.40)


def paint_mouth(colour: Floats, uv: Floats, gap: float, f: Features) -> Floats:
    """Return colours (N, 3) of points between the lips: dark throat, upper teeth, tongue.

    Args:
        colour: (N, 3) colours so far.
        uv: (N, 2) face coordinates.
        gap: Height of the open mouth in its middle, head units.
        f: Features of the head.
    """
    mu = uv[:, 0] / f.mouth_u
    v = (uv[:, 1] - f.mouth_t) / LIP_GAP
    height = gap * np.sqrt(np.clip(1 - mu * mu, 1e-4, 1))
    from_top, from_bottom = (1 - v) * 0.5 * height, (1 + v) * 0.5 * height
    open_ = np.clip((gap - 0.012) / 0.03, 0, 1)
    inside = np.broadcast_to(np.float32(1.0), mu.shape)
    colour = _over(colour, 0.95 * inside, [0.26, 0.05, 0.07])
    tongue = _soft(0.42 * gap - from_bottom - 0.06 * mu**2, 0.03) * open_ * _soft(0.75 - np.abs(mu), 0.2)
    colour = _over(colour, 0.9 * tongue, [0.82, 0.36, 0.38])
    teeth = _soft(0.055 - from_top, 0.014) * _soft(0.86 - np.abs(mu), 0.08) * open_
    return _over(colour, teeth, [0.97, 0.96, 0.92])
