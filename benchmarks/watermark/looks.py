"""Measure how far the perceptual hash of a picture moves when it is recompressed, and when a part is replaced.

`examine` says of a picture whose credential was recovered through its mark whether it looks the same as what was sealed
or was altered since. This table shows where the line between the two lies. `python -m benchmarks.watermark.looks`
writes results/looks.csv. A part is replaced by a square of another picture in the middle.
"""

from __future__ import annotations

import io
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.results_csv import write_rows
from benchmarks.watermark.subjects import stills
from watermark.store.perceptual_hash import SAME_PICTURE, perceptual_hash

Picture = NDArray[np.uint8]
RESULTS = Path("results/looks.csv")
SIDE = 512
SEED = 5
SHARES = (0.05, 0.14, 0.25)


def compressed(picture: Picture, form: str, quality: int) -> Picture:
    """Return a picture as it comes back from a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, form, quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def toned(picture: Picture, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Picture:
    """Return a picture whose levels, 0 to 1, were changed."""
    return np.clip(255 * change(picture / 255), 0, 255).astype(np.uint8)


def replaced(picture: Picture, other: Picture, share: float) -> Picture:
    """Return a picture with a share of its area covered by another one."""
    side = round(SIDE * share**0.5)
    start = (SIDE - side) // 2
    changed = picture.copy()
    changed[start : start + side, start : start + side] = cv2.resize(other, (side, side), interpolation=cv2.INTER_AREA)
    return changed


def changes(picture: Picture, other: Picture) -> Iterator[tuple[str, Picture]]:
    """Yield a picture after everything that is measured, with its name."""
    noise = np.random.default_rng(SEED).normal(0, 10, picture.shape)
    edge = SIDE // 20
    yield "JPEG 30", compressed(picture, "JPEG", 30)
    yield "JPEG 10", compressed(picture, "JPEG", 10)
    yield "WebP 50", compressed(picture, "WEBP", 50)
    yield "resize 0.25", cv2.resize(picture, (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA).astype(np.uint8)
    yield "blur 2", cv2.GaussianBlur(picture, (0, 0), 2).astype(np.uint8)
    yield "noise 10", np.clip(picture + noise, 0, 255).astype(np.uint8)
    yield "brightness 1.2", toned(picture, lambda levels: levels * 1.2)
    yield "contrast 1.5", toned(picture, lambda levels: (levels - 0.5) * 1.5 + 0.5)
    yield "gamma 0.7", toned(picture, lambda levels: levels**0.7)
    yield "crop 0.9", np.ascontiguousarray(picture[edge:-edge, edge:-edge])
    for share in SHARES:
        yield f"{share:.0%} replaced", replaced(picture, other, share)


def main() -> None:
    """Measure every picture that no parameter of the mark was chosen on."""
    pictures = [subject.pixels for subject in stills("holdout", SIDE)]
    found: dict[str, list[int]] = defaultdict(list)
    for number, picture in enumerate(pictures):
        before = perceptual_hash(picture)
        for name, after in changes(picture, pictures[number - 1]):
            found[name].append((before ^ perceptual_hash(after)).bit_count())
    rows = (
        [name, len(bits), statistics.median(bits), float(np.quantile(bits, 0.95)), max(bits),
         sum(bit > SAME_PICTURE for bit in bits)]
        for name, bits in found.items()
    )  # fmt: skip
    write_rows(RESULTS, ("change", "n", "median_bits", "p95_bits", "max_bits", "looks_different"), rows)


if __name__ == "__main__":
    main()
