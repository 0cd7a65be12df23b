"""Provide pictures, clips and one deployment for the tests of the watermark package."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import skimage.data

from watermark import Claim, Deployment, Payload, PayloadKind, SealReceipt, mark, seal
from watermark.identity.private_files import write_private

Frames = npt.NDArray[np.uint8]
KEY = bytes(range(32))


def _square(picture: Frames, side: int) -> Frames:
    short = min(picture.shape[:2])
    top, left = ((length - short) // 2 for length in picture.shape[:2])
    cut = picture[top : top + short, left : left + short]
    return np.asarray(cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


@pytest.fixture(scope="session")
def key() -> bytes:
    return KEY


@pytest.fixture(scope="session")
def pictures() -> dict[str, Frames]:
    """Return six 256-pixel pictures: a portrait, a face, food, an animal, a night sky, and one without any texture."""
    astronaut = skimage.data.astronaut()
    y, x = np.mgrid[:256, :256]
    smooth = np.stack([x * 0.3 + y * 0.2 + offset for offset in (40, 60, 80)], axis=-1)
    return {
        "portrait": _square(astronaut, 256),
        "face": np.ascontiguousarray(astronaut[20:276, 100:356]),
        "coffee": _square(skimage.data.coffee(), 256),
        "cat": _square(skimage.data.chelsea(), 256),
        "rocket": _square(skimage.data.rocket(), 256),
        "smooth": smooth.astype(np.uint8),
    }


@pytest.fixture(scope="session")
def large_picture() -> Frames:
    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)


@pytest.fixture(scope="session")
def clip() -> Frames:
    """Return twelve 256-pixel frames of a face that moves before a still background."""
    picture = skimage.data.astronaut()
    y, x = np.mgrid[:512, :512].astype(np.float32)
    near = np.exp(-(((x - 256) / 130) ** 2 + ((y - 230) / 150) ** 2)).astype(np.float32)
    moved = [
        cv2.remap(picture, x + 8 * np.float32(np.sin(i / 3)) * near, y + 6 * np.float32(np.cos(i / 4)) * near, 1)
        for i in range(12)
    ]
    return np.stack([_square(frame, 256) for frame in moved])


@pytest.fixture
def payload() -> Payload:
    return Payload(0x0123456789AB, PayloadKind.GENERATED)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Return a deployment with one key for every run, so that reading a mark does not depend on the random key."""
    folder = tmp_path_factory.mktemp("deployment")
    write_private(folder / "mark.key", KEY)
    return Deployment.open(folder)


@pytest.fixture(scope="session")
def sealed(
    tmp_path_factory: pytest.TempPathFactory, deployment: Deployment, pictures: dict[str, Frames], clip: Frames
) -> dict[str, SealReceipt]:
    """Return one generated file of each format."""
    folder: Path = tmp_path_factory.mktemp("sealed")
    rng = np.random.default_rng(7)
    receipts = {}
    for suffix in (".png", ".jpg", ".webp", ".avif", ".tif", ".mp4"):
        payload = Payload.random(rng, PayloadKind.GENERATED)
        claim = Claim(payload, f"face{suffix}", "facetrail test", "1.2.3", seed=11, model_digest="ab" * 32)
        pixels, fps = (clip, 25.0) if suffix == ".mp4" else (pictures["face"], None)
        marked = mark(pixels, payload, deployment.mark_key)
        receipts[suffix] = seal(marked, folder / f"face{suffix}", claim, deployment, fps=fps)
    return receipts
