"""Measure what one frame of a live drive would cost; write results/live.csv.

A rendered head moves in pictures of 256 pixels, as a camera would deliver them. Each is read by the face mesh and the
fit of the avatar head, drawn by the preset `geometry` at 256 pixels with the mark, and encoded for a page. The values
are CPU milliseconds a frame, so that other work on the machine does not count; the way to the browser is not in them.
They are means over frames, with the 95 % interval of a bootstrap over frames; the first frames, in which code is
compiled and the shape is fitted, are left out.

    OMP_NUM_THREADS=1 python -m benchmarks.generator.live [--frames N]
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from benchmarks.results_csv import write_rows
from generator import LivePicture
from generator.avatars import avatar_head, render, sample_avatar, sample_motion
from generator.trackers import FaceMesh, find_face_mesh
from generator.trackers.avatar_fit import AvatarFitter
from watermark import Deployment

RESULTS = Path("results/live.csv")
HEADER = ["stage", "cpu_ms", "low", "high", "n_frames", "seed", "machine"]
DRIVER, SOURCE = ("real", 11), ("cartoon", 2)
SEED, SIZE, RATE, LEFT_OUT, RESAMPLES = 5, 256, 12.5, 3, 2000
STAGES = ("track", "draw and mark", "encode", "all")


def measure(frames: int) -> np.ndarray:
    """Return the CPU milliseconds of the stages (frames, 3)."""
    driver, source = sample_avatar(DRIVER[1], DRIVER[0]), sample_avatar(SOURCE[1], SOURCE[0])
    motion = sample_motion(np.random.default_rng(SEED), driver.shape.values, frames + LEFT_OUT, RATE)
    mesh, fitter = FaceMesh(find_face_mesh()), AvatarFitter(avatar_head())
    still = render(source, source.params(), 2 * SIZE).picture
    with tempfile.TemporaryDirectory() as folder:
        live = LivePicture(still, source.params(), Deployment.open(Path(folder)), SIZE)
        rows, face, fit = [], None, None
        for index in range(len(motion)):
            picture = render(driver, driver.driven(motion[index]), SIZE).picture
            clock = [time.process_time()]
            face = mesh.track(picture, face)
            if face is None:
                raise SystemExit(f"no face in frame {index}; choose another driver")
            fit = fitter.fit(face.points, None if fit is None else fit.shape, fit)
            clock.append(time.process_time())
            drawn = live.shown(source.driven(motion[index]))
            clock.append(time.process_time())
            cv2.imencode(".jpg", drawn)
            clock.append(time.process_time())
            rows.append(1000 * np.diff(clock))
    return np.array(rows[LEFT_OUT:])


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=40, help="measured frames (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    stages = measure(options.frames)
    stages = np.column_stack([stages, stages.sum(1)])
    rng = np.random.default_rng(SEED)
    means = stages[rng.integers(len(stages), size=(RESAMPLES, len(stages)))].mean(1)
    rows = [
        [name, float(stages[:, column].mean()), *np.percentile(means[:, column], (2.5, 97.5)).tolist(), len(stages),
         SEED, platform.machine()]
        for column, name in enumerate(STAGES)
    ]  # fmt: skip
    write_rows(options.out, HEADER, rows)


if __name__ == "__main__":
    main()
