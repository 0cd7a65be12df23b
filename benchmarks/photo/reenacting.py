"""Reenact faces by the preset `geometry`, pasted back into their pictures; what was made is kept in the work folder.

Frames of the generator carry its mark. A detector must not see a mark on one class alone, so the genuine picture
beside them carries a control mark of the same key.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from generator import AnimateConfig, DriveSequence, FaceParams, GenerationError, GeometryAnimator
from generator.avatars import sample_motion
from generator.trackers import Tracker, TrackerError, load_tracker
from watermark import Deployment, Payload, PayloadKind, mark

from .portraits import SEED, Portrait, Reenacted

SECONDS, RATE = 3, 25
LARGEST_TURN = 0.4
"""Share of a drawn motion's turn that a reenactment keeps: genuine portraits look straight ahead, and a detector that
took turned heads for forged ones would be worth nothing."""
FRAMES = 3
LEARNED = 60
"""Number of people of the training split who are reenacted; their reenactments cost the most time."""


class Reenactor:
    """Make and keep marked reenactments of faces.

    Args:
        work: Folder outside the project, which keeps the pictures and the deployment that marks them.
        frames: Frames of each face.
        folder: Name of the folder within `work`.
    """

    def __init__(self, work: Path, frames: int = FRAMES, folder: str = "reenacted") -> None:
        self._folder, self._frames = work / folder, frames
        self._folder.mkdir(parents=True, exist_ok=True)
        self._deployment = Deployment.open(work / "deployment")
        self._animator = GeometryAnimator()
        self._tracker: Tracker | None = None

    def of(self, portrait: Portrait, params: FaceParams | None = None) -> Portrait:
        """Return a portrait with its reenactments, which are made where they are not kept.

        Args:
            portrait: The face.
            params: Its face of the layout "arkit"; None tracks it in the picture.

        Returns:
            The portrait, without reenactments where its face cannot be tracked or moved.
        """
        if not (kept := self._file(portrait)).is_file():
            made = self._make(portrait, params)
            part = kept.with_suffix(".part.npz")
            np.savez(part, genuine=made.genuine, frames=made.frames)
            part.replace(kept)
        return self.kept(portrait)

    def kept(self, portrait: Portrait) -> Portrait:
        """Return a portrait with its reenactments, without them where none are kept."""
        if portrait.reenacted is not None or not self._file(portrait).is_file():
            return portrait
        with np.load(self._file(portrait)) as arrays:
            found = Reenacted(arrays["genuine"], arrays["frames"])
        return replace(portrait, reenacted=found if len(found.frames) else None)

    def _file(self, portrait: Portrait) -> Path:
        return self._folder / f"{portrait.name}.npz"

    def _make(self, portrait: Portrait, params: FaceParams | None) -> Reenacted:
        digest = int.from_bytes(hashlib.sha256(portrait.name.encode()).digest()[:4], "big")
        rng = np.random.default_rng([SEED, digest])
        control = Payload.random(rng, PayloadKind.CONTROL)
        genuine = mark(portrait.picture, control, self._deployment.mark_key)
        try:
            face = self._track(portrait) if params is None else params
            drive = draw_drive(rng, face, self._frames)
            config = AnimateConfig(paste_back=True, seed=int(rng.integers(2**31)))
            clip = self._animator.animate(portrait.picture, face, drive, self._deployment, config=config)
        except (GenerationError, TrackerError) as error:
            print(f"{portrait.name}: not reenacted: {error}", flush=True)
            return Reenacted(genuine, np.empty((0, *portrait.picture.shape), np.uint8))
        return Reenacted(genuine, clip.frames)

    def _track(self, portrait: Portrait) -> FaceParams:
        if self._tracker is None:
            self._tracker = load_tracker("arkit")
        return self._tracker.track_still(portrait.picture)


def draw_drive(rng: np.random.Generator, face: FaceParams, frames: int) -> DriveSequence:
    """Draw moments of a lively motion with small turns of the head, (frames) of three seconds.

    Args:
        rng: Source of all random draws.
        face: The face whose shape the drive has.
        frames: Number of moments; they are spread over the motion.
    """
    drive = sample_motion(rng, face.shape, SECONDS * RATE, RATE)
    moments = np.linspace(0, len(drive) - 1, frames + 2).astype(int)[1:-1].tolist()
    calm = replace(drive, pose=drive.pose * np.float32(LARGEST_TURN))
    return calm.take(moments)
