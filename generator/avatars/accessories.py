"""Model what avatars wear and hold: glasses, hats, earrings, horns, collars, and a hand in front of the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .blobs import Capsule, union
from .colours import smooth, unit
from .eyes import Eyeball
from .look import Outfit
from .materials import COLLAR, GLASSES, HAND, HAT, HORNS, JEWELLERY
from .scalp import CENTRE, Scalp


@dataclass(frozen=True, slots=True)
class Props:
    """An accessory at rest.

    Attributes:
        points: (P, 3) in head space, and `faces` (T, 3).
        faces: Triangles.
        kind: Its material.
        weight: (P,) or a number, how far it turns with the head.
        canonical: (P, 3) places on the accessory itself.
        shade: (P,) or a number in [0, 1] that darkens its colour.
        gloss: Strength of its highlights.
    """

    points: Floats
    faces: Ints
    kind: int
    weight: Floats
    canonical: Floats
    shade: Floats
    gloss: float


def _prop(
    points: Floats, faces: Ints, kind: int, weight: Floats | float, gloss: float, shade: Floats | float = 0.0
) -> Props:
    size = len(points)
    placed = np.asarray(points, np.float32)
    return Props(
        placed, np.asarray(faces, np.int32), kind, np.broadcast_to(np.asarray(weight, np.float32), (size,)), placed,
        np.broadcast_to(np.asarray(shade, np.float32), (size,)), gloss,
    )  # fmt: skip


def _grid_faces(rows: int, columns: int, closed: bool) -> Ints:
    """Return triangles of a grid whose columns may close to a ring; counter-clockwise with rows downwards."""
    row, column = (
        grid.ravel() for grid in np.meshgrid(np.arange(rows - 1), np.arange(columns - (not closed)), indexing="ij")
    )
    beside = (column + 1) % columns
    a, b = row * columns + column, row * columns + beside
    quads = np.stack([a, a + columns, b + columns, b], 1)
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3).astype(np.int32)


def _tube(path: Floats, radius: float, closed: bool) -> tuple[Floats, Ints]:
    """Return a tube of six sides round a path (K, 3)."""
    along = unit(np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0))
    first = unit(np.cross(along, np.array([0.013, 0.017, 1.0])))
    first = np.where(np.linalg.norm(first, axis=1, keepdims=True) < 0.5, np.array([0, 1, 0]), first)
    second = np.cross(along, first)
    turn = np.arange(6) * np.pi / 3
    ring = first[:, None] * np.cos(turn)[None, :, None] + second[:, None] * np.sin(turn)[None, :, None]
    points = (path[:, None] + radius * ring).reshape(-1, 3)
    count, rows = len(path), len(path) if closed else len(path) - 1
    index = np.arange(count * 6).reshape(count, 6)
    following = np.roll(index, -1, 0)
    a, b = index[:rows], following[:rows]
    quads = np.stack([a, np.roll(a, -1, 1), np.roll(b, -1, 1), b], -1).reshape(-1, 4)
    return points.astype(np.float32), quads[:, [0, 2, 1, 0, 3, 2]].reshape(-1, 3).astype(np.int32)


def _together(pieces: list[tuple[Floats, Ints]]) -> tuple[Floats, Ints]:
    starts = np.cumsum([0] + [len(points) for points, _ in pieces[:-1]])
    faces = [faces + start for (_, faces), start in zip(pieces, starts, strict=True)]
    return np.concatenate([points for points, _ in pieces]), np.concatenate(faces).astype(np.int32)


def glasses(outfit: Outfit, eyes: tuple[Eyeball, Eyeball], bridge: Floats, temple: float) -> Props:
    """Model the frame of glasses before the eyes.

    Args:
        outfit: Size and shape of the lenses.
        eyes: The person's left and right eyeball.
        bridge: (3,) the nose's bridge, which the frame rests on.
        temple: Half the head's width at the ears.
    """
    eye, radius = eyes[0].centre, eyes[0].radius
    turn = np.linspace(0, 2 * np.pi, 33)[:-1]
    power, thick = 2 / outfit.glasses_shape, 0.016
    front = max(float(eye[2] + radius[2]) + 0.09, float(bridge[2]) + 0.05)
    widest = (temple + 0.10 - float(eye[0])) / 1.08
    size = min(max(outfit.glasses, 0.95 * float(radius[0])), max(widest, 0.19))
    tall = max(0.88 * size, min(0.62 * float(radius[1]) + 0.04, 1.15 * size))
    middle = max(float(eye[0]), size * 1.08 + 0.05)
    across = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power * size * 1.08
    upwards = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power * tall
    y = float(eye[1]) - 0.03
    pieces = []
    for side in (1, -1):
        x = middle + across
        pieces.append(_tube(np.stack([side * x, y + upwards, front - 0.15 * x**2], 1), thick, True))
        outer, share = middle + size * 1.08, np.linspace(0, 1, 10)
        wide = outer + (max(temple, outer) + 0.03 - outer) * np.minimum(1, share * 1.6)
        depth = front - 0.15 * outer**2 - share * (front + 0.02)
        pieces.append(_tube(np.stack([side * wide, y + 0.08 - 0.02 * share, depth], 1), thick * 0.9, False))
    share = np.linspace(-1, 1, 8)
    gap = middle - size * 1.05
    arch = np.stack([share * gap, y + 0.06 + 0.03 * (1 - share**2), front + 0.02 * (1 - share**2)], 1)
    pieces.append(_tube(arch, thick, False))
    points, faces = _together(pieces)
    return _prop(points, faces, GLASSES, 1.0, 0.8)


_RIM = {"beanie": (0.40, 0.16, -0.05), "cap": (0.46, 0.24, 0.04), "brim": (0.46, 0.24, 0.08)}
"""Height of a hat's rim in front, at the sides and behind: the vertical part of a direction from inside the skull."""


