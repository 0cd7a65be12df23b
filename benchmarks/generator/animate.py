"""Measure `facetrail animate` stage by stage, from process start to the sealed clip; write results/animate_time.csv.

Each run is a separate process that runs the command on an avatar's picture, driven once by a saved motion and once by a
clip that has to be tracked: a rendered one, or the user's with --drive. `first frame` is the time from the start of the
process to the first frame passed to the encoder; `each frame` is the time from there to the last one, including marking
and encoding. `wall_ms` is the wall time and `cpu_ms` the CPU time over all threads of the process; both are medians
over runs. `load` is the number of processes that wanted to run at the time. On a busy machine only `cpu_ms` is
meaningful.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from benchmarks.results_csv import write_rows

RESULTS = Path("results/animate_time.csv")
HEADER = ["drive", "preset", "size", "part", "stage", "wall_ms", "cpu_ms", "runs", "frames", "threads", "load"]
SEED = 5
SIZE = 512
CASES = (("geometry", 256), ("geometry", 512), ("mini", 256), ("mini", 512))
"""Presets and sides of the pictures."""
FIRST, EACH, END = "first frame", "each frame", "the file"
TOTAL = "all"
DRAWN_FIRST = 4
"""Frames that are generated before the first one is returned; `each frame` is measured over the others."""
Times = tuple[float, float]


def now() -> Times:
    """Return wall time and CPU time of the process, in seconds."""
    return time.monotonic(), time.process_time()


class Stages:
    """Sum the time of named functions, up to the first frame and after it."""

    def __init__(self, started: float) -> None:
        self.started = started
        self.spent: dict[str, dict[str, Times]] = {part: defaultdict(lambda: (0.0, 0.0)) for part in (FIRST, EACH, END)}
        self.part = FIRST
        self.marks: dict[str, Times] = {}
        self.threads = 0

    def add(self, stage: str, since: Times) -> None:
        """Add the time since some moment to a stage."""
        wall, cpu = self.spent[self.part][stage]
        here = now()
        self.spent[self.part][stage] = wall + here[0] - since[0], cpu + here[1] - since[1]

    def watch(self, stage: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with its time measured."""

        def outer(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - stands in for any function
            since = now()
            try:
                return inner(*args, **kwargs)
            finally:
                self.add(stage, since)

        return outer

    def writing(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Return `ClipWriter.write` with the times of the first and the last frame recorded."""

        def outer(*args: object) -> None:
            if self.part == FIRST:
                self.marks[FIRST] = now()
                self.part = EACH
            inner(*args)
            self.marks[EACH] = now()

        return outer

    def sealing(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        """Return `ClipWriter.__exit__` with its time measured: the encoder's rest, reading back, signing."""

        def outer(*args: object) -> None:
            self.part = END
            since = now()
            inner(*args)
            self.add(TOTAL, since)

        return outer

    def result(self) -> dict[str, dict[str, Times]]:
        """Return the stages with the total, and the time that no stage contains."""
        whole = {FIRST: (self.marks[FIRST][0] - self.started, self.marks[FIRST][1])}
        whole[EACH] = self.marks[EACH][0] - self.marks[FIRST][0], self.marks[EACH][1] - self.marks[FIRST][1]
        for part, (wall, cpu) in whole.items():
            named = list(self.spent[part].values())
            self.spent[part]["other"] = wall - sum(one[0] for one in named), cpu - sum(one[1] for one in named)
            self.spent[part][TOTAL] = wall, cpu
        return {part: dict(stages) for part, stages in self.spent.items()}


def run_once(started: float, arguments: list[str]) -> Stages:
    """Run the command in this process with its stages measured."""
    stages = Stages(started)
    from forensics.animation import animate as animation
    from forensics.cli import main

    stages.spent[FIRST]["start and imports"] = time.monotonic() - started, time.process_time()
    import torch

    from generator.geometry import Painter
    from generator.inference import geometry
    from generator.inference.layer_network import LayerImprover
    from generator.network.model import AniFaceDiff
    from watermark import ClipMarker
    from watermark.media.encoding import ClipEncoder
    from watermark.sealing import clip_writing as writing

    stages.threads = torch.get_num_threads()
    places = (
        (animation, "load_still", "read the source"), (animation, "load_drive", "drive"),
        (animation, "track_source", "track the source"), (animation, "open_animator", "load the weights"),
        (AniFaceDiff, "encode_source", "reference network"), (geometry, "prepare_source", "take the source apart"),
        (geometry.LayerDrawing, "pictures", "layers and network"), (LayerImprover, "improve", "of these the network"),
        (Painter, "drawing", "of these layers and guides, on two threads"), (ClipMarker, "mark", "mark"),
        (ClipMarker, "prepare", "fit the mark"), (writing, "check_mark", "check the mark"),
        (ClipEncoder, "write", "encode"),
    )  # fmt: skip
    for owner, name, stage in places:
        patch.object(owner, name, stages.watch(stage, getattr(owner, name))).start()
    patch.object(writing.ClipWriter, "write", stages.writing(writing.ClipWriter.write)).start()
    patch.object(writing.ClipWriter, "__exit__", stages.sealing(writing.ClipWriter.__exit__)).start()
    if main(arguments) != 0:
        raise SystemExit(1)
    return stages


def draw_inputs(folder: Path, frames: int) -> None:
    """Write an avatar's picture, another avatar's motion, and that motion as a clip."""
    import numpy as np
    from PIL import Image

    from generator.avatars import render, sample_avatar, sample_motion
    from watermark import Deployment, encode_clip

    avatar, driver = sample_avatar(SEED, "cartoon"), sample_avatar(SEED + 1, "real")
    motion = sample_motion(np.random.default_rng(SEED), driver.shape.values, frames, 25.0, driver.params().camera)
    Image.fromarray(render(avatar, avatar.params(), SIZE).picture).save(folder / "avatar.png")
    motion.save(folder / "motion.npz")
    drawn = np.stack([render(driver, driver.driven(motion[index]), SIZE).picture for index in range(frames)])
    encode_clip(drawn, folder / "clip.mp4", motion.fps)
    Deployment.open(folder / "home")


def measure(folder: Path, drive: Path, preset: str, size: int, runs: int) -> tuple[list[dict[str, Any]], int]:
    """Run the command several times, each in a new process, after one run that is not counted."""
    found = []
    for run in range(runs + 1):
        out = folder / f"{drive.stem}-{preset}-{size}-{run}.mp4"
        arguments = ["animate", str(folder / "avatar.png"), str(drive), "-o", str(out), "--home", str(folder / "home")]
        arguments += ["--preset", preset, "--size", str(size)]
        command = [sys.executable, "-m", "benchmarks.generator.animate", "--child", repr(time.monotonic()), *arguments]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
        found.append(json.loads(answer))
    from watermark import open_clip

    return found[1:], open_clip(out).frame_count


def rows_of(case: tuple[str, str, int], found: list[dict[str, Any]], frames: int) -> list[list[object]]:
    """Return the medians over runs; stages of the steady state are in milliseconds per frame."""
    rows: list[list[object]] = []
    load = statistics.median(one["load"] for one in found)
    for part in (FIRST, EACH, END):
        stages = sorted({stage for one in found for stage in one["stages"][part]}, key=lambda name: name == TOTAL)
        for stage in stages:
            values = [one["stages"][part].get(stage, (0.0, 0.0)) for one in found]
            share = 1000 / (frames - DRAWN_FIRST if part == EACH else 1)
            wall, cpu = (share * statistics.median(value[axis] for value in values) for axis in (0, 1))
            times = f"{wall:.1f}", f"{cpu:.1f}"
            rows.append([
                *case, part, stage, *times, len(found), frames, found[0]["threads"], f"{load:.1f}",
            ])  # fmt: skip
    return rows


def main() -> None:
    """Measure and write the results."""
    if sys.argv[1:2] == ["--child"]:
        stages = run_once(float(sys.argv[2]), sys.argv[3:])
        print(json.dumps({"stages": stages.result(), "threads": stages.threads, "load": os.getloadavg()[0]}))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--drive", type=Path, help="a clip of your own that is tracked instead of the drawn one")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        draw_inputs(folder, options.frames)
        rows = []
        for preset, size in CASES:
            for case, drive in (
                ("saved motion", folder / "motion.npz"),
                ("clip", options.drive or folder / "clip.mp4"),
            ):
                rows += rows_of((case, preset, size), *measure(folder, drive, preset, size, options.runs))
    write_rows(options.out, HEADER, rows)
    for row in rows:
        if row[4] == TOTAL:
            rate = f", {1000 / float(str(row[5])):.1f} frames a second" if row[3] == EACH else ""
            print(*row[:4], f"{row[5]} ms by the clock, {row[6]} ms of the processor{rate}")
    print(f"{' '.join(sys.argv)}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
