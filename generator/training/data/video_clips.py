"""Build clips from a folder of videos: identities, hold-out, and one crop for each clip."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.errors import TrainingError
from generator.face.face_params import DriveSequence, FaceParams
from generator.face.pose import project
from generator.face.spatial_maps import enlarged
from generator.face_models import FaceModel
from generator.inference.framing import Framing, frame_source
from generator.training.config import DataConfig
from watermark import ClipReader, open_clip

from .batch import Picture
from .clip import EYE_LABEL, MOUTH_LABEL, Clip, Moment
from .track_cache import Piece, Record

_VOXCELEB = re.compile(r"id\d{5,}")
_EYES, _MOUTH = (slice(36, 42), slice(42, 48)), slice(48, 60)
"""iBUG landmarks of each eye and of the lips."""


@dataclass(frozen=True, slots=True)
class Take:
    """A tracked piece of a video.

    Attributes:
        path: The video. identity: Identity of the face. piece: The frames. motion: File of its parameters.
        height, width: Size of the video's frames.
    """

    path: Path
    identity: str
    piece: Piece
    motion: Path
    height: int
    width: int


def identity_of(path: Path) -> str:
    """Return the identity of the face in a video, from its path below the data folder.

    VoxCeleb's layout (`id10001/<video>/<clip>.mp4`, at any depth) determines the identity; otherwise it is the topmost
    folder, or the file's own name where there is none.
    """
    for part in path.parts[:-1]:
        if _VOXCELEB.fullmatch(part):
            return part
    return path.parts[0] if len(path.parts) > 1 else path.stem


def takes_of(folder: Path, videos: Sequence[Path], records: Sequence[Record], motions: Sequence[Sequence[Path]],
             shortest: int) -> list[Take]:  # fmt: skip
    """Return the tracked pieces of at least `shortest` frames; of two files with the same content only one is used."""
    takes: dict[tuple[str, int], Take] = {}
    for video, record, paths in zip(videos, records, motions, strict=True):
        identity = identity_of(video.relative_to(folder))
        for piece, motion in zip(record.pieces, paths, strict=True):
            if piece.state == "tracked" and piece.count >= shortest:
                take = Take(video, identity, piece, motion, record.height, record.width)
                takes.setdefault((record.digest, piece.start), take)
    return list(takes.values())


def split(takes: Sequence[Take], data: DataConfig) -> tuple[list[Take], list[Take]]:
    """Split takes into those of training and those of held-out identities.

    Identities named in `holdout_identities` are held out. So are those others whose name's hash falls into
    `holdout_share`: at least one, where that share is above 0 and there is more than one identity.

    Raises:
        TrainingError: A name in `holdout_identities` is not in the data, or nothing is left to train on.
    """
    identities = sorted({take.identity for take in takes}, key=_chance)
    if strange := sorted(set(data.holdout_identities) - set(identities)):
        raise TrainingError(f"data.holdout_identities names {strange[0]!r}, which has no usable clip")
    held = set(data.holdout_identities)
    others = [identity for identity in identities if identity not in held]
    chosen = [identity for identity in others if _chance(identity) < data.holdout_share]
    if data.holdout_share > 0 and not held and not chosen and len(others) > 1:
        chosen = others[:1]
    held.update(chosen)
    training = [take for take in takes if take.identity not in held]
    if not training:
        raise TrainingError(f"no clip is left to train on: {len(takes)} usable, all of held-out identities")
    return training, [take for take in takes if take.identity in held]


def _chance(identity: str) -> float:
    """Return a number in [0, 1) that is determined by a name."""
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:6], "big") / 2**48


def clip_framing(take: Take, motion: DriveSequence, size: int) -> Framing:
    """Return the square that all frames of a clip are cropped to: inference's rule, for the clip's middle camera."""
    middle = replace(motion[0], camera=np.median(motion.camera, 0).astype(np.float32))
    blank = np.zeros((take.height, take.width, 3), np.uint8)  # the square does not depend on the content of the picture
    return frame_source(blank, middle, size)[2]


def within(motion: DriveSequence, framing: Framing, height: int, width: int) -> DriveSequence:
    """Convert a motion to the coordinates of a square instead of the whole frame."""
    longest = max(height, width)
    centre = motion.camera[:, 1:] * longest - (longest - np.array([width, height])) / 2
    scale = motion.camera[:, :1] * longest / framing.side
    camera = np.concatenate([scale, (centre - framing.corner) / framing.side], 1).astype(np.float32)
    return replace(motion, camera=camera)


def cut(image: Picture, framing: Framing) -> Picture:
    """Return the square of a picture (H, W, 3); outside the picture its edge is repeated."""
    if framing.zoom < 1:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.35 / framing.zoom), np.uint8)
    flags = cv2.INTER_CUBIC if framing.zoom > 1 else cv2.INTER_LINEAR
    shape = (framing.size, framing.size)
    return np.asarray(
        cv2.warpAffine(image, framing.matrix(), shape, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def feature_labels(head: FaceModel, params: FaceParams, size: int) -> NDArray[np.uint8]:
    """Draw labels (S, S) from the face model's landmarks: 2 inside an eye's outline, 3 inside the lips', else 0."""
    marks = head.landmarks(params.shape, params.expression)
    points = project(enlarged(marks, params.pose, head.layout.camera_distance), params.pose, params.camera) * size
    labels = np.zeros((size, size), np.uint8)
    for part, label in (*((eye, EYE_LABEL) for eye in _EYES), (_MOUTH, MOUTH_LABEL)):
        outline = cv2.convexHull(points[part].astype(np.float32)).round().astype(np.int32)
        cv2.fillConvexPoly(labels, outline, label)
    return labels


@lru_cache(maxsize=256)
def _open(path: Path) -> ClipReader:
    return open_clip(path)


@dataclass(frozen=True, slots=True)
class VideoClips:
    """Open the clips of takes, in an order that is new in every pass and is determined by the seed.

    Attributes:
        takes: The takes, at least one.
        head: Face model of their parameters.
        size: Side of the pictures.
        seed: Seed of the order.
    """

    takes: tuple[Take, ...]
    head: FaceModel
    size: int
    seed: int

    def at(self, number: int) -> Clip:
        """Return the clip that example `number` is taken from."""
        turn, place = divmod(number, len(self.takes))
        take = self.takes[int(_order(self.seed, turn, len(self.takes))[place])]
        whole = DriveSequence.load(take.motion)
        framing = clip_framing(take, whole, self.size)
        motion = within(whole, framing, take.height, take.width)

        def draw(indices: Sequence[int]) -> list[Moment]:
            frames = _open(take.path).take([take.piece.start + index for index in indices])
            return [
                Moment(cut(frame, framing), feature_labels(self.head, motion[index], self.size))
                for frame, index in zip(frames, indices, strict=True)
            ]

        return Clip(take.identity, motion, draw)


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, turn, 2)).permutation(count)
