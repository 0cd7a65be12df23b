"""Measure the shipped generator on puppets it never saw, against exact truth; write results/generation.csv.

Identities are drawn from a seed that training does not use. Each source is driven by another puppet's motion, and the
renderer draws the same moment as truth. Intervals: percentile bootstrap over identities.
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from generator import AnimateConfig, Animator, DriveSequence, FaceParams, Retarget, align
from generator.face.source_warp import SourceWarp
from generator.inference.latent_store import scratch_store
from generator.network.patch_codec import PatchCodec
from generator.network.weights_io import load_pretrained
from generator.puppets import STYLES, render, sample_motion, sample_puppet

SEED = 9001
HEADER = ["measure", "region", "method", "value", "low", "high", "n_identities", "n_frames", "seed", "weights"]
REGIONS = {"whole": None, "eyes": 2, "mouth": 3, "hair": 4, "background": 0}


def psnr(picture: NDArray[np.uint8], truth: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    """Return the PSNR in dB inside a mask."""
    error = np.mean((picture[where].astype(np.float64) - truth[where]) ** 2)
    return float(10 * np.log10(255.0**2 / max(error, 1e-3)))


def unmarked(
    animator: Animator, picture: NDArray[np.uint8], params: FaceParams, drive: DriveSequence
) -> NDArray[np.uint8]:
    """Return frames before the mark, which is the same 39 to 42 dB of noise for every method."""
    work = animator._plan(picture, params, drive, AnimateConfig(mode="absolute"), (), "")
    with scratch_store(animator._network.latent_shape) as store:
        drawing = animator._drawing(work, store)
        starts = range(0, len(drive), drawing.together)
        return np.concatenate([drawing.pictures(start, lambda *_: None) for start in starts])


def through_codec(codec: PatchCodec, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture after the codec alone."""
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1
    out = codec.decode(codec.encode(tensor))[0].permute(1, 2, 0)
    return ((out + 1) * 127.5).round().clamp(0, 255).byte().numpy()


def interval(per_identity: list[list[float]], rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the mean and its 95 % interval, resampling identities."""
    groups = [np.array(values) for values in per_identity if values]
    means = []
    for _ in range(2000):
        chosen = [groups[i] for i in rng.integers(0, len(groups), len(groups))]
        means.append(float(np.concatenate(chosen).mean()))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(np.concatenate(groups).mean()), float(low), float(high)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--identities", type=int, default=40)
    parser.add_argument("--frames", type=int, default=6)
    options = parser.parse_args()
    model, digest = load_pretrained()
    animator = Animator(model, digest)
    scores: dict[tuple[str, str], list[list[float]]] = {}
    for number in range(options.identities):
        rng = np.random.default_rng((SEED, number))
        source, driver = sample_puppet(rng, STYLES[number % len(STYLES)]), sample_puppet(rng)
        drive = sample_motion(rng, driver, 60).take(np.linspace(4, 59, options.frames).astype(int).tolist())
        picture = render(source, source.neutral()).image
        aligned = align(source.neutral(), drive, Retarget("absolute"))
        warp = SourceWarp(picture, source.neutral())
        drawn = unmarked(animator, picture, source.neutral(), drive)
        rows: dict[tuple[str, str], list[float]] = {}
        for index in range(options.frames):
            truth = render(source, aligned[index])
            methods = {
                "ours": drawn[index],
                "copy of the source": picture,
                "source moved by the mesh": warp(aligned[index]).moved,
                "codec ceiling": through_codec(model.codec, truth.image),
            }
            for region, label in REGIONS.items():
                where = np.ones(truth.labels.shape, bool) if label is None else truth.labels == label
                if where.sum() < 40:
                    continue
                for name, value in methods.items():
                    rows.setdefault((region, name), []).append(psnr(value, truth.image, where))
        for key, values in rows.items():
            scores.setdefault(key, []).append(values)
        print(f"{number + 1}/{options.identities}", file=sys.stderr)
    rng = np.random.default_rng(0)
    path = Path("results/generation.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for (region, method), groups in sorted(scores.items()):
            value, low, high = interval(groups, rng)
            count = sum(len(values) for values in groups)
            row = ["psnr_db/frame", region, method, f"{value:.2f}", f"{low:.2f}", f"{high:.2f}", len(groups), count]
            writer.writerow([*row, SEED, digest[:12]])
            print(f"{region:12s} {method:26s} {value:6.2f} [{low:.2f}, {high:.2f}]  N = {len(groups)}, {count} frames")
    command = f"python scripts/bench_generation.py --identities {options.identities} --frames {options.frames}"
    print(f"{command}; seed {SEED}; N counts identities; {platform.machine()}, {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
