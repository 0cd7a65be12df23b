"""Measure the time of the spatial maps of FLAME-sized heads on one core; write results/spatial_maps.csv.

The head is the stand-in, which has FLAME's 5,023 vertices and 9,976 triangles. Every row is the median CPU time of a
frame over a lively motion, with the 10th and 90th percentile, in one run on one machine.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from generator import FaceParams
from generator.face.spatial_maps import MapRenderer
from generator.face_models import stand_in_flame

SEED = 9002
HEADER = ["maps", "size", "cpu_milliseconds", "low", "high", "n_frames", "seed", "machine"]
CHOICES = (
    ("normals",),
    ("normals", "depth", "shaded"),
    ("normals", "depth", "displacement"),
    ("normals", "depth", "shaded", "displacement"),
)


def moments(source: FaceParams, frames: int) -> list[FaceParams]:
    """Return targets with another pose, mouth and expression each."""
    rng = np.random.default_rng(SEED)
    out = []
    for _ in range(frames):
        expression = np.zeros_like(source.expression)
        expression[:10], expression[52] = rng.normal(0, 1, 10), rng.uniform(0, 0.3)
        out.append(replace(source, expression=expression, pose=rng.normal(0, 0.2, 3).astype(np.float32)))
    return out


def main() -> None:
    """Measure the time of every choice of maps and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("-o", "--out", type=Path, default=Path("results/spatial_maps.csv"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    source = FaceParams.neutral(face_model="flame", scale=0.37)
    targets = moments(source, options.frames)
    rows = []
    for names in CHOICES:
        renderer = MapRenderer(stand_in_flame(), names, options.size, source)
        renderer(targets[0])
        times = []
        for target in targets:
            started = time.process_time()
            renderer(target)
            times.append(1000 * (time.process_time() - started))
        middle, low, high = np.percentile(times, [50, 10, 90])
        rows.append([
            "+".join(names), options.size, f"{middle:.1f}", f"{low:.1f}", f"{high:.1f}", options.frames, SEED,
            f"{platform.machine()}, one thread",
        ])  # fmt: skip
        print(*rows[-1])
    with options.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
