"""Measure how fast avatars are drawn on one core and how often the face mesh finds them; write results/avatars.csv.

For each style: frames a second with the process's CPU time (median over avatars, with the 10th and 90th percentile; a
frame is posed, drawn with 2 x 2 samples and finished), the time that an avatar takes to be made, and the shares of
avatars whose face the face mesh finds, frontally without expression and in a random moment of a motion. A face counts
as found where the mesh lies on it: its points are on average nearer to the true ones than a third of the distance
between the eyes. Shares have Wilson's 95 % interval; the seeds are consecutive and none is left out. The row "all" is
the CPU time that the first frames of a process take longer than later ones while numba compiles; afterwards its cache
is used.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import binomtest
from threadpoolctl import threadpool_limits

from benchmarks.results_csv import write_rows
from generator.avatars import STYLES, Avatar, avatar_truth, render, sample_avatar, sample_motion
from generator.avatars.avatar_truth import avatar_landmarks
from generator.face.face_params import FaceParams, Floats
from generator.trackers import FaceMesh, find_face_mesh

SEED = 24000
HEADER = ["style", "measure", "value", "low", "high", "n", "size", "seed", "machine"]
_NEAR = 1 / 3
_EYES = (33, 263)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one picture showed: CPU seconds, whether the face was found, and the mesh's error in eye distances."""

    seconds: float
    found: bool
    error: float


def views(avatar: Avatar, seed: int) -> Iterator[tuple[str, FaceParams]]:
    """Yield the frontal view of an avatar, and a random moment of a random motion."""
    rest = avatar.params()
    yield "frontal", replace(rest, pose=np.zeros(3, np.float32))
    rng = np.random.default_rng([seed, 11])
    drive = sample_motion(rng, avatar.shape.values, 100, camera=rest.camera)
    yield "posed", avatar.driven(drive[int(rng.integers(100))])


def look(avatar: Avatar, params: FaceParams, size: int, mesh: FaceMesh) -> Looked:
    """Draw one picture and let the face mesh find its face."""
    began = time.process_time()
    picture = render(avatar, params, size).picture
    seconds = time.process_time() - began
    true, _ = avatar_landmarks(avatar, params, avatar_truth(avatar, params, size, samples=1))
    reach = float(np.linalg.norm(true[_EYES[0]] - true[_EYES[1]]))
    faces = mesh.read_all(picture, 1)
    error = min((_error(face.points[:, :2], true[:468]) / reach for face in faces), default=float("inf"))
    return Looked(seconds, error < _NEAR, error)


def _error(found: Floats, true: Floats) -> float:
    return float(np.linalg.norm(found - true, axis=1).mean())


def measure_style(style: str, avatars: int, size: int, mesh: FaceMesh) -> list[list[object]]:
    """Return the rows of one style."""
    making: list[float] = []
    looked: dict[str, list[Looked]] = {"frontal": [], "posed": []}
    warm = sample_avatar(SEED - 1, style)
    render(warm, warm.params(), size)
    for seed in range(SEED, SEED + avatars):
        began = time.process_time()
        avatar = sample_avatar(seed, style)
        render(avatar, avatar.params(), 16, 1)
        making.append(time.process_time() - began)
        for view, params in views(avatar, seed):
            looked[view].append(look(avatar, params, size, mesh))
    seconds = np.array([one.seconds for one in (*looked["frontal"], *looked["posed"])])
    tail = [size, SEED, f"{platform.machine()}, one thread"]
    rows: list[list[object]] = [
        [style, "frames_per_second", *_three(1 / seconds), len(seconds), *tail],
        [style, "seconds_to_make", *_three(np.array(making)), avatars, *tail],
    ]
    for view, results in looked.items():
        hits = sum(one.found for one in results)
        interval = binomtest(hits, len(results)).proportion_ci(method="wilson")
        rows.append([style, f"found_{view}", hits / len(results), interval.low, interval.high, len(results), *tail])
        errors = np.array([one.error for one in results if one.found])
        if len(errors):
            rows.append([style, f"mesh_error_{view}", *_three(errors), len(errors), *tail])
    return rows


def _three(values: Floats) -> list[float]:
    return [float(value) for value in np.percentile(values, [50, 10, 90])]


def compile_seconds() -> float:
    """Return the CPU seconds that a new process with an empty cache spends on compiling for all styles."""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.generator.avatar_rendering", "--first-frames"],
            env={**os.environ, "NUMBA_CACHE_DIR": cache}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    return float(done.stdout.split()[-1])


def _first_frames() -> float:
    spent = []
    for _ in range(2):
        began = time.process_time()
        for style in STYLES:
            avatar = sample_avatar(SEED - 1, style)
            render(avatar, avatar.params(), 64)
        spent.append(time.process_time() - began)
    return spent[0] - spent[1]


def main() -> None:
    """Measure all styles and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--avatars", type=int, default=100, help="avatars of each style")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=list(STYLES))
    parser.add_argument("--first-frames", action="store_true", help="print the seconds spent on compiling, and no more")
    parser.add_argument("-o", "--out", type=Path, default=Path("results/avatars.csv"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    if options.first_frames:
        print(f"{_first_frames():.3f}")
        return
    tail = [options.size, SEED, f"{platform.machine()}, one thread"]
    rows: list[list[object]] = [["all", "compile_seconds", compile_seconds(), "", "", 1, *tail]]
    mesh = FaceMesh(find_face_mesh())
    for style in options.styles:
        rows += measure_style(style, options.avatars, options.size, mesh)
        print(*(f"{row[1]} {row[2]:.3f}" for row in rows if row[0] == style), f"({style})", sep="; ", flush=True)
    write_rows(options.out, HEADER, rows)


if __name__ == "__main__":
    main()
