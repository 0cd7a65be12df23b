"""Draw a gallery of the shipped generator on unseen puppets, and one puppet in every style, in docs/images."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import AnimateConfig, Animator, Retarget, align, draw_snapshot, show_snapshot
from generator.puppets import STYLES, render, restyle, sample_motion, sample_puppet
from watermark import Deployment

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SEED = 9002
Picture = NDArray[np.uint8]


def row(animator: Animator, deployment: Deployment, number: int) -> Picture:
    """Return source, drive, snapshot, output and truth side by side."""
    rng = np.random.default_rng((SEED, number))
    source, driver = sample_puppet(rng, STYLES[(3 * number + 1) % len(STYLES)]), sample_puppet(rng, "toon")
    motion = sample_motion(rng, driver, 60)
    liveliest = [int(np.argmax(motion.expression[:, 0] + 0.6 * np.abs(motion.pose[:, 0])))]
    drive = motion.take(liveliest)
    picture = render(source, source.neutral()).image
    clip = animator.animate(picture, source.neutral(), drive, deployment, config=AnimateConfig(mode="absolute"))
    aligned = align(source.neutral(), drive, Retarget("absolute"))[0]
    snapshot = cv2.resize(show_snapshot(draw_snapshot(aligned)), (256, 256), interpolation=cv2.INTER_LINEAR)
    shots = [picture, render(driver, drive[0]).image, snapshot, clip.frames[0], render(source, aligned).image]
    return np.concatenate([np.asarray(shot, np.uint8) for shot in shots], 1)


def styles() -> Picture:
    """Return one puppet in ten styles, two rows of five."""
    rng = np.random.default_rng(SEED)
    puppet = sample_puppet(rng, "gloss")
    pose = sample_motion(rng, puppet, 30)[12]
    shots = [render(restyle(puppet, style), pose).image for style in STYLES]
    return np.concatenate([np.concatenate(shots[:5], 1), np.concatenate(shots[5:], 1)], 0)


def main() -> None:
    """Draw and write the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    animator = Animator.from_pretrained()
    with tempfile.TemporaryDirectory() as folder:
        deployment = Deployment.open(Path(folder) / "home")
        gallery = np.concatenate([row(animator, deployment, number) for number in range(4)], 0)
    for name, picture in (("gallery", gallery), ("styles", styles())):
        small = cv2.resize(picture, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(IMAGES / f"{name}.jpg"), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    main()
