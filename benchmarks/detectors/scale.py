"""Measure how corpora scale, on one machine, and write results/scale.csv.

    .venv/bin/python -m benchmarks.detectors.scale

On two cores this takes minutes. `--only PART …` measures some parts again and keeps the others; `--million` adds a
million rows to `rows`, which takes ten minutes more.

* `rows`: CPU time in microseconds per row for every step over a manifest, with 1,000 to 100,000 synthetic rows.
* `memory`: memory that an export of 10,000 small samples adds to its process.
* `same`: whether 1, 2 and 4 workers write the same manifest and the same shards.
* `killed`: the same, with a worker killed during the work.
* `workers`: samples per second with one warm worker and with two, in turn.
* `export`: data that a core writes to shards and unpacks per second.
* `costs`: seconds of one core and bytes for synthesis, cutting and scoring, for plans.

Every worker has one thread.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import platform
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

from forensics.execution.workers import WorkerConfig, one_thread_each

one_thread_each()

import numpy as np  # noqa: E402 - what computes is imported after it was told to use one thread

from benchmarks.results_csv import write_rows  # noqa: E402
from detectors import load_detector  # noqa: E402
from forensics.corpus import (  # noqa: E402
    Corpus,
    Label,
    Sample,
    Slice,
    Split,
    find_duplicates,
    find_leaks,
    near_pairs,
    read_manifest,
    split_by_identity,
    write_manifest,
)
from forensics.corpus.shards import ShardPlan, Target, export_corpus, plan_shards, unpack_corpus, write_manifest_parquet  # noqa: E402
from forensics.evaluation import (  # noqa: E402
    ScoreTable,
    measure_table,
)
from forensics.evaluation.run import score_samples  # noqa: E402
from forensics.faces import keep_crops  # noqa: E402
from forensics.synthesis.generator_forger import open_forger  # noqa: E402
from forensics.synthesis.plan import SynthesisConfig, plan_corpus  # noqa: E402
from forensics.synthesis.synthesize import synthesize  # noqa: E402
from watermark import Deployment, encode_still  # noqa: E402

RESULTS = Path(__file__).parents[2] / "results" / "scale.csv"
COLUMNS = ("part", "measure", "n", "value", "unit", "seed", "load", "machine")
SEED = 0
REPLICATES = 20
RECIPE = SynthesisConfig(seed=SEED, identities=6, clips=1, stills=0, frames=6, methods=("reenactment", "self-blend"))
Row = tuple[str, str, int, float | str, str]


def synthetic(count: int) -> list[Sample]:
    """Build synthetic rows of a manifest: eight files per person, half of them forged with the next person's motion."""
    rows = []
    for number in range(count):
        person, forged = number // 8, number % 2
        look, other = f"p{person:06d}", f"p{person ^ 1:06d}"
        rows.append(
            Sample(
                id=f"s{number:07d}", path=f"media/s{number:07d}.mp4", sha256=hashlib.sha256(b"%d" % number).hexdigest(),
                label=Label.FORGED if forged else Label.GENUINE, method="made" if forged else "camera",
                split=Split.TRAIN, identities=(look, other) if forged else (look,), source_id=look,
                drive_id=f"{other if forged else look}-m{number % 8}", style="none", slice=Slice.MAIN, seed=number,
                frames=16, fps=12.5, width=256, height=256, mark_id=None, landmarks=None, landmarks_sha256=None,
            )
        )  # fmt: skip
    return rows


def timed(do: Callable[[], object]) -> float:
    """Return the CPU time of an action in this process, in seconds."""
    begun = time.process_time()
    do()
    return time.process_time() - begun


MOST_COMPARED = 100_000
"""Rows up to which near duplicates are looked for, since that compares each with each."""


def measure_rows(counts: tuple[int, ...], folder: Path) -> Iterator[Row]:
    """Measure the time of every step over a manifest."""
    for count in counts:
        for name, step in steps_over(synthetic(count), folder).items():
            yield "rows", name, count, 1e6 * timed(step) / count, "us a row"


