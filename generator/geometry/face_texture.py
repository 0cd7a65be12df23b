"""Prepare the face's own texture, and its mirror image for what the source hides.

A vertex is visible where the source shows its surface well. Elsewhere the colour of the mirrored vertex is taken, with
a gain per vertex that makes both sides meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from generator.face.face_params import Floats
from generator.face.raster import vertex_normals

from .filling import at_pixels, blur, distance_to, fill, mix, polygon, sample, shrink
from .landmarks import LIP_MIDDLES, lid_outline, lip_outline
from .rig import Rig
from .sight import Sight

_ROUNDS = 8
_GAIN_NEAR, _GAIN_REACH = 200, 0.25
"""Vertices that give a hidden one its gain, and how far beyond the nearest they count, decimetres."""
_SEEN = 0.4
"""Visibility up to which a vertex counts as hidden: colours at the source's silhouette are the background's, too."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceTexture:
    """What the face mesh is painted with.

    Attributes:
        texture: (S, S, 5) colours in 0 to 255, alpha that falls to 0 at the contour, and alpha that is 0 between the
            lids and between open lips.
        visible: (V,) how well the source shows each vertex, 0 to 1; mirrored: (V,) the same of its mirror image.
        screen: (V, 2) each vertex in the source, pixels; mirror_screen: (V, 2) its mirror image.
        gain: (V, 3) factor of the mirrored colours.
    """

    texture: Floats
    visible: Floats
    mirrored: Floats
    screen: Floats
    mirror_screen: Floats
    gain: Floats


def paint_face(rig: Rig, sight: Sight, alpha: Floats) -> FaceTexture:
    """Return the texture of the face mesh."""
    visible = _visibility(rig, sight)
    mirrored = visible[rig.mirror]
    colours = _colours(sight, alpha)
    place, mirror_place = sight.screen[:, :2], sight.screen[rig.mirror, :2]
    gain = _gain(rig, sight, colours, (visible, mirrored), (place, mirror_place))
    contour = np.clip(distance_to(sight.oval <= 0.5) / (2.5 * sight.pixel), 0, 1)
    texture = np.concatenate([colours, contour[..., None], opening_cut(sight)[..., None]], -1).astype(np.float32)
    return FaceTexture(texture, visible, mirrored, place, mirror_place, gain)


def open_mouth(sight: Sight) -> bool:
    """Return whether the source's lips are apart."""
    upper, lower = sight.points[list(LIP_MIDDLES)]
    return float(np.linalg.norm(upper - lower)) > 0.02 * sight.eyes


def opening_cut(sight: Sight) -> Floats:
    """Return a mask (S, S) that is 0 between the lids and between open lips."""
    shape = (sight.size, sight.size)
    cut = np.ones(shape, np.float32)
    for eye in (0, 1):
        cut *= 1 - polygon(lid_outline(sight.points, eye), shape)
    if open_mouth(sight):
        cut *= 1 - polygon(lip_outline(sight.points), shape)
    return cut


def _visibility(rig: Rig, sight: Sight) -> Floats:
    """Return how well each vertex is seen: towards the camera, and not behind another part of the mesh."""
    turned = sight.fine @ sight.face.view.rotation.T
    facing = vertex_normals(turned, rig.faces)[:, 2]
    place, depth = sight.screen[:, :2], sight.screen[:, 2]
    before = at_pixels(sight.mesh_depth, place)
    seen = np.clip((facing - 0.18) / 0.26, 0, 1) * (depth > before - 0.05 * sight.width)
    edges = (rig.masks["lips"] + rig.masks["eyelids"] > 0.3) & (np.abs(rig.canonical[:, 0]) < 0.6)
    frontal = np.clip((_spread(rig, facing) - 0.15) / 0.25, 0, 1)  # round lips and lids, whose own edges face anywhere
    seen = np.where(edges, np.maximum(seen, 0.9 * frontal * (depth > before - 0.06 * sight.width)), seen)
    return np.clip((_spread(rig, seen) - _SEEN) / 0.38, 0, 1).astype(np.float32)


def _spread(rig: Rig, values: Floats) -> Floats:
    """Return the values (V,) of vertices, averaged with their neighbours' over some rings."""
    for _ in range(_ROUNDS):
        total, count = np.zeros(len(values)), np.zeros(len(values))
        mean = values[rig.faces].mean(1)
        for corner in range(3):
            np.add.at(total, rig.faces[:, corner], mean)
            np.add.at(count, rig.faces[:, corner], 1)
        values = total / np.maximum(count, 1)
    return values


def _colours(sight: Sight, alpha: Floats) -> Floats:
    """Return the picture, with the head's colours carried past the edge of the matte, (S, S, 3)."""
    inside = shrink((alpha > 0.97).astype(np.float32), 2 * sight.pixel)
    carried = mix(fill(sight.image, inside), sight.image, blur(inside, sight.pixel))
    return np.where(sight.oval[..., None] > 0, carried, sight.image)


def _gain(
    rig: Rig, sight: Sight, colours: Floats, seen: tuple[Floats, Floats], places: tuple[Floats, Floats]
) -> Floats:
    """Return the factor of the mirrored colours, carried over from the vertices that both sides show."""
    own_seen, mirror_seen = seen
    gain = np.ones((len(own_seen), 3), np.float32)
    both = (own_seen > 0.6) & (mirror_seen > 0.6) & (rig.oval > 0.5)
    hidden = (own_seen < 0.9) & (rig.oval > 0)
    if both.sum() <= 50 or not hidden.any():
        return gain
    soft = blur(colours, 3 * sight.pixel)
    own, mirrored = (sample(soft, place[:, None])[:, 0] for place in places)
    ratio = np.clip(np.log((own + 10) / (mirrored + 10)), -0.7, 0.7)[both]
    apart, nearest = cKDTree(rig.canonical[both]).query(rig.canonical[hidden], k=min(_GAIN_NEAR, int(both.sum())))
    weight = np.exp(-(((apart - apart[:, :1]) / _GAIN_REACH) ** 2))[..., None]
    gain[hidden] = np.exp((ratio[nearest] * weight).sum(1) / weight.sum(1))
    return gain


def eye_box(points: Floats, eye: int, margin: float, size: int) -> tuple[slice, slice]:
    """Return rows and columns round an eye's opening, inside a picture of a side in pixels."""
    outline = lid_outline(points, eye)[:, :2]
    low = np.maximum(np.floor(outline.min(0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(outline.max(0) + margin).astype(int) + 1, size)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def grey(image: Floats) -> Floats:
    """Return the luma (H, W) of a picture (H, W, 3)."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2GRAY), np.float32)
