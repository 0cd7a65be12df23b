"""Measure how long marking large pictures takes and how much memory; write results/watermark_large.csv.

Each size is marked in turn with dwtDct of invisible-watermark (extra `bench`), so that other work on the machine slows
both alike; times are processor time. The peak of memory is that of a new process that marks one picture.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage.data

from benchmarks.results_csv import write_rows
from benchmarks.watermark.attacks import Frames
from forensics.execution.environment import machine
from watermark import Payload, PayloadKind, mark

RESULTS = Path("results/watermark_large.csv")
ROUNDS = {(512, 512): 25, (1080, 1920): 15, (3000, 4000): 7}
TARGETS = {(1080, 1920): 60 / 219, (3000, 4000): 600 / 1729}
"""Wanted ratios to dwtDct: the milliseconds that were aimed at, over those that dwtDct took on the same machine."""

MEMORY_TARGET = 350
KEY, PAYLOAD = hashlib.sha256(b"large").digest(), Payload(6, PayloadKind.CONTROL)
HEADER = ["what", "value", "unit", "dwtDct", "ratio", "target", "runs", "machine"]


def picture(height: int, width: int) -> Frames:
    """Return a photograph enlarged to a size."""
    photo = np.asarray(skimage.data.stereo_motorcycle()[0])
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def cpu(action: Callable[[], object]) -> float:
    """Return the processor time of an action in milliseconds."""
    start = time.process_time()
    action()
    return 1000 * (time.process_time() - start)


def timed(size: tuple[int, int]) -> list[object]:
    """Return the row of one size."""
    from imwatermark import WatermarkEncoder

    encoder = WatermarkEncoder()
    encoder.set_watermark("bits", [0, 1] * 24)
    pixels = picture(*size)
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    ours, theirs = [], []
    for _ in range(ROUNDS[size]):
        ours.append(cpu(lambda: mark(pixels, PAYLOAD, KEY)))
        theirs.append(cpu(lambda: encoder.encode(bgr, "dwtDct")))
    own, other = statistics.median(ours), statistics.median(theirs)
    target = f"{TARGETS[size]:.2f}" if size in TARGETS else ""
    what = f"embed, {size[1]} × {size[0]}"
    return [what, f"{own:.1f}", "ms", f"{other:.1f}", f"{own / other:.2f}", target, len(ours), machine()]


def peak(size: tuple[int, int]) -> list[object]:
    """Return the row of the memory that a new process takes at most."""
    command = [sys.executable, "-m", "benchmarks.watermark.large", "--peak", *map(str, size)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    before, after = map(float, ran.stdout.split())
    what = f"peak memory, {size[1]} × {size[0]} (before marking: {before:.0f})"
    return [what, f"{after:.0f}", "MB", "", "", MEMORY_TARGET, 1, machine()]


def highest_memory() -> float:
    """Return the most memory that this process has taken so far, MB; only Linux tells it without its parents'."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peak", type=int, nargs=2, metavar=("H", "W"), help="mark one picture, print the peak in MB")
    size = parser.parse_args().peak
    warnings.simplefilter("ignore")
    cv2.setNumThreads(1)
    if size:
        pixels = picture(*size)
        before = highest_memory()
        mark(pixels, PAYLOAD, KEY)
        print(before, highest_memory())
        return
    rows = []
    for row in (*map(timed, ROUNDS), peak((3000, 4000))):
        print(*row, flush=True)
        rows.append(row)
    write_rows(RESULTS, HEADER, rows)


if __name__ == "__main__":
    main()
