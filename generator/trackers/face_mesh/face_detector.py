"""Find faces in a picture with a single-shot detector on 896 anchors.

The detector is BlazeFace (Bazarevsky et al. 2019, arXiv 1907.05047).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.trackers.regions import Image, Points, Region

from .networks import Network

_SIZE = 128
_STRIDES = ((8, 2), (16, 6))
_SURE = 0.5
_FAINT = 0.25
_SAME_FACE = 0.3
_SMALLEST_TILE = 340  # pixels; a face of 48 pixels fills a seventh of it, which the network still detects
_FACING = 0.88  # on portraits turned by 180 degrees the upright reading never scored higher than 0.8
_TURN_GAIN = 0.05  # least gain in score that makes a turned reading the better one
_TURNED_SIDE = 2.0  # side of the square in which a turn is tried, in longer sides of the detected box


@dataclass(frozen=True, slots=True)
class Detection:
    """A detected face in a picture, in pixels.

    Args:
        box: ``(4,)`` left, top, right, bottom.
        keypoints: ``(6, 2)`` eye on the left of the picture, eye on the right, nose tip, mouth, left ear, right ear.
        score: Probability that this is a face.
    """

    box: Points
    keypoints: Points
    score: float

    @property
    def region(self) -> Region:
        """Return the square of the mesh network's input: 1.5 times the box, rotated until the eyes are level."""
        left, top, right, bottom = self.box
        corners = np.array([[left, top], [right, bottom]])
        return Region.around(corners, self.keypoints[0], self.keypoints[1], 1.5)


class FaceDetector:
    """Detect faces at several scales: the whole picture, with a margin, in ever smaller tiles, and then faint ones.

    Args:
        path: ``face_detection_short_range.tflite``.
    """

    def __init__(self, path: Path) -> None:
        self._network = Network(path)
        self._anchors = anchors()

    def detect(self, image: Image, *, every_view: bool = False) -> list[Detection]:
        """Find the faces, the most certain first.

        The network detects faces between about an eighth and the whole of its input. Therefore the views are the whole
        picture, then the picture with a margin for a face that fills it, then overlapping halves, thirds and smaller
        tiles for small faces. The first view with a certain face is used; without one, the first view with a faint face
        (painted, sculpted).

        Args:
            image: ``(H, W, 3)`` RGB.
            every_view: Whether the certain faces of the further views are added, so that small faces beside a large one
                are found too; the faces of the first such view do not change.
        """
        faint: list[Detection] = []
        kept: list[Detection] = []
        for found in self.look_closer(image):
            kept += [
                face
                for face in merge([face for face in found if face.score >= _SURE])
                if not any(_holds(face.box, other.box) or _holds(other.box, face.box) for other in kept)
            ]
            if kept and not every_view:
                return kept
            faint = faint or found
        return kept or merge(faint)

    def look_closer(self, image: Image) -> Iterator[list[Detection]]:
        """Yield the detections of each view, also faint and repeated ones, from the whole picture to small tiles.

        Args:
            image: ``(H, W, 3)`` RGB.
        """
        for regions in _views(*image.shape[:2]):
            yield [face for region in regions for face in self._look(image, region)]

    def turn(self, image: Image, face: Detection) -> Detection:
        """Return the reading of a detected face that is best in four turns; a turned face has a lower score upright.

        Args:
            image: ``(H, W, 3)`` RGB.
            face: The face as it was detected.

        Returns:
            The same face, with the key points of the better turn where one is clearly better.
        """
        if face.score >= _FACING:
            return face
        (x, y), side = (face.box[:2] + face.box[2:]) / 2, float((face.box[2:] - face.box[:2]).max()) * _TURNED_SIDE
        scores, readings = [], []
        for quarter in range(4):
            seen = self._look(image, Region(float(x), float(y), side, quarter * np.pi / 2))
            seen = [one for one in seen if overlaps(face.box, one.box[None])[0] > _SAME_FACE]
            scores.append(max((one.score for one in seen), default=0.0))
            readings.append(seen[0] if seen else face)
        best = int(np.argmax(scores))
        return readings[best] if best and scores[best] > max(scores[0], face.score) + _TURN_GAIN else face

    def detect_turned(self, image: Image) -> list[Detection]:
        """Find certain faces that are turned by 90, 180 or 270 degrees, in the whole picture and with a margin.

        Args:
            image: ``(H, W, 3)`` RGB.
        """
        height, width = image.shape[:2]
        regions = [
            Region(width / 2, height / 2, max(height, width) * margin, quarter * np.pi / 2)
            for margin in (1.0, 1.8)
            for quarter in (1, 2, 3)
        ]
        found = [face for region in regions for face in self._look(image, region) if face.score >= _SURE]
        return strongest(found)

    def _look(self, image: Image, region: Region) -> list[Detection]:
        output = self._network(region.cut(image, _SIZE) * 2 - 1)
        scores = 1 / (1 + np.exp(-np.clip(output["classificators"][:, 0].astype(np.float64), -100, 100)))
        keep = scores >= _FAINT
        found = []
        for raw, anchor, score in zip(output["regressors"][keep], self._anchors[keep], scores[keep], strict=True):
            points = raw.astype(np.float64).reshape(8, 2)
            points[[0, *range(2, 8)]] += anchor * _SIZE
            half = points[1] / 2
            corners = region.to_picture(np.stack([points[0] - half, points[0] + half]), _SIZE)
            box = np.concatenate([corners.min(0), corners.max(0)])
            found.append(Detection(box, region.to_picture(points[2:], _SIZE), float(score)))
        return merge(found)


