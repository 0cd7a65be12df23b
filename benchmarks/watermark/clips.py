"""Measure the mark on clips it was not tuned on: coders, file growth, time; write results/watermark_clips.csv.

Three clips show people (from `../shared/data`, where it exists), four show moving avatars. Each clip lasts two seconds.
Every seventh frame is also looked at by itself: how far its flat regions change, and whether it shows the id alone.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.results_csv import write_records
from benchmarks.watermark.attacks import CLIP_CODERS, Frames, coded, flat_change, psnr, ssim, through_coder
from benchmarks.watermark.subjects import SEEDS, clips
from watermark import ClipMarker, Payload, PayloadKind, read_mark

SIZES = (512, 256)
FRAMES = 50
GROWTH = ("libx264", 23)
SINGLE = range(0, FRAMES, 7)
SINGLE_ATTACKS = {"a frame alone": lambda frame: frame, "a frame alone, JPEG 75": coded("JPEG", 75)}
RESULTS = Path("results/watermark_clips.csv")

Row = dict[str, str | int]


def flat_fidelity(before: Frames, after: Frames) -> str:
    """Return the lowest peak signal-to-noise ratio of the flat regions of a frame, in dB; empty where none is flat."""
    changes = [flat_change(*pair) for pair in zip(before, after, strict=True)]
    found = [20 * math.log10(255 / change) for change in changes if change is not None]
    return f"{min(found):.2f}" if found else ""


def measure(split: str, side: int) -> list[Row]:
    """Return one line for each clip."""
    rng = np.random.default_rng((SEEDS[split], 4, side))
    rows: list[Row] = []
    for subject in clips("tuning" if split == "tuning" else "holdout", side, FRAMES):
        key, payload = rng.bytes(32), Payload.random(rng, PayloadKind.GENERATED)
        start = time.process_time()
        marked = ClipMarker.prepare(subject.pixels, payload, key).mark(subject.pixels)
        marking = time.process_time() - start
        row: Row = {
            "clip": subject.name, "size": side, "psnr": f"{psnr(subject.pixels, marked):.2f}",
            "ssim_min": f"{min(ssim(subject.pixels[i], marked[i]) for i in SINGLE):.4f}",
            "flat_db_min": flat_fidelity(subject.pixels[SINGLE], marked[SINGLE]),
        }  # fmt: skip
        for name, attack in SINGLE_ATTACKS.items():
            readings = [read_mark(attack(frame), key) for frame in marked[SINGLE]]
            row[name] = f"{sum(reading.id == payload.hex for reading in readings)} of {len(readings)}"
        for coder, crf in CLIP_CODERS:
            start = time.process_time()
            decoded, size = through_coder(marked, coder, crf)
            coding = time.process_time() - start
            reading = read_mark(decoded, key)
            right = (reading.id, reading.kind) == (payload.hex, payload.kind)
            row[f"{coder[3:]} crf {crf}"] = f"{'read' if right else 'missed'}, z {reading.z:.1f}"
            if (coder, crf) == GROWTH:
                row["growth"] = f"{size / through_coder(subject.pixels, coder, crf)[1] - 1:.3f}"
                row["mark_over_encode"] = f"{marking / coding:.2f}"
        print(", ".join(f"{name} {value}" for name, value in row.items()), flush=True)
        rows.append(row)
    return rows


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("holdout", "tuning"), default="holdout")
    split = parser.parse_args().split
    cv2.setNumThreads(1)
    rows = [row for side in SIZES for row in measure(split, side)]
    if split == "holdout":
        write_records(RESULTS, rows)


if __name__ == "__main__":
    main()