def rim_height(hat: str, directions: Floats) -> Floats:
    """Return the rim's height in the direction of unit vectors (P, 3); above 1 where there is no rim."""
    if hat not in _RIM:
        return np.full(len(directions), 2.0, np.float32)
    front, side, back = _RIM[hat]
    ahead = np.cos(np.arctan2(directions[:, 0], directions[:, 2]))
    return np.where(ahead > 0, side + (front - side) * ahead**2, side + (back - side) * ahead**2).astype(np.float32)


def _dome(hat: str, scalp: Scalp, thickness: float, rows: int = 20, columns: int = 64) -> tuple[Floats, Floats]:
    """Return points (rows, columns, 3) of a hat from its top to its rim, and their directions."""
    around = np.arange(columns) * 2 * np.pi / columns
    level = np.stack([np.sin(around), np.zeros(columns), np.cos(around)], 1)
    lowest = np.arcsin(np.clip(rim_height(hat, level), -1, 1))
    share = np.linspace(0.001, 1, rows)[:, None]
    height = np.pi / 2 + (lowest - np.pi / 2) * share
    directions = np.stack([np.sin(around) * np.cos(height), np.sin(height), np.cos(around) * np.cos(height)], -1)
    radius = scalp.radius(unit(directions.reshape(-1, 3))).reshape(rows, columns)
    for _ in range(3):
        radius = (radius + np.roll(radius, 1, 1) + np.roll(radius, -1, 1)) / 3
    radius = np.maximum(radius, scalp.radius(unit(directions.reshape(-1, 3))).reshape(rows, columns))
    return CENTRE + directions * (radius + thickness)[..., None], directions


