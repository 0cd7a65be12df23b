"""Provide pictures and clips to measure marks on, split into a tuning and a holdout part.

The split is by source picture, not by crop. Natural pictures come from the data of scikit-image, scikit-learn and
matplotlib and, where the folder exists, from `../shared/data`; generated ones are avatars in every style, with separate
seeds for either side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
import skimage.data
import sklearn.datasets
from numpy.typing import NDArray
from PIL import Image

from generator.avatars import STYLES, render, sample_avatar, sample_motion

Frames = NDArray[np.uint8]
Split = Literal["tuning", "holdout"]

SHARED = Path(__file__).parents[3] / "shared" / "data"
SEEDS = {"tuning": 2718, "holdout": 8128}
AVATARS_PER_STYLE = {"tuning": 3, "holdout": 4}

_TUNING = ("astronaut", "camera", "chelsea", "coffee", "gravel", "hubble_deep_field", "immunohistochemistry",
           "retina", "rocket")  # fmt: skip
_HOLDOUT = ("brick", "cell", "clock", "coins", "colorwheel", "grass", "moon", "page")
_SHARED_STILLS = ("c2pa/adobe-20220124-C", "c2pa/adobe-20220124-CA", "c2pa/adobe-20220124-CAICA",
                  "c2pa/adobe-20220124-I", "faces/d12", "faces/s3", "faces/s6", "faces/s7", "faces/s10")  # fmt: skip
_SHARED_CLIPS = ("faces/d11", "faces/d18", "faces/d19")


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A picture `(H, W, 3)` or a clip `(T, H, W, 3)` with its name."""

    name: str
    group: Literal["natural", "generated"]
    pixels: Frames


def stills(split: Split, side: int) -> Iterator[Subject]:
    """Yield every square still of one side of the split."""
    for name, picture in _natural(split):
        yield Subject(name, "natural", square(picture, side))
    for number in range(AVATARS_PER_STYLE[split] * len(STYLES)):
        rng = np.random.default_rng((SEEDS[split], 0, number))
        style = STYLES[number % len(STYLES)]
        avatar = sample_avatar(int(rng.integers(1 << 31)), style)
        motion = sample_motion(rng, avatar.shape.values, 1, camera=avatar.params().camera)
        image = render(avatar, motion[0], side).picture
        yield Subject(f"{style} {number}", "generated", image)


def clips(split: Split, side: int, count: int, avatars: int = 4) -> Iterator[Subject]:
    """Yield clips of `count` frames: people from the shared folder (holdout only), a pan (tuning only), avatars."""
    if split == "tuning":
        yield Subject("pan over a portrait", "natural", _pan(square(skimage.data.astronaut(), 512), count, side))
    else:
        for name in _SHARED_CLIPS:
            path = SHARED / f"{name}.mp4"
            if path.exists():
                yield Subject(name, "natural", np.stack([square(frame, side) for frame in _frames(path, count)]))
    for number in range(avatars):
        rng = np.random.default_rng((SEEDS[split], 1, number))
        style = STYLES[(3 * number + 1) % len(STYLES)]
        avatar = sample_avatar(int(rng.integers(1 << 31)), style)
        motion = sample_motion(rng, avatar.shape.values, count, 25.0, avatar.params().camera)
        frames = [render(avatar, motion[i], side).picture for i in range(count)]
        yield Subject(f"moving {style}", "generated", np.stack(frames))


def square(picture: Frames, side: int, *, at: float = 0.5) -> Frames:
    """Return the largest square of the picture in RGB, resized; `at` is its position along the longer side."""
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    short = min(rgb.shape[:2])
    top, left = (int((length - short) * at) for length in rgb.shape[:2])
    method = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb[top : top + short, left : left + short, :3], (side, side), interpolation=method))


def _natural(split: Split) -> Iterator[tuple[str, Frames]]:
    for name in _TUNING if split == "tuning" else _HOLDOUT:
        yield name, np.asarray(getattr(skimage.data, name)())
    if split == "tuning":
        yield "portrait, close", np.asarray(skimage.data.astronaut()[20:276, 100:356])
        return
    yield "motorcycle", np.asarray(skimage.data.stereo_motorcycle()[0])
    for name in ("china.jpg", "flower.jpg"):
        photo = np.asarray(sklearn.datasets.load_sample_image(name))
        yield f"{name}, left", photo[:, : photo.shape[0]]
        yield f"{name}, right part", photo[-300:, -300:]
    import matplotlib  # of the extra `bench`

    hopper = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    yield "grace_hopper", np.asarray(Image.open(hopper).convert("RGB"))
    for name in _SHARED_STILLS:
        path = SHARED / f"{name}.jpg"
        if path.exists():
            yield name, np.asarray(Image.open(path).convert("RGB"))
    for name in _SHARED_CLIPS:
        path = SHARED / f"{name}.mp4"
        if path.exists():
            yield f"{name}, frame 150", next(_frames(path, 1, first=150))


def _frames(path: Path, count: int, first: int = 20) -> Iterator[Frames]:
    with av.open(str(path)) as file:
        for index, frame in enumerate(file.decode(video=0)):
            if first <= index < first + count:
                yield frame.to_ndarray(format="rgb24")
            elif index >= first + count:
                return


def _pan(picture: Frames, count: int, side: int) -> Frames:
    """Return a slow pan and zoom over a picture."""
    height, width = picture.shape[:2]
    frames = []
    for i in range(count):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, 1 + 0.002 * i)
        matrix[:, 2] += 0.6 * i, 0.3 * i
        moved = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
        frames.append(square(np.asarray(moved, dtype=np.uint8), side))
    return np.stack(frames)
