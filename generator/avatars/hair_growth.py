"""Grow strands of hair: roots on the scalp, steps along a direction that the cut asks for, never into head or body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .colours import smooth, unit
from .look import Hair
from .scalp import CENTRE, Scalp
from .skin_chart import above_hairline, direction

DOWN, UP = np.array([0, -1, 0], np.float32), np.array([0, 1, 0], np.float32)
_LONG = ("bob", "long", "curly")
_FLAT = ("short", "side", "swept", "quiff")


@dataclass(frozen=True, slots=True)
class Roots:
    """Where strands leave the scalp.

    Attributes:
        points: (S, 3) and `normals` (S, 3) in head space.
        normals: Outward.
        turn: (S,) direction from the front in radians, without sign.
        top: (S,) 1 on top of the head, 0 at its sides.
        front: (S,) 1 at the forehead.
        edge: (S,) 0 at the hairline, 1 above it.
        side: (S,) 1 where hair falls to the picture's right, -1 to the left.
        bangs: (S,) True for strands that fall over the forehead.
    """

    points: Floats
    normals: Floats
    turn: Floats
    top: Floats
    front: Floats
    edge: Floats
    side: Floats
    bangs: Floats


Directions = Callable[[Floats, float], Floats]


def scatter_roots(
    rng: np.random.Generator, points: Floats, normals: Floats, canonical: Floats, faces: Ints, hair: Hair, count: int
) -> Roots:
    """Draw roots evenly over the scalp of a head without expression (P points)."""
    middle = canonical[faces].mean(1)
    height = above_hairline(canonical, hair.recede)[faces].mean(1)
    corners = points[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    weight = np.where((height > 0) & (middle[:, 1] > -0.9), area, 0)
    if hair.cut == "mohawk":
        weight = weight * (np.abs(middle[:, 0]) < 0.16)
    chosen = rng.choice(len(faces), count, p=weight / weight.sum())
    inside = rng.dirichlet([1, 1, 1], count).astype(np.float32)[:, :, None]
    root = (points[faces[chosen]] * inside).sum(1)
    normal = unit((normals[faces[chosen]] * inside).sum(1))
    place = (canonical[faces[chosen]] * inside).sum(1)
    turn = np.abs(direction(place))
    front = np.clip(1 - turn, 0, 1) * (place[:, 1] > 0.3)
    shaky = hair.part + rng.normal(0, 0.012, count)
    return Roots(
        points=root,
        normals=normal,
        turn=turn,
        top=np.clip((place[:, 1] - 0.45) / 0.4, 0, 1),
        front=front,
        edge=np.clip(above_hairline(place, hair.recede) / 0.15, 0, 1),
        side=np.where(root[:, 0] > shaky, 1.0, -1.0).astype(np.float32),
        bangs=(front > 0.30) & (np.abs(place[:, 0]) < 0.55) & hair.bangs & (hair.cut not in ("afro", "quiff")),
    )


def _columns(x: Floats, y: float, z: float) -> Floats:
    return np.stack([x, np.full_like(x, y), np.full_like(x, z)], 1)


def _lengths(roots: Roots, hair: Hair) -> Floats:
    """Return how long each strand is, in units of head space."""
    top, front = roots.top, roots.front
    if hair.cut in _LONG:
        reach = {"bob": 1.2, "long": 2.5, "curly": 1.1}[hair.cut] * hair.length
        sides = 0.65 + 0.35 * np.clip((roots.turn - 0.3) / 0.6, 0, 1)
        return reach * (sides if hair.cut != "long" else np.ones_like(top))
    table = {
        "buzz": 0.05 + 0 * top, "short": 0.24 + 0.30 * top, "side": 0.26 + 0.42 * top, "swept": 0.26 + 0.40 * top,
        "quiff": 0.18 + 0.5 * top * (0.6 + 0.6 * front), "spiky": 0.3 + 0.3 * top, "mohawk": 0.5 + 0 * top,
        "afro": 0.5 * hair.length + 0 * top,
    }  # fmt: skip
    return np.asarray(table[hair.cut], np.float32)


def _directions(roots: Roots, hair: Hair, scalp: Scalp) -> tuple[Floats, Directions, float]:
    """Return the first direction of strands, the direction wanted at a place, and how fast strands turn to it."""
    side = _columns(roots.side, -0.35, -0.25)
    back = _columns(0.15 * roots.side, -0.1, -1.0)
    ahead = _columns(0.25 * roots.side, -0.1, 1.0)
    normal, top, front = roots.normals, roots.top[:, None], roots.front[:, None]
    if hair.cut == "buzz":
        return normal + 0.6 * ahead, lambda p, t: normal * 0.6 + ahead, 0.45
    if hair.cut in ("short", "side", "swept"):
        towards = {"short": ahead * 0.8 + side * 0.5, "side": side * 0.9 + back * 0.3, "swept": back}[hair.cut]
        wanted = towards * top + (1 - top) * (DOWN + back * 0.5) + normal * 0.12
        return normal * 0.6 + towards, lambda p, t: wanted, 0.45
    if hair.cut == "quiff":
        return (
            normal + UP * front,
            lambda p, t: (
                back * (0.25 + 0.9 * t) * top + (1 - top) * (DOWN + back * 0.6) + UP * top * (1 - t) * (0.5 + front)
            ),
            0.45,
        )
    if hair.cut in ("spiky", "mohawk"):
        out = normal + 0.3 * UP + back * 0.25
        return normal * 1.2 + 0.3 * UP, lambda p, t: out, 0.45
    if hair.cut == "afro":
        return normal, lambda p, t: normal + unit(p - CENTRE) + UP * 0.1, 0.45
    return normal * 0.35 + side, _falling(roots, side, back), 0.7


def _falling(roots: Roots, side: Floats, back: Floats) -> Directions:
    """Return the direction of hair that hangs: from the parting to the sides, then down along head and neck."""
    behind = np.clip((1.3 - roots.turn) / 0.9, 0, 1)[:, None]

    def wanted(points: Floats, share: float) -> Floats:
        outwards = unit(points - CENTRE)
        fall = DOWN - outwards * np.minimum(0, outwards @ DOWN)[:, None]
        crown = np.clip((outwards[:, 1] - 0.45) / 0.4, 0, 1)[:, None]
        along = side - outwards * (side * outwards).sum(1, keepdims=True)
        level = (points - CENTRE) * np.array([1, 0, 1], np.float32)
        spread = np.linalg.norm(level, axis=1, keepdims=True)
        inwards = np.clip((spread - 0.85) * 1.2, 0, 0.35) * (points[:, 1:2] < 0.1)
        fall = fall - level / np.maximum(spread, 0.1) * inwards
        over_face = np.clip((0.50 - points[:, 1:2]) / 0.25, 0, 1) * np.clip((points[:, 2:3] - 0.07) / 0.2, 0, 1)
        over_face = over_face * np.clip((0.76 - np.abs(points[:, :1])) / 0.25, 0, 1)
        fall = fall + over_face * _columns(1.6 * roots.side, 0.0, -0.7)
        swept = back * (0.45 * behind * (points[:, 1:2] > -0.2)) * (1 - crown)
        return unit(fall) * (1.15 - 0.75 * crown) + along * (0.9 * crown + 0.10 * (outwards[:, 1:2] > 0)) + swept

    return wanted


def _lift(roots: Roots, hair: Hair) -> Floats:
    """Return how far above the skin strands lie."""
    if hair.cut in ("buzz", "afro"):
        return np.full_like(roots.top, 0.015)
    if hair.cut in _LONG:
        return 0.03 + hair.volume * (0.4 + 0.7 * roots.top)
    rise = 0.1 * roots.front if hair.cut == "quiff" else 0
    return np.asarray(0.025 + (hair.volume + rise) * (0.25 + 0.75 * roots.top), np.float32)


def grow(
    rng: np.random.Generator, roots: Roots, hair: Hair, scalp: Scalp, steps: int, guides: int, clump: float
) -> Floats:
    """Grow the strands of loose cuts, (S, steps, 3).

    Args:
        rng: Source of randomness.
        roots: Where strands start.
        hair: The cut.
        scalp: What strands must not enter.
        steps: Points of a strand.
        guides: Number of strands that others gather round.
        clump: How far the tips of a group meet, in [0, 1].
    """
    count = len(roots.points)
    leaders = rng.integers(0, count, min(guides, count))
    group = ((roots.points[:, None] - roots.points[leaders][None]) ** 2).sum(-1).argmin(1)
    shared = rng.normal(size=(len(leaders), 3))
    jitter = 0.07 * (shared[group] * 0.8 + rng.normal(size=(count, 3)) * 0.4)
    length = _lengths(roots, hair) * (0.88 + 0.12 * rng.random(count))
    length = np.where(roots.bangs, np.clip((roots.points[:, 1] - 0.30) * 1.05 + 0.14, 0.2, 1.0), length)
    length = length * np.where(roots.bangs, rng.uniform(0.9, 1.05, count), 0.55 + 0.45 * roots.edge)
    first, wanted, turning = _directions(roots, hair, scalp)
    layer = 0.45 + 0.55 * rng.random(count)
    lift = _lift(roots, hair)
    heading, place = unit(first + jitter * 0.5), roots.points.copy()
    strand = [place - roots.normals * 0.015]
    fringe = _columns(np.full(count, 0.3 * np.sign(hair.part + 0.2)), 0.0, 0.0)
    ahead = _columns(0.25 * roots.side, -0.1, 1.0)
    for step in range(1, steps):
        share = step / (steps - 1)
        target = wanted(place, share)
        falling = ahead * (1.2 - share) + fringe * (1 - share) + DOWN * (0.3 + 1.3 * share)
        target = unit(np.where(roots.bangs[:, None], falling, target))
        if hair.cut in _FLAT:
            outwards = unit(place - CENTRE)
            target = target - outwards * ((target * outwards).sum(1) * (0.6 if hair.cut == "quiff" else 0.92))[:, None]
        heading = unit(heading * (1 - turning) + turning * target + jitter * 0.35)
        place = place + heading * (length / (steps - 1))[:, None]
        height = lift * np.sin(min(1.0, share * 1.6) * np.pi / 2) * layer
        place = scalp.outside(place, np.where(roots.bangs, 0.03 + 0.3 * lift, height))
        strand.append(place)
    return _finish(rng, np.stack(strand, 1), hair, leaders.astype(np.int32), group.astype(np.int32), length, clump)


def _finish(
    rng: np.random.Generator, strands: Floats, hair: Hair, leaders: Ints, group: Ints, length: Floats, clump: float
) -> Floats:
    """Wave the strands and gather them in groups."""
    share = np.linspace(0, 1, strands.shape[1])
    size = hair.wave + {"curly": 0.06, "afro": 0.055}.get(hair.cut, 0.0)
    if size and hair.cut not in ("buzz", "spiky", "mohawk"):
        phase = (rng.normal(size=len(leaders))[group] * 3 + rng.normal(0, 0.6, len(strands)))[:, None]
        turns = length * {"curly": 3.0, "afro": 4.5}.get(hair.cut, 1.5)
        angle = turns[:, None] * share * 2 * np.pi + phase
        along = unit(np.gradient(strands, axis=1))
        outwards = unit(strands - CENTRE)
        across = unit(np.cross(along, outwards))
        bend = across * np.cos(angle)[..., None] + outwards * np.maximum(0, np.sin(angle))[..., None]
        strands = strands + bend * (size * np.minimum(1, share * 2))[None, :, None]
    pull = (clump * share**1.3)[None, :, None]
    return (strands + (strands[leaders][group] - strands) * pull).astype(np.float32)


def tie(rng: np.random.Generator, roots: Roots, hair: Hair, scalp: Scalp, steps: int) -> Floats:
    """Grow hair that is drawn back to a knot, with the tail or the bun behind it, (S', steps, 3)."""
    raised = 0.25 if hair.cut == "bun" else 0.05
    knot = scalp.outside(np.array([[0, 0.35 + raised, -1.1 + raised]], np.float32), 0.07)[0]
    share = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    start, end = roots.points[:, None], knot + rng.normal(0, 0.03, (len(roots.points), 1, 3))
    line = start + (end - start) * share**0.9
    lift = 0.015 + 0.03 * rng.random(len(line))[:, None] * np.sin(share[..., 0] * np.pi / 2)
    strands = scalp.outside(line.reshape(-1, 3), lift.reshape(-1)).reshape(line.shape)
    strands[:, 0] = roots.points - roots.normals * 0.015
    count = max(60, len(strands) // 5)
    if hair.cut == "bun":
        first = unit(rng.normal(size=(count, 3)))
        second = unit(np.cross(first, rng.normal(size=(count, 3))))
        angle = share * 2.6
        ball = first[:, None] * np.cos(angle) + second[:, None] * np.sin(angle)
        tail = knot + np.array([0, 0.1, -0.14]) + ball * rng.uniform(0.24, 0.30, (count, 1, 1))
    else:
        spread = rng.normal(0, 0.07, (count, 1, 3)) * (1 + 1.2 * np.sin(share * np.pi)) * (1 - 0.5 * share)
        arch = np.array([0, 0.14, -0.36]) * np.sin(np.minimum(share * 2.2, np.pi / 2))
        tail = knot + spread + arch + np.array([0, -1, 0.1]) * share**1.5 * (1.1 + 0.8 * hair.length)
        tail = tail + np.array([0.25, 0, 0]) * np.sin(share * 3) * hair.wave * 6
    return np.concatenate([strands, tail]).astype(np.float32)


def scalp_weight(canonical: Floats, hair: Hair) -> Floats:
    """Return how thick the hair is at points of the scalp (P, 3): 0 at the hairline, 1 above it."""
    weight = smooth(0.0, 0.22, above_hairline(canonical, hair.recede))
    if hair.cut == "mohawk":
        weight = weight * smooth(0.2, 0.12, np.abs(canonical[:, 0]))
    return weight
