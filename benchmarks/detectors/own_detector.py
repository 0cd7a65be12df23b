"""Time what a user does with a detector of one's own, and keep what came out; write results/own_detector.csv.

    .venv/bin/python -m benchmarks.detectors.own_detector --corpus DIR

The corpus needs a control slice, masks and two forgeries or more, for example
`facetrail corpus synthesize --identities 20 --clips 1 --frames 4 --methods face-swap,mouth-edit,eyes-edit --seed 7`.
The detector is examples/own_detector.py. Each command is a process of its own, so its seconds contain the start of the
program. `own_lines` are the lines of code and settings that the user writes for the task, without comments.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.results_csv import write_rows
from detectors import create_detector

HERE = Path(__file__).parents[2]
RESULTS = HERE / "results" / "own_detector.csv"
EXAMPLE = HERE / "examples" / "own_detector.py"
COLUMNS = (
    "task", "commands", "own_lines", "seconds", "name", "slice", "distortion", "severity", "value", "low", "high",
    "n_positive", "n_negative", "corpus", "seed", "load", "machine", "command",
)  # fmt: skip
SEED = 0
ANSWERING = """
import csv, sys
from pathlib import Path
from examples.own_detector import predict
from watermark import read_media
folder, out = map(Path, sys.argv[1:])
with (folder / "labels.csv").open() as listed, out.open("w") as answers:
    answers.write("file,score\\n")
    for row in csv.DictReader(listed):
        answers.write(f"{row['file']},{predict(read_media(folder / row['file']).frames)[0]}\\n")
"""


@dataclass(frozen=True, slots=True)
class Task:
    """What a user wants.

    Attributes:
        name: In words.
        commands: Command lines of facetrail, or a program after `-c`.
        own_lines: Lines that the user writes.
        report: The `evaluation.json` that comes out, None without one.
        kept: Name, slice and distortion of the measures to keep; an empty text stands for any.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    own_lines: int
    report: Path | None = None
    kept: tuple[tuple[str, str, str], ...] = (("auc/video", "all", "none"),)


def lines_of(text: str) -> int:
    """Return the number of lines that are neither empty nor comments nor docstrings of one line."""
    lines = (line.strip() for line in text.splitlines())
    return sum(bool(line) and not line.startswith(("#", '"""')) for line in lines)


def tasks(corpus: Path, out: Path) -> list[Task]:
    """Return the tasks, in the order in which they are done."""
    own = lines_of(EXAMPLE.read_text(encoding="utf-8")) + lines_of(EXAMPLE.with_suffix(".toml").read_text("utf-8"))
    evaluate = ("evaluate", str(corpus), "--detector", str(EXAMPLE), "--seed", str(SEED))

    def found(name: str) -> Path:
        return out / name / EXAMPLE.name / "evaluation.json"

    return [
        Task("measure it", ((*evaluate, "-o", str(out / "a")),), own, found("a")),
        Task(
            "robustness", ((*evaluate, "--suite", "noise", "-o", str(out / "b")),), own, found("b"),
            (("auc/video", "all", "noise:gaussian"), ("fpr_drift/video", "all", "noise:gaussian")),
        ),
        Task(
            "attack",
            ((*evaluate, "--attack", "square", "--epsilon", "2", "8", "-o", str(out / "c")),), own, found("c"),
            (("auc/video", "all", "square"), ("evaded/video", "all", "square")),
        ),
        Task("shortcuts", ((*evaluate, "--probe", "mark", "metadata", "-o", str(out / "d")),), own, None),
        Task(
            "groups of people", ((*evaluate, "--attributes", "-o", str(out / "e")),), own, found("e"),
            (("fpr_gap/video", "", "none"),),
        ),
        Task(
            "compare with another",
            ((*evaluate[:4], "cpu", *evaluate[4:], "-o", str(out / "f")), ("compare", str(out / "f"))), own, None,
        ),
        Task(
            "files out, answers in",
            (
                ("corpus", "distort", str(corpus), "--suite", "noise", "-o", str(out / "files")),
                ("-c", ANSWERING, str(out / "files"), str(out / "answers.csv")),
                ("evaluate", "--scores", str(out / "answers.csv"), "--distorted", str(out / "files"),
                 "-o", str(out / "g")),
            ),
            lines_of(ANSWERING), out / "g" / "answers" / "evaluation.json",
            (("auc/video", "all", "none"), ("auc/video", "all", "noise:gaussian")),
        ),
        Task(
            "where", ((*evaluate, "--where", "-o", str(out / "h")),), own, found("h"),
            (("pixel_auc/video", "", "none"), ("pixel_f1/video", "all", "none"), ("pixel_iou/video", "all", "none")),
        ),
    ]  # fmt: skip


