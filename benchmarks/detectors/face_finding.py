"""Measure how many faces the face mesh finds in large pictures, where it errs, and how long a picture takes.

Portraits of the folder given are pasted, scaled down, at known places on backgrounds of smooth noise. The true box is
the one that the same finder reads in the portrait alone, moved and scaled; so an error that both share is not seen.
No picture, crop or feature of the portraits is written.

    python -m benchmarks.detectors.face_finding --portraits FOLDER --out results/face_finding.csv
"""

from __future__ import annotations

import argparse
import csv
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import beta

from forensics.faces import FaceFinder, open_face_finder

_LOG = logging.getLogger(__name__)

Picture = NDArray[np.uint8]
Box = NDArray[np.float64]

FACES = (48, 64, 96, 160, 320)
"""Sides of the faces in pixels: the mean of width and height of the true box."""

PICTURES = ((1280, 720), (1920, 1080), (4000, 3000), (6000, 4000))
"""Width and height of the backgrounds in pixels."""

RIGHT = 0.5
"""Least intersection over union with the true box of a face at the right place."""

COLUMNS = ("picture", "face_px", "measure", "value", "low", "high", "n", "seed")


@dataclass(frozen=True, slots=True)
class Trial:
    """One pasted face: what was asked, what came of it, and the processor time of the search in seconds."""

    picture: str
    face: int
    found: bool
    wrong: bool
    seconds: float


def background(width: int, height: int, rng: np.random.Generator) -> Picture:
    """Return smooth noise of three scales, between dark grey and light grey, in colour."""
    small = (max(2, height // 8), max(2, width // 8))
    total = np.full((*small, 3), 128, np.float32)
    for cells, strength in ((4, 50), (24, 25), (160, 12)):
        grid = rng.normal(0, strength, (max(2, cells * height // width), cells, 3)).astype(np.float32)
        total += cv2.resize(grid, small[::-1], interpolation=cv2.INTER_LINEAR)
    noise = np.clip(total, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def paste(portrait: Picture, box: Box, face: int, canvas: Picture, rng: np.random.Generator) -> Box | None:
    """Paste a portrait into a canvas, its face at a size; return the face's box, None where it does not fit."""
    scale = face / float((box[2:] - box[:2]).mean())
    size = round(portrait.shape[1] * scale), round(portrait.shape[0] * scale)
    if size[0] > canvas.shape[1] or size[1] > canvas.shape[0]:
        return None
    small = cv2.resize(portrait, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left = int(rng.integers(0, canvas.shape[1] - size[0] + 1))
    top = int(rng.integers(0, canvas.shape[0] - size[1] + 1))
    canvas[top : top + size[1], left : left + size[0]] = small
    return np.asarray(box * scale + (left, top, left, top), np.float64)


def shared(box: Box, other: Box) -> float:
    """Return the intersection over union of two boxes."""
    low, high = np.maximum(box[:2], other[:2]), np.minimum(box[2:], other[2:])
    common = float(np.clip(high - low, 0, None).prod())
    return common / (float((box[2:] - box[:2]).prod() + (other[2:] - other[:2]).prod()) - common)


def exact_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper and Pearson 1934)."""
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, count - hits + 1))
    high = 1.0 if hits == count else float(beta.ppf(0.975, hits + 1, count - hits))
    return low, high


def attempt(portraits: Sequence[Path], finder: FaceFinder, seed: int, each: int) -> list[Trial]:
    """Paste `each` portraits at every size into every background, and search them; each portrait is used about once."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(portraits)).tolist()
    trials: list[Trial] = []
    for face in FACES:
        for width, height in PICTURES:
            for _ in range(each):
                order.append(order.pop(0))
                with Image.open(portraits[order[-1]]) as file:
                    portrait = np.asarray(file.convert("RGB"))
                alone = finder(portrait, 1)
                canvas = background(width, height, rng)
                truth = paste(portrait, alone[0][0].astype(np.float64), face, canvas, rng) if alone else None
                if truth is None:
                    continue
                start = time.process_time()
                seen = finder(canvas, 1)
                seconds = time.process_time() - start
                right = [shared(truth, box.astype(np.float64)) >= RIGHT for box, _ in seen]
                trials.append(Trial(f"{width}x{height}", face, any(right), not all(right), seconds))
                _LOG.info("%s", trials[-1])
    return trials


def rows_of(trials: Sequence[Trial], seed: int) -> list[tuple[object, ...]]:
    """Return the rows of the table: by size of face, by size of picture, and over all."""
    rows: list[tuple[object, ...]] = []
    groups = [("all", 0), *(("all", face) for face in FACES), *((f"{w}x{h}", 0) for w, h in PICTURES)]
    for picture, face in groups:
        chosen = [t for t in trials if picture in ("all", t.picture) and face in (0, t.face)]
        for measure, hits in (
            ("found", sum(t.found for t in chosen)),
            ("wrong place", sum(t.wrong for t in chosen)),
        ):
            low, high = exact_interval(hits, len(chosen))
            share = hits / len(chosen)
            shares = f"{share:.4f}", f"{low:.4f}", f"{high:.4f}"
            rows.append((picture, face or "all", measure, *shares, len(chosen), seed))
        seconds = np.array([t.seconds for t in chosen])
        low, middle, high = np.percentile(seconds, (2.5, 50, 97.5))
        rows.append(
            (picture, face or "all", "cpu seconds", f"{middle:.3f}", f"{low:.3f}", f"{high:.3f}", len(chosen), seed)
        )
    return rows


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--portraits", type=Path, required=True, help="folder of JPEG portraits, one face each")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=20, help="portraits of each size of face and picture")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    trials = attempt(sorted(given.portraits.glob("*.jpg")), open_face_finder(), given.seed, given.each)
    with given.out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows_of(trials, given.seed))


if __name__ == "__main__":
    main()
