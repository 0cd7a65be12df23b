"""Time how a user's own pictures and clips become a labelled corpus; write results/own_data.csv.

    .venv/bin/python -m benchmarks.own_data --corpus DIR [--people N]

Genuine clips of a corpus of avatars stand in for the user's files, and their first frames for the pictures: one clip
and one picture of each person. Every forgery of the toolkit is made of them by `facetrail corpus synthesize --sources
--drives`, in a process of its own. `clips_an_hour` counts forged and control clips by the processor seconds on two
cores, tracking and the start of the program included; `clips_an_hour_waited` counts them by the clock, with whatever
else the machine did.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results_csv import write_rows
from forensics.corpus import Corpus, Label, Slice
from watermark import encode_still, read_media

HERE = Path(__file__).parents[1]
RESULTS = HERE / "results" / "own_data.csv"
COLUMNS = (
    "people", "files", "frames", "size", "made", "clips", "failed", "cpu_seconds", "seconds", "clips_an_hour",
    "clips_an_hour_waited", "own_lines", "seed", "load", "machine", "command",
)  # fmt: skip
CORES = 2
SEED = 0
LARGEST = 384  # longest side that the command takes; larger files are shrunk to it
OWN_LINES = 0


def put_files(corpus: Corpus, people: int, folder: Path) -> int:
    """Copy a genuine clip and its first frame for each of so many people, with the list of people."""
    rows = ["file,person"]
    seen: set[str] = set()
    for part in ("sources", "drives"):
        (folder / part).mkdir()
    for sample in corpus.where(label=Label.GENUINE, slice=Slice.MAIN):
        name = sample.identities[0]
        if sample.fps is None or name in seen or len(seen) == people:
            continue
        seen.add(name)
        path = corpus.file(sample)
        (folder / "drives" / f"{name}{path.suffix}").write_bytes(path.read_bytes())
        encode_still(read_media(path, max_frames=1).frames[0], folder / "sources" / f"{name}.png")
        rows += [f"sources/{name}.png,{name}", f"drives/{name}{path.suffix},{name}"]
    (folder / "people.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return len(rows) - 1


def main() -> None:
    """Make the corpus, and write its numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR")
    parser.add_argument("--people", type=int, default=4, metavar="N")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="CSV")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, root = Path(place) / "own", Path(place) / "corpus"
        folder.mkdir()
        files = put_files(Corpus.load(options.corpus), options.people, folder)
        words = (
            "corpus", "synthesize", "-o", str(root), "--sources", str(folder / "sources"), "--drives",
            str(folder / "drives"), "--people", str(folder / "people.csv"), "--seed", str(SEED),
            "--home", str(Path(place) / "home"), "--may-use", "avatars of a benchmark",
        )  # fmt: skip
        begun = time.monotonic()
        process = subprocess.Popen([sys.executable, "-m", "forensics", *words], cwd=HERE, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"the synthesis ended with {process.returncode}")
        made = [one for one in Corpus.load(root).samples if not one.place]
        clips = sum(not one.is_still for one in made)
        frames = max(one.frames for one in made)
        size = min(LARGEST, max(max(one.width, one.height) for one in made))
        failed = (root / "receipt.csv").read_text(encoding="utf-8").count(",failed,")
    cpu = usage.ru_utime + usage.ru_stime
    row = (
        options.people, files, frames, size, len(made), clips, failed, cpu, seconds, 3600 * CORES * clips / cpu,
        3600 * clips / seconds, OWN_LINES, SEED, os.getloadavg()[0], f"{platform.machine()}, {os.cpu_count()} cores",
        "python -m benchmarks.own_data --corpus DIR",
    )  # fmt: skip
    print(*row)
    write_rows(options.out, COLUMNS, [row])


if __name__ == "__main__":
    main()
