"""Read unmarked pictures with many keys and count false hits; write results/watermark_unmarked.csv.

What a reading does with a picture before a key comes in is done once for all keys. Every pair then goes through the
reader's own decision, with the whole search of `facetrail read`. Pictures: the stills marks were not tuned on, whole
and after everyday changes; every fourth is marked, with a key that is not among those tried.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from bench_watermark_attacks import STILL_ATTACKS, wilson
from bench_watermark_subjects import stills

from watermark import Payload, PayloadKind, mark
from watermark.mark_reading import FALSE_POSITIVE_RATE, Reader, View, views
from watermark.tile import TILE, luminance

SEED = 496
RESULTS = Path("results/watermark_unmarked.csv")
CHANGES = ("none", "JPEG 50", "crop 0.75", "rotation +5", "resize 0.5")
LEVELS = (4.5, 5.0, 5.5, 6.0)
TAIL = 0.002


def pictures(count: int) -> Iterator[list[View]]:
    """Yield what a reading makes of each picture, without a key."""
    rng = np.random.default_rng((SEED, 0))
    for number, subject in enumerate(stills("holdout", 256)):
        if number == count:
            return
        pixels = subject.pixels
        if number % 4 == 3:
            pixels = mark(pixels, Payload.random(rng, PayloadKind.CONTROL), rng.bytes(32))
        changed = STILL_ATTACKS[CHANGES[number % len(CHANGES)]](pixels)
        yield list(views([luminance(changed)], search=1))


def gaussian_tail(z: float) -> float:
    """Return the chance that a standard normal value exceeds z."""
    return math.erfc(z / math.sqrt(2)) / 2


def threshold(peaks: np.ndarray, rate: float) -> float:
    """Return the z that the highest peaks, continued as an exponential tail, exceed at a rate."""
    start = float(np.quantile(peaks, 1 - TAIL))
    slope = float(np.mean(peaks[peaks > start] - start))
    return start + slope * math.log(TAIL / rate)


def main() -> None:
    """Measure and write one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1600)
    parser.add_argument("--pictures", type=int, default=64)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    found = list(pictures(arguments.pictures))
    shifts = float(np.mean([sum(len(view.spectra) for view in view_list if not view.at_slots) for view_list in found]))
    rng = np.random.default_rng((SEED, 1))
    peaks, lowest, accepted, checked = [], 1.0, 0, 0
    for number in range(arguments.keys):
        key = rng.bytes(32)
        for view_list in found:
            reader = Reader(key)
            reading = reader.read(view_list)
            accepted += reading.present
            checked += reader.payload is not None
            lowest = min(lowest, reading.p_value)
            peaks.append(reader.highest)
        if number % 50 == 49:
            print(f"{len(peaks)} pairs, {accepted} accepted, highest z {max(peaks):.2f}", flush=True)
    values = np.array(peaks)
    line: dict[str, str | int] = {
        "pictures": len(found), "keys": arguments.keys, "pairs": len(values), "accepted": accepted,
        "rate_high": f"{wilson(accepted, len(values))[1]:.2e}", "checks_passed": checked, "p_lowest": f"{lowest:.2e}",
        "tiles_tried": f"{shifts:.1f}", "z_median": f"{np.median(values):.2f}", "z_max": f"{values.max():.2f}",
    }  # fmt: skip
    for level in LEVELS:
        line[f"over_{level}"] = f"{np.mean(values > level):.2e}"
        line[f"bound_{level}"] = f"{min(shifts * TILE * TILE * gaussian_tail(level), 1):.2e}"
    line["z_fitted_1e-6"] = f"{threshold(values, FALSE_POSITIVE_RATE):.2f}"
    line["seed"] = SEED
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["measure", "value"])
        writer.writerows(line.items())
    print(line)


if __name__ == "__main__":
    main()