def hat(outfit: Outfit, scalp: Scalp, hair_height: float) -> Props | None:
    """Model a hat on a head; None for none. `hair_height` is the room that pressed hair needs."""
    name, thickness = outfit.hat, hair_height + 0.045
    if name in _RIM:
        dome, directions = _dome(name, scalp, thickness)
        if name == "brim":
            dome[:, :, 1] += 0.12 * smooth(0.2, 0.6, directions[..., 1])
        rows, columns = dome.shape[:2]
        pieces, shades = [(dome.reshape(-1, 3), _grid_faces(rows, columns, True))], [np.zeros(rows * columns)]
        rim, outwards = dome[-1], unit(directions[-1] * np.array([1, 0, 1]))
        if name == "beanie":
            turn = np.linspace(0, np.pi, 6)[:, None, None]
            cuff = dome[-5][None] * (1 - turn / np.pi) + rim[None] * turn / np.pi + outwards * 0.05 * np.sin(turn)
            pieces.append((cuff.reshape(-1, 3), _grid_faces(6, columns, True)))
            shades.append(np.full(6 * columns, 0.35))
        else:
            share = np.linspace(0, 1, 6)[:, None, None]
            ahead = smooth(0.25, 0.9, outwards[:, 2])[:, None]
            reach = 0.5 * ahead if name == "cap" else 0.42 + 0 * ahead
            drop = np.array([0, -0.16, 0]) if name == "cap" else np.array([0, -0.05, 0])
            brim = rim[None] + outwards * reach * share + drop * ahead * share**1.5 + np.array([0, 0.012, 0])
            pieces.append((brim.reshape(-1, 3), _grid_faces(6, columns, True)))
            shades.append(np.full(6 * columns, 0.2))
        points, faces = _together(pieces)
        return _prop(points, faces, HAT, 1.0, 0.08, np.concatenate(shades))
    if name == "band":
        return _band(scalp, hair_height)
    return _headphones(scalp, hair_height) if name == "headphones" else None


def _band(scalp: Scalp, hair_height: float) -> Props:
    """Model a hair band over the head from ear to ear."""
    angle = np.linspace(-0.1, np.pi + 0.1, 40)
    strip = []
    for lean in (-0.06, 0.0, 0.06):
        directions = unit(np.stack([np.cos(angle), np.sin(angle), np.full_like(angle, 0.18 + lean)], 1))
        strip.append(
            CENTRE + directions * (scalp.radius(directions) + hair_height + 0.05 + 0.02 * (lean == 0))[:, None]
        )
    return _prop(np.concatenate(strip), _grid_faces(3, 40, False), HAT, 1.0, 0.3)


def _headphones(scalp: Scalp, hair_height: float) -> Props:
    angle = np.linspace(0.05, np.pi - 0.05, 32)
    directions = unit(np.stack([np.cos(angle), np.sin(angle) * 1.0, np.zeros_like(angle)], 1))
    arch = CENTRE + directions * (scalp.radius(directions) + hair_height + 0.08)[:, None]
    pieces = [_tube(arch, 0.05, False)]
    for side in (1, -1):
        ear = arch[0 if side > 0 else -1] * np.array([1, 0, 1]) + np.array([side * 0.02, -0.12, 0])
        ends = (
            (float(ear[0]), float(ear[1]), float(ear[2])), (float(ear[0]) + side * 0.10, float(ear[1]), float(ear[2]))
        )  # fmt: skip
        pieces.append(union(((*ends, 0.22, 0.18),), 0.01, 26))
    points, faces = _together(pieces)
    return _prop(points, faces, HAT, 1.0, 0.6)


def earrings(outfit: Outfit, lobes: tuple[Floats, Floats]) -> Props | None:
    """Hang earrings on the person's left and right ear lobe (3,); None for none."""
    pieces = []
    for lobe in lobes:
        side = float(np.sign(lobe[0]))
        x, y, z = (float(v) for v in lobe)
        if outfit.earrings == "hoop":
            turn = np.linspace(0, 2 * np.pi, 21)[:-1]
            ring = np.stack(
                [np.full(20, x + side * 0.02), y - 0.075 + 0.085 * np.sin(turn), z + 0.085 * np.cos(turn)], 1
            )
            pieces.append(_tube(ring, 0.012, True))
        elif outfit.earrings:
            drop = 0.12 if outfit.earrings == "drop" else 0.0
            end = (x + side * 0.025, y + 0.02, z + 0.03)
            pieces.append(union((((end[0], end[1] - drop, end[2]), end, 0.035, 0.02),), 0.005, 12))
    if not pieces:
        return None
    points, faces = _together(pieces)
    return _prop(points, faces, JEWELLERY, 1.0, 2.0)