def steps_over(samples: list[Sample], folder: Path) -> dict[str, Callable[[], object]]:
    """Return the steps over a manifest by name, each ready to be run."""
    rng, count = np.random.default_rng(SEED), len(samples)
    hashes = rng.integers(0, 2**64, (count, 4), dtype=np.uint64)
    table = ScoreTable(
        videos=tuple(f"{one.method}/{one.id}" for one in samples),
        identities=tuple(one.identities for one in samples),
        labels=np.array([one.label is Label.FORGED for one in samples], dtype=np.int64),
        scores=rng.random(count),
        slices=("main",) * count,
        methods=tuple(one.method for one in samples),
    )
    near = {"find near duplicates": lambda: list(near_pairs(hashes[: count // 2], hashes[count // 2 :]))}
    return {
        "write manifest": lambda: write_manifest(folder, samples),
        "read manifest": lambda: list(read_manifest(folder)),
        "split by identity": lambda: split_by_identity(samples, np.random.default_rng(SEED)),
        "find leaks": lambda: list(find_leaks(samples)),
        "find equal files": lambda: list(find_duplicates(samples)),
        **(near if count <= MOST_COMPARED else {}),
        f"measures, {REPLICATES} replicates": lambda: measure_table(
            table, seed=SEED, threshold=0.5, replicates=REPLICATES
        ),
        "plan shards": lambda: planned(samples),
        "write Parquet": lambda: write_manifest_parquet(folder / "m.parquet", ((one, None, None) for one in samples)),
    }


def planned(samples: list[Sample]) -> tuple[ShardPlan, ...]:
    """Plan shards of one mebibyte for samples."""
    return plan_shards(samples, lambda one: one.split.value, lambda one: 1 << 20, seed=SEED, most_bytes=1 << 28)


def resident() -> float:
    """Return the memory of this process in MiB."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def measure_memory(folder: Path, count: int) -> Iterator[Row]:
    """Export many small pictures, and measure this process' memory after a tenth and at the end."""
    root = folder / "many"
    (root / "media").mkdir(parents=True)
    samples = []
    for number, row in enumerate(synthetic(count)):
        path = root / f"media/s{number:07d}.png"
        if number == 0:
            encode_still(np.random.default_rng(SEED).integers(0, 255, (32, 32, 3), dtype=np.uint8), path)
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
        path.write_bytes(content)
        samples.append(replace(row, path=f"media/{path.name}", sha256=digest, frames=1, fps=None))
    corpus, seen = Corpus(root, tuple(samples)), list[float]()
    export_corpus(
        corpus,
        folder / "many-out",
        Target.WEBDATASET,
        most_bytes=1 << 18,
        report=lambda share, note: seen.append(resident()),
    )
    early, last = seen[len(seen) // 10], max(seen[len(seen) // 10 :])
    yield "memory", "after a tenth of the export", count // 10, early, "MiB"
    yield "memory", "most after that", count, last, "MiB"


def unsigned(root: Path) -> str:
    """Return the digest of a manifest without the hashes of signed files, whose signatures differ from run to run."""
    lines = [json.loads(line) for line in (root / "manifest.jsonl").read_text("utf-8").splitlines()]
    kept = [{key: value for key, value in one.items() if key != "sha256" or one["mark_id"] is None} for one in lines]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def shards_digest(folder: Path) -> str:
    """Return the digest of every byte of an export."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.name != ".lock"):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class Studio:
    """Synthesise the same corpus repeatedly."""

    def __init__(self, folder: Path) -> None:
        """Open a deployment in the folder, and load the generator."""
        self.folder, self.deployment = folder, Deployment.open(folder / "home")
        self.forger = open_forger(self.deployment)

    def make(self, name: str, workers: int, *, kill: bool = False) -> tuple[Path, list[float]]:
        """Synthesise the corpus; return its folder, and the time at which each sample was finished.

        Args:
            name: Name of its folder.
            workers: Number of processes.
            kill: Whether one of them is killed after the first few samples.
        """
        moments: list[float] = []

        def report(share: float, note: str) -> None:
            moments.append(time.perf_counter())
            if kill and len(moments) == 5:
                os.kill(active_children()[0].pid or 0, signal.SIGKILL)

        root = self.folder / name
        synthesize(root, RECIPE, self.forger, self.deployment, report, worker_config=WorkerConfig(workers=workers))
        return root, moments


def measure_same(studio: Studio) -> Iterator[Row]:
    """Compare manifests and shards by the number of workers."""
    count = len(plan_corpus(RECIPE))
    for workers in (1, 2, 4):
        root, _ = studio.make(f"same-{workers}", workers)
        yield "same", f"manifest, {workers} workers", count, unsigned(root), "sha256"
    corpus = Corpus.load(studio.folder / "same-1")
    for workers in (1, 2, 4):
        out = studio.folder / f"shards-{workers}"
        export_corpus(corpus, out, Target.WEBDATASET, most_bytes=1 << 20, worker_config=WorkerConfig(workers=workers))
        yield "same", f"shards and Parquet, {workers} workers", count, shards_digest(out), "sha256"


def measure_killed(studio: Studio) -> Iterator[Row]:
    """Measure the result after a worker was killed during the work."""
    root, moments = studio.make("killed", 2, kill=True)
    yield "killed", "manifest, 2 workers, one killed", len(Corpus.load(root).samples), unsigned(root), "sha256"
    yield "killed", "samples handed in", len(plan_corpus(RECIPE)), len(moments), "samples"


def measure_workers(studio: Studio, rounds: int) -> Iterator[Row]:
    """Compare one warm worker with two, in turn; the first third of the samples warms them up."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for workers, found in rates.items():
            _, moments = studio.make(f"round-{number}-{workers}", workers)
            warm = moments[len(moments) // 3 :]
            found.append((len(warm) - 1) / (warm[-1] - warm[0]))
    for workers, found in rates.items():
        yield "workers", f"samples a second, {workers} warm", rounds, statistics.median(found), "1/s"
    ratios = [two / one for one, two in zip(*rates.values(), strict=True)]
    yield "workers", "two over one, median of the rounds", rounds, statistics.median(ratios), "ratio"


def measure_costs(studio: Studio) -> Iterator[Row]:
    """Measure the time of a plan's steps, on one thread."""
    root = studio.folder / "costs"
    made = timed(lambda: studio.make("costs", 1))
    corpus = Corpus.load(root)
    frames, count = sum(sample.frames for sample in corpus.samples), len(corpus.samples)
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    yield "costs", "make and seal a sample", count, made / count, "core s a sample"
    yield "costs", "make and seal a frame", frames, made / frames, "core s a frame"
    yield "costs", "size of a frame, sidecar and mask with it", frames, size / frames / 1024, "KiB a frame"
    detector = load_detector("cpu")
    cut = timed(lambda: keep_crops(corpus, detector.spec, per_clip=8))
    crops = sum(path.stat().st_size for path in (root / "crops").iterdir())
    yield "costs", "cut and keep a frame's crop", frames, cut / frames, "core s a frame"
    yield "costs", "size of a kept crop", frames, crops / frames / 1024, "KiB a frame"
    scored = timed(lambda: score_samples(detector, corpus, corpus.samples, per_clip=8, worker_config=WorkerConfig()))
    yield "costs", "score a frame, crop kept, detector cpu", frames, scored / frames, "core s a frame"


def measure_export(folder: Path, count: int = 64) -> Iterator[Row]:
    """Measure exporting files of four mebibytes, and unpacking them."""
    root, rng, samples = folder / "large", np.random.default_rng(SEED), []
    (root / "media").mkdir(parents=True)
    for row in synthetic(count):
        content = rng.bytes(4 << 20)
        (root / row.path).write_bytes(content)
        samples.append(replace(row, sha256=hashlib.sha256(content).hexdigest()))
    corpus = Corpus(root, tuple(samples))
    written = timed(lambda: export_corpus(corpus, folder / "large-out", Target.WEBDATASET, most_bytes=1 << 26))
    yield "export", "write shards of clips of 4 MiB", count, 4 * count / written, "MiB a core s"
    read = timed(lambda: unpack_corpus(folder / "large-out", folder / "large-back"))
    yield "export", "unpack them", count, 4 * count / read, "MiB a core s"


def measured(parts: list[str], options: argparse.Namespace) -> Iterator[Row]:
    """Measure the chosen parts."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        counts = (*(options.counts or (1_000, 10_000, 100_000)), *((1_000_000,) if options.million else ()))
        if "memory" in parts:  # first, because the memory of other parts would hide that of this one
            yield from measure_memory(folder, options.samples)
        if "rows" in parts:
            yield from measure_rows(counts, folder)
        if "export" in parts:
            yield from measure_export(folder)
        if set(parts) & {"same", "killed", "workers", "costs"}:
            studio = Studio(folder)
            if "same" in parts:
                yield from measure_same(studio)
            if "killed" in parts:
                yield from measure_killed(studio)
            if "workers" in parts:
                yield from measure_workers(studio, options.rounds)
            if "costs" in parts:
                yield from measure_costs(studio)


PARTS = ("rows", "memory", "export", "same", "killed", "workers", "costs")


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--counts", nargs="+", type=int, metavar="N", help="rows, instead of 1000 10000 100000")
    parser.add_argument(
        "--samples", type=int, default=10_000, metavar="N", help="of the export whose memory is looked at"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs with one and with two workers")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="CSV")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    rows: list[list[object]] = []
    for part, measure, count, value, unit in measured(options.only, options):
        rows.append([part, measure, count, value, unit, SEED, os.getloadavg()[0], machine])
        print(f"{part}: {measure}, {count}: {value if isinstance(value, str) else f'{value:.4g}'} {unit}", flush=True)
    if options.out.is_file():
        with options.out.open(encoding="utf-8", newline="") as file:
            rows += [list(row.values()) for row in csv.DictReader(file) if row["part"] not in options.only]
    rows.sort(key=lambda row: PARTS.index(str(row[0])))
    write_rows(options.out, COLUMNS, rows)


if __name__ == "__main__":
    main()
