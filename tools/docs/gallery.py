"""Draw a gallery in docs/images: avatars that follow a motion by the preset `geometry`, beside the truth.

The truth is the same avatar, rendered anew with the transferred motion: `python -m tools.docs.gallery`.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import AnimateConfig, GeometryAnimator, Retarget, align
from generator.avatars import render, sample_avatar, sample_motion
from watermark import Deployment

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SOURCES = (("cartoon", 2), ("anime", 2), ("paint", 9), ("comic", 14))
"""Style and seed of each avatar."""

DRIVER = ("real", 11)
SEED, FRAMES, SIZE = 9002, 60, 256
CAMERA = (0.3, 0.5, 0.5)
"""Size and place of the avatars' heads, so that the whole picture is drawn and compares with the truth."""
Picture = NDArray[np.uint8]


def row(deployment: Deployment, style: str, seed: int, number: int) -> Picture:
    """Return source, drive, output and truth side by side."""
    source, driver = sample_avatar(seed, style), sample_avatar(DRIVER[1], DRIVER[0])
    motion = sample_motion(np.random.default_rng((SEED, number)), driver.shape.values, FRAMES)
    liveliest = int(np.argmax(motion.expression.sum(1) + 2 * np.abs(motion.pose[:, 0])))
    drive, params = motion.take([liveliest]), replace(source.params(), camera=np.array(CAMERA, np.float32))
    picture = render(source, params, 2 * SIZE).picture
    config = AnimateConfig(mode="absolute", size=SIZE)
    clip = GeometryAnimator().animate(picture, params, drive, deployment, config=config)
    truth = render(source, align(params, drive, Retarget("absolute"))[0], SIZE).picture
    shots = [cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)]
    shots += [render(driver, driver.driven(drive[0]), SIZE).picture, clip.frames[0], truth]
    return np.concatenate([np.asarray(shot, np.uint8) for shot in shots], 1)


def main() -> None:
    """Draw and write the picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        deployment = Deployment.open(Path(folder) / "home")
        rows = [row(deployment, *source, number) for number, source in enumerate(SOURCES)]
    small = cv2.resize(np.concatenate(rows, 0), None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(IMAGES / "gallery.jpg"), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    main()
