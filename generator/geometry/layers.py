"""Take the source picture apart into layers: plate, body, back of the head, head.

Each layer is a texture of the source's square, filled where other layers hid it, with an alpha of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generator.face.face_params import Floats

from .face_texture import eye_box, open_mouth
from .filling import (
    Bytes,
    blur,
    continued,
    disk,
    distance_to,
    fill,
    grow,
    mix,
    polygon,
    reflect,
    shrink,
    smooth_step,
)
from .landmarks import OUTER_LOWER, UPPER_LIDS, lid_outline, lip_outline
from .matte import own_colours
from .sight import Sight


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """The layers of a picture.

    Attributes:
        plate: (S, S, 3) the background, filled behind head and body.
        filled: (S, S) where the plate is filled, 0 to 1.
        body, back, head: (S, S, 4) colours in 0 to 255, and alpha in [0, 1].
    """

    plate: Floats
    filled: Floats
    body: Floats
    back: Floats
    head: Floats


def take_apart(sight: Sight, alpha: Floats) -> Layers:
    """Return the layers of the source picture."""
    plate, filled = fill_plate(sight, alpha)
    colours = own_colours(sight, alpha, plate)
    return Layers(
        plate, filled, _body(sight, alpha, colours, plate), _back(sight, alpha, colours), _head(sight, alpha, colours)
    )  # fmt: skip


def fill_plate(sight: Sight, alpha: Floats) -> tuple[Floats, Floats]:
    """Return the background (S, S, 3), and where it is filled (S, S).

    It is the picture itself away from the matte, and filled behind the matte, with the picture's grain.
    """
    pixel, size = sight.pixel, sight.size
    hidden = grow(alpha > 0.03, 14 * pixel) > 0
    smooth = fill(sight.image, (~hidden).astype(np.float32))
    side = size // 4
    small = cv2.resize(np.clip(np.where(hidden[..., None], smooth, sight.image), 0, 255), (side, side),
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    small_mask = cv2.resize(hidden.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    near = cv2.inpaint(np.asarray(small, np.uint8), small_mask, 4, cv2.INPAINT_TELEA)
    near = blur(np.asarray(cv2.resize(near.astype(np.float32), (size, size))), 2 * pixel)
    depth = np.clip(distance_to(~hidden) / (40 * pixel), 0, 1)
    edge = blur(grow(alpha > 0.03, 9 * pixel), 2 * pixel)
    plate = mix(sight.image, mix(near, smooth, depth), edge)
    return np.clip(plate + edge[..., None] * _grain(sight, hidden), 0, 255).astype(np.float32), edge


def _grain(sight: Sight, hidden: np.ndarray) -> Floats:
    """Return the grain of the background, mirrored into what is hidden, (S, S, 3)."""
    rough = sight.image - blur(sight.image, 3 * sight.pixel)
    if hidden.all():
        return np.zeros_like(rough)
    spread = rough[~hidden].std(0)
    limit = np.minimum(1.2 * spread, 7)
    copied, known = reflect(rough, ~hidden)
    noise = np.random.default_rng(0).normal(size=(sight.size, sight.size, 1)) * np.minimum(spread, 6) * 0.6
    return np.where(known[..., None], np.clip(copied, -limit, limit), noise).astype(np.float32)


def _body(sight: Sight, alpha: Floats, colours: Floats, plate: Floats) -> Floats:
    """Return what lies below the jaw, and a guess of the neck behind the face."""
    below = np.clip((sight.neck - 0.5) * 4, 0, 1) * (sight.oval < 0.02) + (sight.below > 0) * (sight.neck < 0.5)
    near = (np.abs(sight.beside) < 0.5 * sight.width) & (sight.below < 0.5)
    shown = shrink((below > 0.5) & (alpha > 0.9), 3 * sight.pixel)
    shown = shown * near if (shown * near).sum() > 200 * sight.pixel**2 else shown
    texture = mix(
        continued(colours, shown, 0.3 * sight.width), colours, blur(below.astype(np.float32), 1.5 * sight.pixel)
    )
    left, right = _neck_sides(sight, alpha, plate)
    soft = 0.06 * sight.width
    column = np.clip((sight.beside - left) / soft, 0, 1) * np.clip((right - sight.beside) / soft, 0, 1)
    up = np.clip((sight.below + 0.32) / 0.12, 0, 1)
    # The head leaves out what lies under the jaw beside the face, so the body has all of it.
    under = np.clip(2 * sight.neck, 0, 1) * (sight.oval < 0.02)
    up *= np.maximum(np.maximum(column, under), np.clip((sight.below + 0.15) / 0.10, 0, 1))
    cover = np.maximum(alpha, sight.oval) * up
    # Beside the jaw the matte's rim is no neck, and would stay in the air when the head turns.
    thick = np.asarray(cv2.morphologyEx(cover, cv2.MORPH_OPEN, disk(0.05 * sight.width)), np.float32)
    thick = grow(thick, 0.01 * sight.width)
    return _with_alpha(texture, np.minimum(cover, np.maximum(thick, np.clip((sight.below - 0.1) / 0.1, 0, 1))))


def _neck_sides(sight: Sight, alpha: Floats, plate: Floats) -> tuple[float, float]:
    """Return how far the neck reaches to both sides of the chin under the jaw, in pixels along `beside`."""
    unlike = np.abs(sight.image - plate).max(-1) > 30
    band = (alpha > 0.5) & (sight.below > 0.06) & (sight.below < 0.16)
    neck, wider = (sight.beside[band & mask] for mask in (sight.mesh_face >= 0, unlike))
    if len(neck) < 20:
        return -0.3 * sight.width, 0.3 * sight.width
    left, right = np.percentile(neck, [2, 98])
    if len(wider) >= 20:
        low, high = np.percentile(wider, [2, 98])
        left, right = min(left, max(low, left - 0.12 * sight.width)), max(right, min(high, right + 0.12 * sight.width))
    return float(left), float(right)


def _back(sight: Sight, alpha: Floats, colours: Floats) -> Floats:
    """Return the back of the head: hair where it is thick beside the face, and above it; behind the ears too."""
    pixel, width, below = sight.pixel, sight.width, sight.below
    beside = 1 - grow(sight.oval > 0.02, 0.03 * width)
    ring = ((alpha > 0.95) & (sight.oval < 0.01) & (sight.neck < 0.02) & (below < 0.05)) * beside
    ring = ring * (_ears(sight, alpha) < 0.5)
    upper_ring = ring * (below < -0.5)
    least = 400 * pixel**2
    ring = upper_ring if upper_ring.sum() > least else ring
    hair = fill(colours, ring) if ring.sum() > least / 2 else colours
    behind = continued(colours, ring, 0.35 * width) if ring.sum() > least / 2 else colours
    texture = mix(behind, colours, blur(ring.astype(np.float32), 2 * pixel))
    unlike = np.linalg.norm(blur(colours, 3 * pixel) - hair, axis=-1)
    thick: Bytes = ((alpha > 0.5) & (sight.oval < 0.5) & (sight.neck < 0.5) & (unlike < 55)).astype(np.uint8)
    opened = np.asarray(cv2.morphologyEx(thick, cv2.MORPH_OPEN, disk(0.07 * width)), np.float32)
    opened = blur(grow(opened, 0.02 * width), 1.5 * pixel)
    rounded = np.maximum(below + 0.75, 0) / 0.5 * (1 + 2 * (sight.beside / width) ** 2)
    upper = 1 - smooth_step((rounded - 0.85) / 0.25)
    cover = alpha * (1 - sight.neck) * (1 - np.clip((below + 0.05) / 0.25, 0, 1)) * np.maximum(opened, upper)
    return _with_alpha(texture, np.maximum(cover, sight.oval * upper))


def _ears(sight: Sight, alpha: Floats) -> Floats:
    """Return where the outline of the head sticks out beside the face as ears do, (S, S) in [0, 1]."""
    reach = 0.15 * sight.width
    head = (alpha > 0.5) & (sight.below < 0)
    out = head & (grow(shrink(head, reach) > 0, reach) == 0) & (sight.below > -0.9)
    return blur(grow(out & (shrink(out, 0.01 * sight.width) > 0), 0.02 * sight.width), 1.5 * sight.pixel)


def _head(sight: Sight, alpha: Floats, colours: Floats) -> Floats:
    """Return the head with its ears and hair; under lids and lips lies skin.

    Beside the jaw a thin rim of the matte is dropped, which would hang in the air when the head turns.
    """
    fading = 1 - smooth_step((sight.below - 0.02) / 0.25)
    outside = ((alpha > 0.5) & (sight.oval < 0.5)).astype(np.uint8)
    opened = np.asarray(cv2.morphologyEx(outside, cv2.MORPH_OPEN, disk(0.04 * sight.width)), np.float32)
    thick = np.maximum(
        blur(grow(opened > 0.5, 0.02 * sight.width), sight.pixel), np.clip((-0.5 - sight.below) / 0.1, 0, 1)
    )
    beside_neck = 1 - np.clip(2 * sight.neck - 1, 0, 1)
    cover = np.where(sight.oval > 0.99, 1, np.maximum(alpha * beside_neck * fading * thick, sight.oval))
    return _with_alpha(_lids_and_lips(sight, colours), cover)


def _lids_and_lips(sight: Sight, colours: Floats) -> Floats:
    """Return the colours with skin over the eyes and lip in the open mouth."""
    texture, pixel, shape = colours.copy(), sight.pixel, (sight.size, sight.size)
    for eye in (0, 1):
        box = eye_box(sight.points, eye, 14 * pixel, sight.size)
        opening = grow(polygon(lid_outline(sight.points, eye), shape), pixel)[box]
        above = sight.points[list(UPPER_LIDS[eye])] - [0, 3 * pixel]
        lid = np.median(_colours_at(sight.image, above), 0)
        skin = 0.6 * fill(sight.image[box], (opening < 0.02).astype(np.float32)) + 0.4 * lid
        texture[box] = mix(texture[box], skin, opening)
    if open_mouth(sight):
        lip = np.median(_colours_at(sight.image, sight.points[list(OUTER_LOWER)] - [0, 2 * pixel]), 0)
        texture = mix(texture, np.broadcast_to(lip * 0.8, texture.shape), polygon(lip_outline(sight.points), shape))
    return texture


def _colours_at(image: Floats, places: Floats) -> Floats:
    rows, columns = (np.clip(places[:, axis].astype(int), 0, len(image) - 1) for axis in (1, 0))
    found: Floats = image[rows, columns]
    return found


def _with_alpha(colours: Floats, alpha: Floats) -> Floats:
    return np.concatenate([colours, np.clip(alpha, 0, 1)[..., None]], -1).astype(np.float32)