def horns(outfit: Outfit, scalp: Scalp) -> Props | None:
    """Model two curved horns; None where the avatar has none."""
    if not outfit.horns:
        return None
    size, pieces = outfit.horns, []
    for side in (1, -1):
        direction = unit(np.array([[side * 0.42, 0.80, 0.42]]))
        place = (CENTRE + direction * (scalp.radius(direction) - 0.05)[:, None])[0]
        share = np.linspace(0, 1, 7)
        path = place + np.stack([
            side * 0.35 * size * np.sin(share * 2.2), size * share, -0.35 * size * (1 - np.cos(share * 2.0)),
        ], 1)  # fmt: skip
        width = 0.11 * (1 - 0.9 * share)
        capsules = tuple(
            (tuple(map(float, path[i])), tuple(map(float, path[i + 1])), float(width[i]), float(width[i + 1]))
            for i in range(6)
        )
        pieces.append(union(capsules, 0.012, 40))  # type: ignore[arg-type]
    points, faces = _together(pieces)
    return _prop(points, faces, HORNS, 1.0, 0.5, 0.4 * (np.sin(points[:, 1] * 60) > 0.3))


_FINGERS = ((-0.135, 0.30, 0.30), (-0.045, 0.34, 0.08), (0.045, 0.32, -0.06), (0.13, 0.25, -0.24))
"""Place across the palm, length, and lean of the four fingers."""


def _open_hand() -> tuple[Capsule, ...]:
    """Return an upright hand, its palm 0.4 units wide, with the wrist at the origin."""
    parts: list[Capsule] = [
        ((-0.10, 0.14, 0), (-0.11, 0.36, 0), 0.085, 0.075), ((0.0, 0.12, 0), (0.0, 0.38, 0), 0.095, 0.075),
        ((0.09, 0.14, 0), (0.10, 0.34, 0), 0.085, 0.07), ((0, -0.15, -0.02), (0, 0.12, 0), 0.10, 0.11),
        ((0, -2.6, -0.3), (0, -0.15, -0.02), 0.30, 0.11),
        ((-0.12, 0.12, 0.03), (-0.25, 0.28, 0.07), 0.07, 0.055),
        ((-0.25, 0.28, 0.07), (-0.30, 0.42, 0.08), 0.055, 0.042),
    ]  # fmt: skip
    for x, length, lean in _FINGERS:
        knuckle, middle = (x, 0.38, 0.0), (x - lean * length * 0.5, 0.38 + length * 0.5, 0.02)
        tip = (x - lean * length, 0.38 + length, 0.01)
        parts += [(knuckle, middle, 0.055, 0.05), (middle, tip, 0.05, 0.038)]
    return tuple(parts)


def _fist() -> tuple[Capsule, ...]:
    """Return a loosely closed hand that a chin may rest on, with its knuckles at the top."""
    parts: list[Capsule] = [
        ((-0.11, -0.05, 0), (0.11, -0.05, 0), 0.13, 0.13),
        ((0, -0.3, -0.04), (0, -0.05, 0), 0.11, 0.13),
        ((0, -2.6, -0.3), (0, -0.3, -0.04), 0.30, 0.125),
        ((-0.12, -0.06, 0.1), (-0.03, 0.06, 0.18), 0.06, 0.05),
    ]
    for x in (-0.13, -0.045, 0.045, 0.13):
        parts += [((x, 0.05, 0.0), (x, 0.03, 0.14), 0.062, 0.058), ((x, 0.03, 0.14), (x, -0.12, 0.13), 0.056, 0.05)]
    return tuple(parts)


