"""Place teeth, gums and tongue of the avatar head in a mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.avatars import AvatarHead, avatar_head
from generator.face.face_params import Floats
from generator.face.raster import Ints

TOOTH, GUM, TONGUE = 0, 1, 2
_ARCHES = ("upper_teeth", "lower_teeth")
_LOWER_SHADE, _BACK_SHADE = 0.86, 0.35
"""Light on the lower teeth, and loss of light from the incisors to the molars."""


@dataclass(frozen=True, slots=True, eq=False)
class Mouthful:
    """Teeth, gums and tongue of one moment.

    Attributes:
        points: (N, 3) in head space. faces: (F, 3).
        material: (N,) `TOOTH`, `GUM` or `TONGUE`. shade: (N,) factor of its colour.
        part: (N,) 0 the upper arch, 1 the lower arch, 2 the tongue.
    """

    points: Floats
    faces: Ints
    material: Floats
    shade: Floats
    part: Ints


class Teeth:
    """The mouth's inside of the avatar head."""

    def __init__(self, head: AvatarHead | None = None) -> None:
        self._head = head or avatar_head()
        arches = [self._head.arches[name] for name in _ARCHES]
        tongue = self._head.tongue
        counts = [*(len(arch.rest) for arch in arches), tongue.matrix.shape[0]]
        starts = np.cumsum([0, *counts])
        faces = [*(arch.triangles for arch in arches), tongue.triangles]
        self._faces = np.concatenate([each + start for each, start in zip(faces, starts[:-1], strict=True)])
        self._part = np.repeat([0, 1, 2], counts).astype(np.int32)
        self._material = np.concatenate([*(arch.gum * GUM for arch in arches), np.full(counts[2], TONGUE)])
        shades = []
        for arch, light in zip(arches, (1.0, _LOWER_SHADE), strict=True):
            back = np.abs(arch.rest[:, 0]) / np.abs(arch.rest[:, 0]).max()
            shades.append(np.where(arch.gum > 0.5, 1, light * (1 - _BACK_SHADE * back**2)))
        self._shade = np.concatenate([*shades, np.ones(counts[2])])

    def of(self, coarse: Floats) -> Mouthful:
        """Return the mouth's inside of a head (N, 3)."""
        head, parts = self._head, self._head.asset.parts
        arches = [head.arches[name].binding @ coarse[parts[name]] for name in _ARCHES]
        points = np.concatenate([*arches, head.tongue.apply(coarse[parts["tongue"]])]).astype(np.float32)
        return Mouthful(
            points.astype(np.float32),
            np.ascontiguousarray(self._faces, np.int32),
            self._material,
            self._shade,
            self._part,
        )
