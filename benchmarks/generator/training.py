"""Measure training: time per step, peak memory, and rendering speed of examples; write results/training_speed.csv.

Weights and pictures are random, since neither changes the time. Steps are timed one by one after two that are not
counted; the table contains the median, and the tenth and ninetieth percentile as spread. A run at full size (`mini`,
`sd15`) uses its recipe's batch; `toy` is sd15 at its smallest size. Each configuration runs in a separate process, so
that its peak memory is not mixed with others. Memory is the device's where there is one, else the process's largest
resident size. `load` is the machine's load average: on a busy machine only the process's own CPU time per step is
meaningful.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch.utils.data import Dataset

from benchmarks.results_csv import write_records
from generator.network.conditions import MAP_CHANNELS
from generator.network.config import TOY_SD15, ModelConfig
from generator.trackers import load_tracker
from generator.training import TrainConfig, Trainer, TrainingData, recipe
from generator.training.data.avatar_casting import Casting
from generator.training.data.avatar_scenes import avatar_scene
from generator.training.data.batch import Example

OUT = Path("results/training_speed.csv")
CASES = ("toy-1", "toy-2", "mini-1", "sd15-1", "sd15-2")
UNCOUNTED = 2
SEED = 0

Precision = Literal["no", "fp16", "bf16"]


class RandomPictures(Dataset[Example]):
    """Random pictures as examples in a model's sizes."""

    def __init__(self, sizes: ModelConfig, targets: int) -> None:
        self._sizes, self._targets = sizes, targets

    def __getitem__(self, number: int) -> Example:
        """Return example `number`."""
        generator = torch.Generator().manual_seed(number)
        sizes, count = self._sizes, self._targets

        def pictures(*shape: int) -> torch.Tensor:
            return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)

        maps = {}
        for name in sizes.maps:
            side = sizes.image_size // (2 if name == "turned" else 1)
            maps[name] = pictures(count, MAP_CHANNELS.get(name, 3), side, side)
        side = sizes.image_size
        return Example(
            pictures(3, side, side), pictures(count, 3, side, side), maps,
            torch.randn(count, sizes.expression_inputs, generator=generator), pictures(count, side, side) % 4, "nobody",
        )  # fmt: skip


def random_sources(sizes: ModelConfig) -> torch.Tensor:
    """Return pictures that a patch codec is fitted on."""
    examples = RandomPictures(sizes, 1)
    return torch.stack([examples[number].source for number in range(8)])


def run_of(case: str, steps: int, precision: Precision | None) -> TrainConfig:
    """Return the settings of the run that a case measures."""
    preset, stage = case.split("-")
    run = recipe("mini" if preset == "mini" else "sd15", 2 if stage == "2" else 1)
    if preset == "toy":
        run = replace(run, model=TOY_SD15, precision="no", recompute=False)
        run = replace(run, data=replace(run.data, targets=min(run.data.targets, 8)))
    if precision is not None:
        run = replace(run, precision=precision)
    return replace(
        run, steps=steps + UNCOUNTED, checkpoint_every=10**9, seed=SEED, data=replace(run.data, workers=0),
        validation=replace(run.validation, every=0, sources=0),
    )  # fmt: skip


def example_seconds(run: TrainConfig) -> float:
    """Return the seconds that one process needs to draw, track and move the scene of an avatar with its targets."""
    rng, size = np.random.default_rng(SEED), run.model.image_size
    casting, count = Casting.for_training(SEED, ()), 4
    tracker = load_tracker("arkit")
    avatar_scene(casting.avatar(count), tracker, size, run.data.targets, rng)
    started = time.perf_counter()
    for number in range(count):
        avatar_scene(casting.avatar(number), tracker, size, run.data.targets, rng)
    return (time.perf_counter() - started) / count


def measure(case: str, steps: int, precision: Precision | None, device: str) -> dict[str, object]:
    """Train for some steps and return a row."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    run = run_of(case, steps, precision)
    data = TrainingData(
        RandomPictures(run.model, run.data.targets),
        {},
        {"description": "random pictures"},
        lambda: random_sources(run.model),
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(Path(folder), run, data, device=device)
        on_gpu = trainer.accelerator.device.type == "cuda"
        moments: list[float] = []
        spent: list[float] = []

        class Enough(Exception):
            """All steps are timed; the checkpoint that would follow is not wanted."""

        def tick(step: int, _: int, __: float) -> None:
            if on_gpu:
                torch.cuda.synchronize()
            moments.append(time.perf_counter())
            spent.append(time.process_time())
            if step == run.steps:
                raise Enough

        with contextlib.suppress(Enough):
            trainer.run(tick)
        trainer.log.close()
        trained = sum(p.numel() for p in trainer.trained.values())
    peak = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    drawing = example_seconds(run)
    finished, busy = np.diff(moments)[UNCOUNTED - 1 :], float(np.median(np.diff(spent)[UNCOUNTED - 1 :]))
    low, median, high = (float(x) for x in np.quantile(finished, [0.1, 0.5, 0.9]))
    return {
        "case": case, "device": torch.cuda.get_device_name() if on_gpu else "cpu", "precision": run.precision,
        "recompute": run.recompute, "pixels": run.model.image_size, "sources": run.data.sources,
        "targets": run.data.targets, "trained_parameters": trained, "steps": len(finished),
        "seconds_per_step": f"{median:.3f}", "p10": f"{low:.3f}", "p90": f"{high:.3f}",
        "cpu_seconds_per_step": f"{busy:.3f}", "steps_per_second": f"{1 / median:.3f}",
        "peak_gib": f"{peak / 2**30:.2f}",
        "seconds_to_draw_a_source": f"{drawing:.3f}",
        "threads": torch.get_num_threads(), "load": f"{os.getloadavg()[0]:.1f}",
        "torch": torch.__version__, "machine": platform.machine(), "seed": SEED,
    }  # fmt: skip


def keep(rows: list[dict[str, object]]) -> None:
    """Write rows; those of the same case, device and precision are replaced, the others are kept."""
    known: dict[tuple[str, str, str], dict[str, object]] = {}
    former = list(csv.DictReader(OUT.open(encoding="utf-8"))) if OUT.exists() else []
    for row in (*former, *rows):
        known[str(row["case"]), str(row["device"]), str(row["precision"])] = dict(row)
    write_records(OUT, [known[key] for key in sorted(known)])


def main() -> None:
    """Measure the requested cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"out of {', '.join(CASES)} (default: what fits here)")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--precision", choices=("no", "fp16", "bf16"), help="default: the recipe's, toy: no")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--one", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.steps, options.precision, options.device)))
        return
    gpu = torch.cuda.is_available() and options.device != "cpu"
    rows = []
    for case in options.cases or (CASES if gpu else CASES[:3]):
        command = [
            sys.executable,
            "-m",
            "benchmarks.generator.training",
            "--one",
            case,
            "--steps",
            str(options.steps),
            "--device",
            options.device,
        ]
        if options.precision:
            command += ["--precision", options.precision]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"{case}: {rows[-1]['seconds_per_step']} s per step, {rows[-1]['peak_gib']} GiB", file=sys.stderr)
    keep(rows)
    print(f"python -m benchmarks.generator.training {' '.join(sys.argv[1:])}; seed {SEED}; {options.steps} steps each")


if __name__ == "__main__":
    main()