def hand(outfit: Outfit, chin: Floats, feminine: bool) -> Props | None:
    """Model a hand that waves beside the face or supports the chin (3,); None for none."""
    if not outfit.hand:
        return None
    wave = outfit.hand == "wave"
    points, faces = union(_open_hand() if wave else _fist(), 0.022, 120)
    size = 1.25 if feminine else 1.38
    points = points * size
    side = outfit.hand_side
    lean = -0.22 if wave else 0.1
    cosine, sine = np.cos(lean), np.sin(lean)
    points = points @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]], np.float32)
    if side < 0:
        points, faces = points * np.array([-1, 1, 1], np.float32), faces[:, ::-1]
    place = np.array([side * 0.88, -1.15, 1.0]) if wave else chin + np.array([side * 0.05, -0.22, 0.0])
    return _prop(points + place.astype(np.float32), faces, HAND, 0.0 if wave else 0.7, 0.5)


def collar(outfit: Outfit, points: Floats, normals: Floats, height: float) -> Props | None:
    """Model what stands round the neck: a shirt's collar, a turtleneck, a hood or a scarf; None for a plain neckline.

    Args:
        outfit: Which one.
        points: (P, 3) skin at rest.
        normals: (P, 3) of the skin.
        height: Height of the neckline at the neck in head space.
    """
    rows = {"shirt": 5, "turtleneck": 6, "hood": 8, "scarf": 8}.get(outfit.collar)
    if rows is None:
        return None
    columns, share = 48, np.linspace(0, 1, rows)[:, None]
    shirt = outfit.collar == "shirt"
    around = np.linspace(0.22, 2 * np.pi - 0.22, columns) if shirt else np.arange(columns) * 2 * np.pi / columns
    ahead = 0.5 + 0.5 * np.cos(around)
    low, high = (_neck(points, level, around) for level in (height, height + 0.22))
    middle = np.array([0, 0, float(np.median(points[np.abs(points[:, 1] - height) < 0.1, 2]))])
    if outfit.collar == "turtleneck":
        radius = low + 0.05 + (high - low - 0.005) * share + 0.02 * np.sin(share * np.pi)
        level = height - 0.06 + 0.28 * share + 0 * radius
    elif shirt:
        radius = high + 0.035 + (0.07 + 0.05 * ahead) * share
        level = height + 0.16 - (0.12 + 0.20 * ahead**4) * share + 0 * radius
    else:
        hood = outfit.collar == "hood"
        turn = share * 2 * np.pi * 0.98
        thick = 0.075 + (0.10 * (1 - ahead) if hood else 0.02)
        radius = 0.35 * low + 0.65 * high + 0.02 + thick * (1 + np.cos(turn))
        level = height + (0.02 if hood else 0.08) + 0.06 * (1 - ahead) + 1.1 * thick * np.sin(turn)
    level = level - 0.14 * np.cos(around)
    ring = np.stack([np.sin(around) * radius, level, np.cos(around) * radius], -1)
    placed = (ring + middle).reshape(-1, 3)
    weight = 0.25 * smooth(height - 0.1, height + 0.25, placed[:, 1])
    faces = _grid_faces(rows, columns, not shirt)
    return _prop(placed, faces, COLLAR, weight, 0.1, 0.25 if shirt else 0.12)


def _neck(points: Floats, height: float, around: Floats) -> Floats:
    """Return the neck's radius (A,) at a height, for directions round its axis."""
    near = points[np.abs(points[:, 1] - height) < 0.12]
    middle = float(np.median(near[:, 2]))
    turn, radius = np.arctan2(near[:, 0], near[:, 2] - middle), np.hypot(near[:, 0], near[:, 2] - middle)
    distance = np.abs((around[:, None] - turn[None] + np.pi) % (2 * np.pi) - np.pi)
    weight = np.exp(-((distance / 0.18) ** 2))
    return np.asarray((weight * radius).sum(1) / np.maximum(weight.sum(1), 1e-6), np.float32)
