"""Reduce the head's surface to few triangles, for low-poly pictures."""

from __future__ import annotations

from functools import cache

import numpy as np

from generator.face.raster import Ints

from .head import avatar_head
from .subdivision import quads_to_triangles

_CELL, _FINE_CELL = 0.24, 0.055
"""Width of the cells in which vertices are merged, in decimetres: on the whole head, and round eyes and mouth."""

_EYE, _MOUTH = np.array([0.308, 0.0, 0.1]), np.array([0.0, -0.68, 0.15])


@cache
def few_faces() -> Ints:
    """Return triangles (F, 3) over the vertices of the head's skin.

    Vertices before subdivision are merged in cells (Rossignac and Borrel, 1993), which are small at eyes and lips; the
    inside of the mouth and the lids keep all of their vertices.
    """
    head = avatar_head()
    count = head.asset.body
    place = head.canonical[:count].astype(np.float64)
    mirrored = np.abs(place * (1, 0, 0)) + place * (0, 1, 1)
    near = np.minimum(
        np.linalg.norm((mirrored - _EYE) / (1, 0.7, 1), axis=1) / 0.24,
        np.linalg.norm((mirrored - _MOUTH) / (1.2, 0.8, 1), axis=1) / 0.28,
    )
    kept = (head.masks["inside_mouth"][:count] > 0.05) | (head.masks["eyelids"][:count] > 0.3)
    kept |= head.masks["lips"][:count] > 0.3
    cell = np.where(near < 1, _FINE_CELL, np.where(near < 1.6, 2 * _FINE_CELL, _CELL))
    key = np.round((place + 0.013) / cell[:, None]).astype(np.int64)
    label = (
        ((key[:, 0] + 500) * 1000 + key[:, 1] + 500) * 1000
        + key[:, 2]
        + 500
        + 10**10 * ((near < 1) + (near < 1.6).astype(np.int64))
    )
    label = np.where(kept, 10**12 + np.arange(count), label)
    _, group = np.unique(label, return_inverse=True)
    size = np.bincount(group)
    middle = np.stack([np.bincount(group, place[:, axis]) / size for axis in range(3)], 1)
    order = np.argsort(-((place - middle[group]) ** 2).sum(1), kind="stable")
    chosen = np.zeros(len(size), np.int32)
    chosen[group[order]] = order  # the vertex nearest to the middle is written last
    faces = chosen[group][quads_to_triangles(head.asset.quads)]
    whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 0] != faces[:, 2])
    return np.ascontiguousarray(faces[whole], np.int32)