def checkpoint(corpus: Path, out: Path) -> Task:
    """Return the task that measures a checkpoint of somebody else's, here a network of timm with random weights."""
    file, made = out / "checkpoint.pth", out / "converted"
    tensors = create_detector("toy_resnet18").model.state_dict()
    kept = {name.removeprefix("backbone."): value for name, value in tensors.items() if "backbone." in name}
    kept |= {name.replace("classifier", "fc"): value for name, value in tensors.items() if "classifier" in name}
    torch.save(kept, file)
    convert = ("models", "convert", str(file), "--as", "timm", "--backbone", "test_resnet", "--size", "64")
    evaluate = ("evaluate", str(corpus), "--detector", str(made), "--seed", str(SEED), "-o", str(out / "published"))
    return Task("a published checkpoint", ((*convert, "--normalise", "imagenet", "-o", str(made)), evaluate), 0)


def leave_one_out(corpus: Path, out: Path) -> Task:
    """Return the task that trains the smallest detector without each forgery."""
    command = (
        "train",
        "detector",
        str(corpus),
        "--epochs",
        "3",
        "--seed",
        str(SEED),
        "--leave-one-out",
        "-o",
        str(out),
    )
    return Task("leave one forgery out (cpu, 3 epochs)", (command,), 0)


def run(command: Sequence[str]) -> None:
    """Run one command in a process of its own."""
    words = command if command[0] == "-c" else ("-m", "forensics", *command)
    subprocess.run([sys.executable, *words], cwd=HERE, check=True, stdout=subprocess.DEVNULL)


def measures_of(path: Path, kept: Sequence[tuple[str, str, str]]) -> list[Mapping[str, object]]:
    """Return the measures of an `evaluation.json` that are to be kept."""
    measures = json.loads(path.read_text(encoding="utf-8"))["measures"]
    return [
        one
        for one in measures
        if any(
            one["name"] == name and part in ("", one["slice"]) and distortion == one["distortion"]
            for name, part, distortion in kept
        )
    ]


def main() -> None:
    """Do every task, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="CSV")
    parser.add_argument("--only", nargs="+", metavar="TASK", help="measure these alone, and keep the others' rows")
    options = parser.parse_args()
    about = (
        f"{platform.machine()}, {os.cpu_count()} cores",
        "python -m benchmarks.detectors.own_detector --corpus DIR",
    )
    name = f"{sum(1 for _ in (options.corpus / 'manifest.jsonl').open())} samples of avatars"
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        corpus = options.corpus.absolute()
        for task in (*tasks(corpus, out), checkpoint(corpus, out), leave_one_out(corpus, out / "left")):
            if options.only and task.name not in options.only:
                continue
            begun = time.monotonic()
            for command in task.commands:
                run(command)
            seconds = time.monotonic() - begun
            beginning = (task.name, len(task.commands), task.own_lines)
            ending = (name, SEED, os.getloadavg()[0], *about)
            rows.append((*beginning, seconds, *(None,) * 9, *ending))
            reports = [] if task.report is None else [(task.name, task.report, task.kept)]
            for folder in sorted((out / "left" / "evaluation").glob("without-*")):
                wanted = (("auc/video", "methods=seen", "none"), ("auc/video", "methods=held-out", "none"))
                reports.append((folder.name, folder / "evaluation.json", (*wanted, ("auc_gap/video", "", "none"))))
            for title, path, kept in reports:
                for one in measures_of(path, kept):
                    fields = (
                        "name",
                        "slice",
                        "distortion",
                        "severity",
                        "value",
                        "low",
                        "high",
                        "n_positive",
                        "n_negative",
                    )
                    rows.append((title, *beginning[1:], None, *(one[field] for field in fields), *ending))
            print(*rows[-1], flush=True)
    if options.only and options.out.is_file():
        with options.out.open(encoding="utf-8", newline="") as file:
            rows = [tuple(row.values()) for row in csv.DictReader(file) if row["task"] not in options.only] + rows
    write_rows(options.out, COLUMNS, rows)
    with options.out.open(encoding="utf-8") as file:
        print(sum(1 for _ in csv.reader(file)), "lines")


if __name__ == "__main__":
    main()
