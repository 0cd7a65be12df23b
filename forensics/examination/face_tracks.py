"""Follow faces from one scanned frame to the next, so that every person in a clip has a separate score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from forensics.faces import Floats

SAME_FACE = 0.2
"""Least intersection over union of boxes in successive frames that show the same face."""


@dataclass(slots=True, eq=False)
class FaceTrack:
    """One face in the frames that show it.

    Attributes:
        frames: Numbers of the frames, in order.
        boxes: Its box (4,) in each: left, top, right, bottom in pixels.
        rows: Indices of these faces in the input of `follow`.
    """

    frames: list[int] = field(default_factory=list)
    boxes: list[Floats] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def area(self) -> float:
        """Return the mean area of its boxes in square pixels."""
        boxes = np.stack(self.boxes)
        return float(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).mean())

    def add(self, frame: int, box: Floats, row: int) -> None:
        """Append a sighting."""
        self.frames.append(frame)
        self.boxes.append(box)
        self.rows.append(row)


def follow(frames: Sequence[int], boxes: Sequence[Floats]) -> tuple[FaceTrack, ...]:
    """Join the faces of successive frames into tracks.

    In each frame the pairs that overlap most are joined first. Where a single face and a single track remain, they are
    joined as well, because between distant frames a person moves further than the width of the face.

    Args:
        frames: Number of the frame that shows each face, ascending; equal numbers are faces of one frame.
        boxes: Box (4,) of each face: left, top, right, bottom in pixels.

    Returns:
        The tracks, with every face in exactly one. Tracks seen most often come first, then larger ones.
    """
    tracks: list[FaceTrack] = []
    for frame in sorted(set(frames)):
        rows = [row for row, number in enumerate(frames) if number == frame]
        for row, track in _assign(rows, boxes, tracks):
            track.add(frame, boxes[row], row)
    return tuple(sorted(tracks, key=lambda track: (-len(track.frames), -track.area, track.rows[0])))


def overlap(first: Floats, second: Floats) -> float:
    """Compute the intersection over union of two boxes (4,), 0 where both are empty."""
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    union = float(np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2])) - shared
    return shared / union if union > 0 else 0.0


def _assign(rows: Sequence[int], boxes: Sequence[Floats], tracks: list[FaceTrack]) -> list[tuple[int, FaceTrack]]:
    """Pair the faces of one frame with tracks; faces without a track start new ones."""
    free_rows, free_tracks = list(rows), list(range(len(tracks)))
    pairs: list[tuple[int, FaceTrack]] = []
    overlaps = sorted(
        ((overlap(boxes[row], tracks[number].boxes[-1]), -number, row) for row in rows for number in free_tracks),
        reverse=True,
    )
    for shared, number, row in overlaps:
        if shared >= SAME_FACE and row in free_rows and -number in free_tracks:
            free_rows.remove(row)
            free_tracks.remove(-number)
            pairs.append((row, tracks[-number]))
    if len(free_rows) == len(free_tracks) == 1:
        pairs.append((free_rows.pop(), tracks[free_tracks.pop()]))
    for row in free_rows:
        tracks.append(FaceTrack())
        pairs.append((row, tracks[-1]))
    return pairs
