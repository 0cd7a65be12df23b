"""Read unmarked pictures with many keys and count false positives; write results/watermark_unmarked.csv.

The part of a reading that needs no key is computed once for all keys. Every pair is then decided by the reader itself,
with the whole search of `facetrail read`. The pictures are the stills that marks were not tuned on, whole and after
common changes; every fourth is marked with a key that is not among those tried.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.results_csv import write_rows
from benchmarks.watermark.attacks import STILL_ATTACKS, wilson
from benchmarks.watermark.subjects import stills
from watermark import Payload, PayloadKind, mark
from watermark.mark.correlation import bit_values
from watermark.mark.error_correction import MESSAGE_BITS, encode
from watermark.mark.read import FALSE_POSITIVE_RATE, Reader
from watermark.mark.tile import TILE, luminance
from watermark.mark.views import View, views

SEED = 496
RESULTS = Path("results/watermark_unmarked.csv")
CHANGES = ("none", "JPEG 50", "crop 0.75", "rotation +5", "resize 0.5")
LEVELS = (4.5, 5.0, 5.5, 6.0)
CODE_LEVELS = (2.5, 3.0, 3.5, 4.0)
TAIL = 0.002


def pictures(count: int) -> Iterator[list[View]]:
    """Yield the keyless part of the reading of each picture."""
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
    """Return the probability that a standard normal value exceeds z."""
    return math.erfc(z / math.sqrt(2)) / 2


def threshold(peaks: np.ndarray, rate: float) -> float:
    """Return the z that the highest peaks, extrapolated by an exponential tail, exceed at a rate."""
    start = float(np.quantile(peaks, 1 - TAIL))
    slope = float(np.mean(peaks[peaks > start] - start))
    return start + slope * math.log(TAIL / rate)


def main() -> None:
    """Measure and write one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1600)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    found = list(pictures(arguments.pictures))
    shifts = float(np.mean([sum(len(view.spectra) for view in view_list if not view.at_slots) for view_list in found]))
    rng = np.random.default_rng((SEED, 1))
    word = np.where(encode(rng.integers(0, 2, MESSAGE_BITS, dtype=np.uint8)) == 1, 1.0, -1.0)
    peaks: list[float] = []
    code: list[float] = []
    lowest, accepted = 1.0, 0
    for number in range(arguments.keys):
        key = rng.bytes(32)
        for view_list in found:
            reader = Reader(key)
            reading = reader.read(view_list)
            accepted += reading.present
            lowest = min(lowest, reading.p_value)
            peaks.append(reader.highest)
            place = reader.carriers.slots[0].tolist()
            code.append(float(bit_values(view_list[0].spectra[0], reader.carriers, (place[0], place[1])) @ word))
        if number % 100 == 99 or number == arguments.keys - 1:
            line = {"pictures": len(found), "keys": number + 1, "accepted": accepted}
            found_tails = {**tail(np.array(peaks), accepted, shifts), **code_tail(np.array(code))}
            write(arguments.results, {**line, **found_tails, "p_lowest": f"{lowest:.2e}", "seed": SEED})
            print(f"{len(peaks)} pairs, {accepted} accepted, highest z {max(peaks):.2f}", flush=True)


def tail(values: np.ndarray, accepted: int, tiles: float) -> dict[str, str | int]:
    """Compare the highest z of every pair with the bound."""
    line: dict[str, str | int] = {
        "pairs": len(values), "rate, 95 % upper limit": f"{wilson(accepted, len(values))[1]:.2e}",
        "tiles tried a pair": f"{tiles:.1f}", "z median": f"{np.median(values):.2f}",
        "z highest": f"{values.max():.2f}",
    }  # fmt: skip
    for level in LEVELS:
        line[f"z over {level}: measured"] = f"{np.mean(values > level):.2e}"
        line[f"z over {level}: bound"] = f"{min(tiles * TILE * TILE * gaussian_tail(level), 1):.2e}"
    line["z exceeded at 1e-6, fitted tail"] = f"{threshold(values, FALSE_POSITIVE_RATE):.2f}"
    return line


def code_tail(values: np.ndarray) -> dict[str, str | int]:
    """Compare the code word's correlation with its bound."""
    line: dict[str, str | int] = {"c highest": f"{values.max():.2f}"}
    for level in CODE_LEVELS:
        line[f"c over {level}: measured"] = f"{np.mean(values > level):.2e}"
        line[f"c over {level}: bound"] = f"{math.exp(-(level**2) / 2):.2e}"
    return line


def write(path: Path, line: dict[str, str | int]) -> None:
    """Write the measures and their values."""
    write_rows(path, ["measure", "value"], line.items())


if __name__ == "__main__":
    main()
