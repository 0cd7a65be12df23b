"""Search a picture for drawn faces and read their 478 points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from generator.trackers.regions import Image, Points, Region

from .network import INPUT, MIRRORED, DrawnFaceNetwork
from .shape_basis import ShapeBasis

_VIEWS = (1.0, 1.35, 0.65, 0.42)
"""Sides of the searched squares, as shares of the picture's longer side."""

_STEP = 0.67
"""Largest distance of neighbouring squares, in their sides."""

_PROMISING = 0.3
_MOST_READ = 6
_READS = 3
_MARGIN = 1.5
"""Side of the square that is read, in longer sides of the face's box."""

_CORNERS = (33, 263)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a face must keep to, to count as found.

    Attributes:
        score: Least probability of a face, in the square of the last reading.
        misfit: Largest `FittedShape.misfit`.
        strangeness: Largest `FittedShape.strangeness`.
        mirror: Largest mean distance between the places read in the picture and in its mirror image, in longer sides
            of the face's box.
        overlap: Least intersection over union of the boxes of the last two readings.
    """

    score: float = 0.98
    misfit: float = 0.07
    strangeness: float = 1.2
    mirror: float = 0.05
    overlap: float = 0.7


LIMITS = Limits()
"""Chosen on 94 drawings and 200 pictures without a face that are in no measurement of what is found: 83 of the
drawings keep to them, and 3 of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFace:
    """A face that was read in a drawing, and what speaks for it.

    Attributes:
        points: (478, 3) x, y and depth in pixels, nearer is smaller.
        score: Probability of a face.
        misfit: As `FittedShape` has it.
        strangeness: As `FittedShape` has it.
        mirror: Mean distance between the places in the picture and in its mirror image, in longer sides of the box.
        overlap: Intersection over union of the boxes of the last two readings.
    """

    points: Points
    score: float
    misfit: float
    strangeness: float
    mirror: float
    overlap: float

    @property
    def box(self) -> Points:
        """Return (4,) left, top, right, bottom in pixels."""
        return np.concatenate([self.points[:, :2].min(0), self.points[:, :2].max(0)])

    @property
    def region(self) -> Region:
        """Return the square to read the face in again."""
        flat = self.points[:, :2]
        return Region.around(flat, flat[_CORNERS[0]], flat[_CORNERS[1]], _MARGIN)

    def within(self, limits: Limits = LIMITS) -> bool:
        """Return whether the face counts as found."""
        return (
            self.score >= limits.score
            and self.misfit <= limits.misfit
            and self.strangeness <= limits.strangeness
            and self.mirror <= limits.mirror
            and self.overlap >= limits.overlap
        )


class DrawnFaceReader:
    """Find and read faces of drawings.

    Args:
        network: The trained network.
        basis: The shapes of the faces it learned from.
    """

    def __init__(self, network: DrawnFaceNetwork, basis: ShapeBasis) -> None:
        self._network = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._basis = basis

    def find(self, image: Image, *, turned: bool = False) -> list[DrawnFace]:
        """Search a picture (H, W, 3) RGB; return what was read, the most certain first, whatever speaks for it.

        Args:
            image: uint8 RGB.
            turned: Whether to look for faces turned by 90, 180 and 270 degrees instead of upright ones.
        """
        regions = list(_turned_views(image) if turned else _views(image))
        places, scores = self._look(image, regions)
        candidates = []
        for region, known, score in zip(regions, places, scores, strict=True):
            if score >= _PROMISING:
                candidates.append((float(score), self._basis.fit(region.to_picture(known * INPUT, INPUT)).points))
        kept: list[tuple[float, Points]] = []
        for score, points in sorted(candidates, key=lambda one: -one[0]):
            if all(_overlap(points, other) < 0.5 for _, other in kept):
                kept.append((score, points))
        found = [self.read(image, _region_of(points)) for _, points in kept[:_MOST_READ]]
        return _distinct(sorted(found, key=lambda face: -face.score))

    def read(self, image: Image, region: Region) -> DrawnFace:
        """Read the face in a square, again and again in the square of the face just read.

        Args:
            image: (H, W, 3) uint8 RGB.
            region: The first square.
        """
        before: Points | None = None
        overlap = 0.0
        for _ in range(_READS):
            both, scores = self._look(image, [region], mirror=True)
            straight, back = both[0] * INPUT, both[1][list(MIRRORED)]
            back = np.stack([1 - back[:, 0], back[:, 1]], 1) * INPUT
            fitted = self._basis.fit(region.to_picture((straight + back) / 2, INPUT))
            side = float(np.ptp(straight, axis=0).max()) or 1.0
            mirror = float(np.linalg.norm(straight - back, axis=1).mean()) / side
            overlap = 0.0 if before is None else _overlap(fitted.points, before)
            before, region = fitted.points, _region_of(fitted.points)
        return DrawnFace(fitted.points, float(scores.mean()), fitted.misfit, fitted.strangeness, mirror, overlap)

    def _look(self, image: Image, regions: Sequence[Region], *, mirror: bool = False) -> tuple[Points, Points]:
        """Return places (N, K, 2) in [0, 1] of each square, and probabilities of a face (N,)."""
        cut = np.stack([region.cut(image, INPUT, outside=cv2.BORDER_REPLICATE) for region in regions])
        if mirror:
            cut = np.concatenate([cut, cut[:, :, ::-1]])
        pictures = torch.from_numpy(np.ascontiguousarray(cut.transpose(0, 3, 1, 2)))
        with torch.inference_mode():
            places, _, face = self._network(pictures.contiguous(memory_format=torch.channels_last))
            scores = torch.sigmoid(face)
        return places.double().numpy(), scores.double().numpy()


def _region_of(points: Points) -> Region:
    flat = points[:, :2]
    return Region.around(flat, flat[_CORNERS[0]], flat[_CORNERS[1]], _MARGIN)


def _overlap(first: Points, second: Points) -> float:
    """Return the intersection over union of the boxes of two faces."""
    low = np.maximum(first[:, :2].min(0), second[:, :2].min(0))
    high = np.minimum(first[:, :2].max(0), second[:, :2].max(0))
    shared = float(np.clip(high - low, 0, None).prod())
    areas = sum(float(np.ptp(one[:, :2], axis=0).prod()) for one in (first, second))
    return shared / max(areas - shared, 1e-9)


def _distinct(faces: list[DrawnFace]) -> list[DrawnFace]:
    kept: list[DrawnFace] = []
    for face in faces:
        if all(_overlap(face.points, other.points) < 0.3 for other in kept):
            kept.append(face)
    return kept


def _views(image: Image) -> Iterator[Region]:
    height, width = image.shape[:2]
    for share in _VIEWS:
        side = share * max(height, width)
        for y in _centres(height, side):
            for x in _centres(width, side):
                yield Region(x, y, side)


def _turned_views(image: Image) -> Iterator[Region]:
    height, width = image.shape[:2]
    for quarter in (1, 2, 3):
        for share in _VIEWS[:2]:
            yield Region(width / 2, height / 2, share * max(height, width), quarter * np.pi / 2)


def _centres(length: float, side: float) -> list[float]:
    if length <= side * 1.05:
        return [length / 2]
    count = int(np.ceil((length - side) / (side * _STEP))) + 1
    return [float(centre) for centre in np.linspace(side / 2, length - side / 2, count)]
