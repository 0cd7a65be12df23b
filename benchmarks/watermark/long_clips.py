"""Measure the memory of sealing clips of growing length; write results/long_clips.csv.

    .venv/bin/python -m benchmarks.watermark.long_clips --minutes 1 4 12

A made-up clip of 192 × 192 pixels and 25 frames a second with two sound tracks is sealed in a process of its own for
each length, and that process tells the most memory that it held. Memory that did not grow with the number of frames
would be the same for a film of two hours, which has 180,000 frames; that length is not run here.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import skimage.data

from benchmarks.results_csv import write_rows
from watermark import Deployment, PayloadKind, seal_file

RESULTS = Path("results/long_clips.csv")
COLUMNS = ("minutes", "frames", "source_mib", "most_mib", "frames_per_second", "load", "machine")
SIDE, RATE, SOUND = 192, 25, 48000


def make(path: Path, minutes: float) -> int:
    """Write the clip, and return its number of frames."""
    picture = np.ascontiguousarray(skimage.data.astronaut()[20 : 20 + SIDE, 130 : 130 + SIDE])
    count = round(minutes * 60 * RATE)
    with av.open(str(path), "w") as clip:
        video = clip.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "threads": "1"})
        video.width, video.height, video.pix_fmt = SIDE, SIDE, "yuv420p"
        tracks = [clip.add_stream("aac", rate=SOUND, layout="mono") for _ in range(2)]
        written = 0
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, number % SIDE, 1), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            clip.mux(video.encode(frame))
            while written * RATE < (number + 1) * SOUND:
                for track in tracks:
                    wave = np.sin(np.arange(written, written + 1024) / 30, dtype=np.float32)[None] / 4
                    sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
                    sound.sample_rate, sound.pts, sound.time_base = SOUND, written, Fraction(1, SOUND)
                    clip.mux(track.encode(sound))
                written += 1024
        for stream in (video, *tracks):
            clip.mux(stream.encode())
    return count


def child(source: Path, home: Path) -> None:
    """Seal a clip and print seconds and the most memory held, in MiB."""
    begun = time.perf_counter()
    seal_file(source, source.with_name("sealed.mp4"), PayloadKind.CAPTURED, Deployment.open(home))
    print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure every length and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 4, 12])
    parser.add_argument("--child", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    rows: list[list[object]] = []
    for minutes in options.minutes:
        with tempfile.TemporaryDirectory() as name:
            source = Path(name) / "clip.mp4"
            count = make(source, minutes)
            command = [sys.executable, "-m", "benchmarks.watermark.long_clips", "--child", str(source), f"{name}/home"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds, most = map(float, done.stdout.split())
            size = f"{source.stat().st_size / 2**20:.1f}"
            load, machine = f"{os.getloadavg()[0]:.1f}", f"{platform.machine()}, {os.cpu_count()} cores"
            rows.append([f"{minutes:g}", count, size, f"{most:.0f}", f"{count / seconds:.1f}", load, machine])
            print(*rows[-1], flush=True)
            write_rows(RESULTS, COLUMNS, rows)


if __name__ == "__main__":
    main()
