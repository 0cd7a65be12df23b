"""Measure the mark on stills it was not tuned on; write results/watermark.csv and results/watermark_fidelity.csv.

Every still has its own key and id, is marked once at each size and read after every attack as `facetrail read` does. A
reading counts only with the right id and kind. With --split tuning nothing is written.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.results_csv import write_records
from benchmarks.watermark.attacks import STILL_ATTACKS, Frames, flat_change, psnr, ssim, wilson
from benchmarks.watermark.subjects import SEEDS, Subject, stills
from watermark import Payload, PayloadKind, mark, read_mark

SIZES = (512, 256)
RESULTS, FIDELITY = Path("results/watermark.csv"), Path("results/watermark_fidelity.csv")

Row = dict[str, str | int]
Marked = tuple[Subject, Frames, Payload, bytes]


def marked_stills(split: str, side: int) -> list[Marked]:
    """Mark every still of one side of the split."""
    rng = np.random.default_rng((SEEDS[split], 3, side))
    made = []
    for subject in stills("tuning" if split == "tuning" else "holdout", side):
        key, payload = rng.bytes(32), Payload.random(rng, PayloadKind.GENERATED)
        made.append((subject, mark(subject.pixels, payload, key), payload, key))
    return made


def fidelity(made: Sequence[Marked], side: int) -> Row:
    """Compare originals and marked pictures."""
    decibels = [psnr(subject.pixels, marked) for subject, marked, _, _ in made]
    similar = [ssim(subject.pixels, marked) for subject, marked, _, _ in made]
    changes = [flat_change(subject.pixels, marked) for subject, marked, _, _ in made]
    flat = [change for change in changes if change is not None]
    return {
        "size": side, "n": len(made), "psnr_min": f"{min(decibels):.2f}",
        "psnr_median": f"{statistics.median(decibels):.2f}", "ssim_min": f"{min(similar):.4f}",
        "ssim_median": f"{statistics.median(similar):.4f}", "flat_rms_median": f"{statistics.median(flat):.2f}",
        "flat_rms_max": f"{max(flat):.2f}",
    }  # fmt: skip


def robustness(made: Sequence[Marked], side: int, attacks: Sequence[str]) -> Iterator[Row]:
    """Read every still after every attack."""
    for name in attacks:
        attack = STILL_ATTACKS[name]
        missed, peaks = [], []
        for subject, marked, payload, key in made:
            reading = read_mark(attack(marked), key)
            peaks.append(reading.z)
            if (reading.id, reading.kind) != (payload.hex, payload.kind):
                missed.append(subject.name)
        low, high = wilson(len(made) - len(missed), len(made))
        yield {
            "size": side, "attack": name, "n": len(made), "read": len(made) - len(missed), "low": f"{low:.3f}",
            "high": f"{high:.3f}", "z_min": f"{min(peaks):.1f}", "z_median": f"{statistics.median(peaks):.1f}",
            "missed": "; ".join(missed[:6]) + ("; …" if len(missed) > 6 else ""),
        }  # fmt: skip


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV; rows of sizes and attacks that were not measured are kept."""
    measured = {_place(row) for row in rows}
    kept: list[Row] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            kept = [dict(row) for row in csv.DictReader(file) if _place(row) not in measured]
    ordered = sorted([*kept, *rows], key=_place)
    write_records(path, ordered)


def _place(row: Mapping[str, str | int]) -> tuple[int, int]:
    """Return where a row stands: large pictures first, attacks in their order."""
    return -int(row["size"]), list(STILL_ATTACKS).index(str(row.get("attack", "none")))


def main() -> None:
    """Measure line by line and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("holdout", "tuning"), default="holdout")
    parser.add_argument("--size", type=int, choices=SIZES, action="append", help="only this size")
    parser.add_argument("--attack", choices=STILL_ATTACKS, action="append", help="only this attack")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rows: list[Row] = []
    faithful: list[Row] = []
    for side in arguments.size or SIZES:
        made = marked_stills(arguments.split, side)
        faithful.append(fidelity(made, side))
        print(faithful[-1], flush=True)
        for line in robustness(made, side, arguments.attack or list(STILL_ATTACKS)):
            rows.append(line)
            print(", ".join(f"{value}" for value in line.values()), flush=True)
        if arguments.split == "holdout":
            write(RESULTS, rows)
            write(FIDELITY, faithful)


if __name__ == "__main__":
    main()
