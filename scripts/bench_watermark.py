"""Measure the mark on pictures and clips; write results/watermark.csv and results/watermark_time.csv.

Subjects: the pictures that scikit-image bundles and puppets in every style. Nothing was tuned to the puppet seeds used
here. With --docs nothing is measured: the tables in docs/provenance.md are written anew from the two files.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import structural_similarity

from generator.puppets import STYLES, render, sample_motion, sample_puppet
from watermark import MarkReading, Payload, PayloadKind, encode_clip, mark, read_mark, read_media

SEED = 8128
SIZES = (256, 512)
PUPPETS_PER_STYLE = 2
CLIPS, CLIP_FRAMES, CLIP_SIZE, FPS = 10, 24, 256, 12.5
CRFS = (18, 23, 28)
KEYS_QUICK, KEYS_SEARCHED = 155, 4
FLAT_SPREAD = 1.0

RESULTS, TIMES, PAGE = Path("results/watermark.csv"), Path("results/watermark_time.csv"), Path("docs/provenance.md")
BEGIN = "<!-- measured: written by scripts/bench_watermark.py --docs -->"
END = "<!-- /measured -->"
COLUMNS = (
    "subject", "size", "distortion", "search", "n", "id_read", "low", "high", "z_min", "z_max",
    "psnr_min", "psnr_median", "ssim_min", "flat_rms_median", "flat_rms_max", "seed",
)  # fmt: skip

Frames = NDArray[np.uint8]
Row = dict[str, str | int | float]


def square(picture: Frames, side: int) -> Frames:
    """Return the middle square in RGB, resized."""
    rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    short = min(rgb.shape[:2])
    top, left = ((length - short) // 2 for length in rgb.shape[:2])
    method = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb[top : top + short, left : left + short], (side, side), interpolation=method))


def stills(side: int) -> list[Frames]:
    """Return the bundled pictures, then the puppets, each puppet with its own pose and expression."""
    bundled = ("astronaut", "brick", "camera", "chelsea", "coffee", "grass", "gravel", "hubble_deep_field",
               "immunohistochemistry", "moon", "retina", "rocket")  # fmt: skip
    pictures = [square(getattr(skimage.data, name)(), side) for name in bundled]
    pictures.append(square(skimage.data.stereo_motorcycle()[0], side))
    for number in range(PUPPETS_PER_STYLE * len(STYLES)):
        rng = np.random.default_rng((SEED, 0, number))
        puppet = sample_puppet(rng, STYLES[number % len(STYLES)])
        pictures.append(render(puppet, sample_motion(rng, puppet, 1)[0], side).image)
    return pictures


def clips() -> Iterator[Frames]:
    """Yield one moving puppet of each style."""
    for number in range(CLIPS):
        rng = np.random.default_rng((SEED, 1, number))
        puppet = sample_puppet(rng, STYLES[number % len(STYLES)])
        motion = sample_motion(rng, puppet, CLIP_FRAMES, FPS)
        yield np.stack([render(puppet, motion[i], CLIP_SIZE).image for i in range(CLIP_FRAMES)])


def coded(form: str, quality: int) -> Callable[[Frames], Frames]:
    """Return a distortion that encodes a picture and decodes it."""

    def through(picture: Frames) -> Frames:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, form, quality=quality)
        return np.array(Image.open(buffer).convert("RGB"))

    return through


def cropped(picture: Frames) -> Frames:
    """Return three quarters of each side, off centre, not resized."""
    side = len(picture)
    top, left = int(side * 0.25 * 0.61), int(side * 0.25 * 0.37)
    return np.ascontiguousarray(picture[top : top + side * 3 // 4, left : left + side * 3 // 4])


def noisy(picture: Frames) -> Frames:
    """Return the picture with white noise of standard deviation 10."""
    noise = np.random.default_rng((SEED, 2)).normal(0, 10, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


DISTORTIONS: dict[str, Callable[[Frames], Frames]] = {
    "none": lambda x: x,
    "JPEG 95": coded("JPEG", 95),
    "JPEG 75": coded("JPEG", 75),
    "JPEG 50": coded("JPEG", 50),
    "JPEG 30": coded("JPEG", 30),
    "WebP 90": coded("WEBP", 90),
    "WebP 50": coded("WEBP", 50),
    "resize 0.5": lambda x: np.asarray(cv2.resize(x, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)),
    "crop 0.75": cropped,
    "blur 1": lambda x: np.asarray(cv2.GaussianBlur(x, (0, 0), 1.0)),
    "noise 10": noisy,
    "mirrored": lambda x: np.ascontiguousarray(x[:, ::-1]),
    "gamma 0.7": lambda x: np.rint(255 * (x / 255.0) ** 0.7).astype(np.uint8),
}


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    z = statistics.NormalDist().inv_cdf(0.975)
    share, square_z = hits / count, z * z / count
    middle = (share + square_z / 2) / (1 + square_z)
    reach = z * math.sqrt(share * (1 - share) / count + square_z / (4 * count)) / (1 + square_z)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def row(subject: str, size: int, distortion: str, search: int, peaks: Sequence[float], hits: int) -> Row:
    """Return one line of the table."""
    low, high = wilson(hits, len(peaks))
    return {
        "subject": subject, "size": size, "distortion": distortion, "search": search, "n": len(peaks),
        "id_read": hits, "low": f"{low:.5f}", "high": f"{high:.5f}",
        "z_min": f"{min(peaks):.2f}", "z_max": f"{max(peaks):.2f}", "seed": SEED,
    }  # fmt: skip


def readings_row(subject: str, size: int, distortion: str, readings: Sequence[tuple[MarkReading, Payload]]) -> Row:
    """Return the line of marked subjects; only the right id and kind count."""
    hits = sum((reading.id, reading.kind) == (payload.hex, payload.kind) for reading, payload in readings)
    return row(subject, size, distortion, 1, [reading.z for reading, _ in readings], hits)


def fidelity(pairs: Sequence[tuple[Frames, Frames]]) -> Row:
    """Compare originals and marked pictures before any distortion.

    Flat: pixels between 8 and 247 around which (15 × 15) luminance spreads by less than one grey level. Only pictures
    with at least 1 % of such pixels count.
    """
    psnr, ssim, flat = [], [], []
    for before, after in pairs:
        change = after.astype(np.float64) - before
        psnr.append(10 * math.log10(255**2 / float(np.mean(change**2))))
        first, marked, moved = (x[0] if x.ndim == 4 else x for x in (before, after, change))
        ssim.append(float(structural_similarity(first, marked, channel_axis=2)))
        luma = cv2.cvtColor(first, cv2.COLOR_RGB2GRAY).astype(np.float32)
        spread = cv2.blur(luma * luma, (15, 15)) - cv2.blur(luma, (15, 15)) ** 2
        where = (spread < FLAT_SPREAD**2) & (luma > 8) & (luma < 247)
        if where.mean() >= 0.01:
            flat.append(float(np.sqrt(np.mean(moved.mean(axis=2)[where] ** 2))))
    return {
        "psnr_min": f"{min(psnr):.2f}", "psnr_median": f"{statistics.median(psnr):.2f}", "ssim_min": f"{min(ssim):.4f}",
        "flat_rms_median": f"{statistics.median(flat):.2f}", "flat_rms_max": f"{max(flat):.2f}",
    }  # fmt: skip


def measure_stills(side: int) -> Iterator[Row]:
    """Mark every still with its own key and id; read after every distortion."""
    rng = np.random.default_rng((SEED, 3, side))
    made = []
    for picture in stills(side):
        key, payload = rng.bytes(32), Payload.random(rng, PayloadKind.GENERATED)
        made.append((picture, mark(picture, payload, key), key, payload))
    for name, distort in DISTORTIONS.items():
        readings = [(read_mark(distort(marked), key), payload) for _, marked, key, payload in made]
        extra = fidelity([(before, after) for before, after, _, _ in made]) if name == "none" else {}
        yield readings_row("still", side, name, readings) | extra


def measure_clips(times: list[tuple[float, float]]) -> Iterator[Row]:
    """Mark every clip with its own key and id; read before and after H.264; note the times of marking and encoding."""
    rng = np.random.default_rng((SEED, 4))
    pairs: list[tuple[Frames, Frames]] = []
    readings: dict[str, list[tuple[MarkReading, Payload]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        for frames in clips():
            key, payload = rng.bytes(32), Payload.random(rng, PayloadKind.GENERATED)
            start = time.process_time()
            marked = mark(frames, payload, key)
            middle = time.process_time()
            encode_clip(marked, path, FPS, crf=CRFS[0])
            times.append((middle - start, time.process_time() - middle))
            pairs.append((frames, marked))
            readings.setdefault("none", []).append((read_mark(marked, key), payload))
            for crf in CRFS:
                encode_clip(marked, path, FPS, crf=crf)
                reading = read_mark(read_media(path).frames, key)
                readings.setdefault(f"H.264 crf {crf}", []).append((reading, payload))
    for name, values in readings.items():
        yield readings_row("clip", CLIP_SIZE, name, values) | (fidelity(pairs) if name == "none" else {})


def measure_unmarked() -> Iterator[Row]:
    """Read unmarked stills with fresh keys; every acceptance is a false one."""
    rng = np.random.default_rng((SEED, 5))
    pictures = stills(SIZES[0])
    for search, keys in ((0, KEYS_QUICK), (1, KEYS_SEARCHED)):
        readings = []
        for _ in range(keys):
            key = rng.bytes(32)
            readings += [read_mark(picture, key, search=search) for picture in pictures]
        accepted = sum(reading.present for reading in readings)
        yield row("unmarked", SIZES[0], "none", search, [reading.z for reading in readings], accepted)


def machine() -> str:
    """Return processor and core count."""
    found = Path("/proc/cpuinfo")
    lines = found.read_text().splitlines() if found.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'unknown processor'}, {os.cpu_count()} cores, shared with other work"


def measure() -> None:
    """Measure everything, line by line, and write both files."""
    cv2.setNumThreads(1)
    times: list[tuple[float, float]] = []
    rows: list[Row] = []
    for source in (*(measure_stills(side) for side in SIZES), measure_clips(times), measure_unmarked()):
        for line in source:
            rows.append(line)
            print(", ".join(f"{name} {value}" for name, value in line.items() if name != "seed"), flush=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    ratio = statistics.median(marking for marking, _ in times) / statistics.median(encoding for _, encoding in times)
    with TIMES.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["what", "size", "frames", "n", "ratio", "seed"])
        writer.writerow(
            ["mark / encode (H.264 crf 18), CPU time", CLIP_SIZE, CLIP_FRAMES, len(times), f"{ratio:.2f}", SEED]
        )
    print(f"marking a clip takes {ratio:.2f} of the time of encoding it (medians of {len(times)})")
    print(f"python scripts/bench_watermark.py; seed {SEED}; {len(rows)} lines; Wilson 95 %; {machine()}")


def tables() -> str:
    """Return both files as Markdown."""
    with RESULTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with TIMES.open(encoding="utf-8") as file:
        timing = next(csv.DictReader(file))
    lines = ["| subject | size | distortion | id read | 95 % interval | lowest z |", "|---|---|---|---|---|---|"]
    for r in rows:
        if r["subject"] != "unmarked":
            interval = f"{float(r['low']):.3f} … {float(r['high']):.3f}"
            subject = f"| {r['subject']} | {r['size']} | {r['distortion']} "
            lines.append(f"{subject}| {r['id_read']} of {r['n']} | {interval} | {r['z_min']} |")
    lines += ["", "Fidelity of the marked pixels before any encoding:", ""]
    lines += [
        "| subject | size | N | lowest PSNR | median PSNR | lowest SSIM | rms in flat regions, median | highest |"
    ]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for r in rows:
        if r["psnr_min"]:
            decibels = f"{r['psnr_min']} dB | {r['psnr_median']} dB | {r['ssim_min']}"
            flat = f"{r['flat_rms_median']} | {r['flat_rms_max']} grey levels"
            lines.append(f"| {r['subject']} | {r['size']} | {r['n']} | {decibels} | {flat} |")
    lines += ["", "Unmarked pictures, read with keys they were never marked with:", ""]
    lines += ["| search | pairs of picture and key | accepted | 95 % interval | highest z |", "|---|---|---|---|---|"]
    for r in rows:
        if r["subject"] == "unmarked":
            interval = f"{float(r['low']):.5f} … {float(r['high']):.5f}"
            lines.append(f"| {r['search']} | {r['n']} | {r['id_read']} | {interval} | {r['z_max']} |")
    lines += [
        "",
        f"Marking a clip of {timing['frames']} frames at {timing['size']} pixels takes {timing['ratio']} of the",
    ]
    lines += [f"CPU time of encoding it at crf 18 (medians of {timing['n']} clips, one run)."]
    return "\n".join(lines)


def write_docs() -> None:
    """Put the tables between the two markers of the page."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        sys.exit(f"{PAGE}: lacks the two markers; put back {BEGIN} and {END}")
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}", "utf-8")


def main() -> None:
    """Measure, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/provenance.md and stop")
    if parser.parse_args().docs:
        write_docs()
    else:
        measure()


if __name__ == "__main__":
    main()
