"""Make the moving picture at the top of the README: one motion, six avatars that follow it.

The avatars are stills in six styles, read by the tracker like any picture and moved by the preset `geometry`. The
motion is drawn by seed and shown on an avatar of its own. The picture is sealed like every output: its frames carry a
mark, and the file is signed by an identity that is made for it.

    python -m tools.docs.front_picture
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import AnimateConfig, DriveSequence, GeometryAnimator
from generator.avatars import avatar_head, render, sample_avatar, sample_motion
from generator.trackers import load_tracker
from watermark import Claim, ClipMarker, Deployment, Payload, PayloadKind, SealReceipt, seal

OUT = Path("docs/images/front.webp")
PRESET = "geometry"
SOURCES = (("cartoon", 2), ("anime", 2), ("clay", 5), ("paint", 9), ("comic", 14), ("real", 13))
"""Style and seed of each avatar."""

DRIVER = ("real", 11)
MOTION_SEED, FRAMES, RATE = 5, 40, 12.5
SIZE, TILE, GAP = 256, 176, 6

Picture = NDArray[np.uint8]


def main() -> None:
    """Write the picture."""
    motion = draw_motion()
    avatar = sample_avatar(DRIVER[1], DRIVER[0])
    drive = [render(avatar, avatar.driven(motion[index]), 2 * TILE + GAP).picture for index in range(FRAMES)]
    tracker, clips = load_tracker("arkit"), []
    with TemporaryDirectory() as scratch:
        deployment = Deployment.open(Path(scratch))
        for style, seed in SOURCES:
            source = sample_avatar(seed, style)
            still = render(source, source.params(), 2 * SIZE).picture
            made = GeometryAnimator().animate(
                still, tracker.track_still(still), motion, deployment, config=AnimateConfig(size=2 * SIZE)
            )
            clips.append([resized(frame) for frame in made.frames])
        frames = [joined(drive[index], [clip[index] for clip in clips]) for index in range(FRAMES)]
        receipt = write(np.stack(frames), deployment)
        print(f"{receipt.path}: {receipt.path.stat().st_size // 1000} kB, credential {receipt.credential.state}")


def draw_motion() -> DriveSequence:
    """Return the motion, of a mean head."""
    shape = np.zeros(avatar_head().layout.shape_size, np.float32)
    return sample_motion(np.random.default_rng(MOTION_SEED), shape, FRAMES, RATE)


def resized(frame: Picture) -> Picture:
    """Return a frame at the size of a tile."""
    return np.asarray(cv2.resize(frame, (TILE, TILE), interpolation=cv2.INTER_AREA), np.uint8)


def joined(drive: Picture, tiles: list[Picture]) -> Picture:
    """Return the drive beside two rows of tiles, on white."""
    side = 2 * TILE + GAP
    out = np.full((side, side + 3 * (TILE + GAP), 3), 255, np.uint8)
    out[:, :side] = drive
    for number, tile in enumerate(tiles):
        row, column = divmod(number, 3)
        top, left = row * (TILE + GAP), side + GAP + column * (TILE + GAP)
        out[top : top + TILE, left : left + TILE] = tile
    return out


def write(frames: Picture, deployment: Deployment) -> SealReceipt:
    """Mark and seal the frames (T, H, W, 3) as an animated WebP."""
    payload = Payload.random(np.random.default_rng(MOTION_SEED), PayloadKind.GENERATED)
    claim = Claim(payload, OUT.name, f"facetrail {PRESET}", version("facetrail"))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    marked = ClipMarker.prepare(frames, payload, deployment.mark_key).mark(frames)
    return seal(marked, OUT, claim, deployment, fps=RATE)


if __name__ == "__main__":
    main()
