"""Read unmarked pictures with many keys and count false positives; write results/watermark_unmarked.csv.

The part of a reading that needs no key is computed once for all keys. Every pair is then decided by the reader itself,
with the whole search of `facetrail read`. The pictures are the stills that marks were not tuned on, whole and after
common changes; every fourth is marked with a key that is not among those tried.

With --state the work is kept in a file from time to time, and the same command continues where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
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
KEPT_EVERY = 10


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
    parser.add_argument("--state", type=Path, metavar="JSON", help="file that keeps the work, to be continued")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    found = list(pictures(arguments.pictures))
    shifts = float(np.mean([sum(len(view.spectra) for view in view_list if not view.at_slots) for view_list in found]))
    rng = np.random.default_rng((SEED, 1))
    word = np.where(encode(rng.integers(0, 2, MESSAGE_BITS, dtype=np.uint8)) == 1, 1.0, -1.0)
    keys = [rng.bytes(32) for _ in range(arguments.keys)]
    counted = Counted.load(arguments.state)
    begun, first = time.monotonic(), counted.keys
    for key in keys[first:]:
        counted.add(key, found, word)
        if counted.keys % KEPT_EVERY == 0 or counted.keys == len(keys):
            counted.save(arguments.state)
            write(arguments.results, counted.line(len(found), shifts))
            left = (time.monotonic() - begun) / (counted.keys - first) * (len(keys) - counted.keys)
            print(
                f"{len(counted.peaks)} pairs, {counted.accepted} accepted, highest z {max(counted.peaks):.2f}, "
                f"about {left / 60:.0f} min left",
                flush=True,
            )


@dataclass(slots=True)
class Counted:
    """What was counted so far.

    Attributes:
        keys: Keys that were tried on every picture.
        accepted: Pairs that read as marked.
        lowest: The lowest p-value of a pair.
        peaks: The highest z of every pair.
        code: The correlation of one code word in every pair.
    """

    keys: int = 0
    accepted: int = 0
    lowest: float = 1.0
    peaks: list[float] = field(default_factory=list)
    code: list[float] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path | None) -> Counted:
        """Return what a file kept, or nothing where there is none."""
        if path is None or not path.exists():
            return cls()
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path | None) -> None:
        """Keep everything in a file, which is replaced at once."""
        if path is not None:
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
            partial.replace(path)

    def add(self, key: bytes, found: Sequence[list[View]], word: np.ndarray) -> None:
        """Try a key on every picture."""
        for view_list in found:
            reader = Reader(key)
            reading = reader.read(view_list)
            self.accepted += reading.present
            self.lowest = min(self.lowest, reading.p_value)
            self.peaks.append(round(reader.highest, 5))
            place = reader.carriers.slots[0].tolist()
            values = bit_values(view_list[0].spectra[0], reader.carriers, (place[0], place[1]))
            self.code.append(round(float(values @ word), 5))
        self.keys += 1

    def line(self, count: int, shifts: float) -> dict[str, str | int]:
        """Return the measures of so many pictures, each with so many tiles in which all shifts are tried."""
        return {
            "pictures": count, "keys": self.keys, "accepted": self.accepted,
            **tail(np.array(self.peaks), self.accepted, shifts), **code_tail(np.array(self.code)),
            "p_lowest": f"{self.lowest:.2e}", "seed": SEED,
        }  # fmt: skip


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
