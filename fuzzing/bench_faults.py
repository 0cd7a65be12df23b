"""Measure the cost of hostile files for `facetrail read`, and of its separate process; write results/faults.csv.

    .venv/bin/python -m fuzzing.bench_faults

Each hostile file is read alone by the command, with its default limits. Seconds are those of the whole command, and
memory is that of its largest process. The last rows read one folder of 50 small files with and without the separate
process, in turn.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.results_csv import write_rows
from fuzzing.hostile_files import ATTACKS, make
from generator.avatars import STYLES, render, sample_avatar
from watermark import encode_clip, encode_still

RESULTS = Path(__file__).parents[1] / "results" / "faults.csv"
COLUMNS = ("file", "bytes", "seconds", "mebibytes", "answer", "n", "machine")
PLAIN = """
import contextlib, sys
from forensics.execution import sandbox
sandbox.confined = lambda prepare, limits: contextlib.nullcontext(prepare())
from forensics.cli import main
sys.exit(main(sys.argv[1:]))
"""


def measured(command: list[str]) -> tuple[float, float, str]:
    """Run a command; return seconds, mebibytes of its largest process, and its output."""
    script = "import resource, subprocess, sys\n"
    script += "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    script += "lines = (done.stdout + done.stderr).strip().splitlines()\n"
    script += "print([line for line in lines if not line.startswith('[')][-1])\n"  # without progress lines
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begun
    memory, said = done.stdout.splitlines()[:2]
    return seconds, int(memory) / 1024, said


def fifty(folder: Path) -> None:
    """Write 50 small files: clips, PNG, JPEG and WebP."""
    for number in range(50):
        avatar = sample_avatar(number, STYLES[number % len(STYLES)])
        picture = render(avatar, avatar.params(), 256).picture
        if number % 5 == 0:
            encode_clip(np.stack([picture] * 8), folder / f"{number:02}.mp4", 25)
        else:
            encode_still(picture, folder / f"{number:02}{('.png', '.jpg', '.webp', '.png')[number % 4]}")


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=sorted(ATTACKS))
    parser.add_argument("--rounds", type=int, default=3, help="readings of the folder, each way")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place), ["--home", str(Path(place) / "home")]
        command = [sys.executable, "-m", "forensics", "read"]
        subprocess.run([sys.executable, "-m", "forensics", "identity", "new", *home], check=True, capture_output=True)
        for name in options.only or ATTACKS:
            path = make(name, folder)
            size = path.lstat().st_size
            seconds, memory, said = measured([*command, str(path), *home])
            answer = said.removeprefix(f"{path}: ").strip()
            rows.append([name, size, seconds, memory, answer, 1, machine])
            print(f"{name}: {seconds:.1f} s, {memory:.0f} MiB, {answer}", flush=True)
            path.unlink()
        many = folder / "fifty"
        many.mkdir()
        fifty(many)
        taken: dict[str, list[tuple[float, float]]] = {"in a process of its own": [], "in the command itself": []}
        for _ in range(options.rounds):
            starts = (command, [sys.executable, "-c", PLAIN, "read"])
            for way, start in zip(taken, starts, strict=True):
                seconds, memory, _ = measured([*start, str(many), *home])
                taken[way].append((seconds, memory))
        size = sum(path.stat().st_size for path in many.iterdir())
        for way, found in taken.items():
            seconds = statistics.median(one[0] for one in found)
            rows.append([f"50 small files {way}", size, seconds, max(one[1] for one in found), "", len(found), machine])
            print(f"50 small files {way}: {seconds:.1f} s")
    write_rows(RESULTS, COLUMNS, rows)


if __name__ == "__main__":
    main()