def anchors() -> NDArray[np.float64]:
    """Return the anchors the network was trained with: one grid per stride, two or six equal anchors in each cell.

    Returns:
        ``(896, 2)`` centres x, y as fractions of the picture, row by row.
    """
    grids = []
    for stride, copies in _STRIDES:
        centres = (np.arange(_SIZE // stride) + 0.5) / (_SIZE // stride)
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grids.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), copies, 0))
    return np.concatenate(grids)


def merge(found: list[Detection], overlap: float = _SAME_FACE) -> list[Detection]:
    """Merge detections of the same face to their mean, weighted by score (BlazeFace, section 3.3).

    Args:
        found: Detections in any order.
        overlap: Intersection over union above which two boxes are the same face.

    Returns:
        One detection per face, the most certain first; each keeps its highest score.
    """
    merged = []
    rest = sorted(found, key=lambda face: -face.score)
    while rest:
        shared = overlaps(rest[0].box, np.stack([face.box for face in rest]))
        same = [face for face, iou in zip(rest, shared, strict=True) if iou > overlap] or rest[:1]
        rest_scores = np.array([face.score for face in same])
        weights = rest_scores / rest_scores.sum()
        box = np.einsum("n,ni->i", weights, np.stack([face.box for face in same]))
        keypoints = np.einsum("n,nij->ij", weights, np.stack([face.keypoints for face in same]))
        merged.append(Detection(box, keypoints, rest[0].score))
        gone = {id(face) for face in same}
        rest = [face for face in rest if id(face) not in gone]
    return merged


def strongest(found: list[Detection], overlap: float = _SAME_FACE) -> list[Detection]:
    """Return the most certain of detections that overlap, without a mean, which has no sense between turns.

    Args:
        found: Detections in any order.
        overlap: Intersection over union above which two boxes are the same face.
    """
    kept: list[Detection] = []
    for face in sorted(found, key=lambda one: -one.score):
        if not kept or overlaps(face.box, np.stack([one.box for one in kept])).max() <= overlap:
            kept.append(face)
    return kept


def overlaps(box: Points, boxes: Points) -> Points:
    """Compute the intersection over union of one box ``(4,)`` with each of ``(N, 4)``; 0 where both are empty."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float64)


def _holds(box: Points, other: Points) -> bool:
    """Return whether the centre of another box lies in a box."""
    middle = (other[:2] + other[2:]) / 2
    return bool((box[:2] <= middle).all() and (middle <= box[2:]).all())


def _views(height: int, width: int) -> Iterator[list[Region]]:
    side = float(max(height, width))
    yield [Region(width / 2, height / 2, side)]
    yield [Region(width / 2, height / 2, side * 1.8)]
    thirds = side / 3 * 1.25
    levels = int(np.ceil(np.log2(max(1.0, thirds / _SMALLEST_TILE))))
    shrink = (_SMALLEST_TILE / thirds) ** (1 / max(1, levels))
    for tile in (side / 2 * 1.25, *(thirds * shrink**level for level in range(levels + 1))):
        columns = _centres(width, tile)
        yield [Region(x, y, tile) for y in _centres(height, tile) for x in columns]


def _centres(length: float, tile: float) -> list[float]:
    """Place tiles evenly over a length; neighbours overlap by at least a quarter."""
    if length <= tile:
        return [length / 2]
    count = int(np.ceil((length - tile) / (tile * 0.75))) + 1
    return [float(c) for c in np.linspace(tile / 2, length - tile / 2, count)]
