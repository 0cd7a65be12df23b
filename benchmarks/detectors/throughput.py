"""Compare scoring a corpus from disk with the forward pass of the same network; write results/throughput.csv.

*From disk* is the work of `facetrail evaluate --workers N`: decode, cut, score and aggregate, with one process per
core. *Bare* is timm's forward pass on crops in memory, with as many threads. Both are measured in turn, several times;
the ratio is that of the medians. The start of the processes is not included and has its own column.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from statistics import median

import torch

from benchmarks.results_csv import write_rows
from detectors import Detector, create_detector
from detectors.preprocessing import to_input
from forensics.corpus import Corpus, Sample, Split
from forensics.evaluation.run import GROUP, score_samples
from forensics.execution.environment import machine
from forensics.execution.workers import WorkerConfig
from forensics.faces import gather_crops

RESULTS = Path("results/throughput.csv")
DETECTORS = ("cpu", "resnet50", "efficientnet_b4", "xception")
BATCH = 32
PER_CLIP = 8


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="CORPUS", help="without kept crops")
    parser.add_argument("--detectors", nargs="+", default=DETECTORS, metavar="NAME")
    parser.add_argument("--seconds", type=float, default=15.0, metavar="S", help="of each measurement, about")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    options = parser.parse_args()
    corpus, cores = Corpus.load(options.corpus), os.cpu_count() or 1
    torch.set_num_threads(cores)
    rows = []
    for name in options.detectors:
        detector = create_detector(name)
        samples = [sample for sample in corpus.where(split=Split.TEST) if not sample.is_still]
        crops = gather_crops(corpus, samples[:BATCH], detector.spec, per_clip=PER_CLIP).crops[:BATCH]
        batch = to_input(crops, detector.spec).contiguous(memory_format=torch.channels_last)
        bare_rate = bare(detector, batch, 2.0)
        count = max(6 * cores * GROUP, round(options.seconds * bare_rate / PER_CLIP))
        shown = [samples[number % len(samples)] for number in range(count)]
        pairs = [(bare(detector, batch, options.seconds), from_disk(detector, corpus, shown, cores))
                 for _ in range(options.repeats)]  # fmt: skip
        plain, rates = median(one for one, _ in pairs), median(rate for _, (rate, _) in pairs)
        start = median(seconds for _, (_, seconds) in pairs)
        rows.append((name, PER_CLIP * count, plain, rates, rates / plain, start, cores, options.repeats,
                     os.getloadavg()[0], machine()))  # fmt: skip
        print(f"{name}: bare {plain:.1f}, from disk {rates:.1f} crops/s, ratio {rates / plain:.2f}", flush=True)
    header = ["detector", "crops", "bare_per_second", "from_disk_per_second", "ratio", "start_seconds", "cores",
              "repeats", "load", "machine"]  # fmt: skip
    write_rows(RESULTS, header, rows)


def bare(detector: Detector, batch: torch.Tensor, seconds: float) -> float:
    """Return the crops per second of the network alone."""
    model = detector.model.eval()
    with torch.inference_mode():
        model(batch)
        begun, done = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            model(batch)
            done += len(batch)
    return done / (time.perf_counter() - begun)


def from_disk(detector: Detector, corpus: Corpus, samples: list[Sample], workers: int) -> tuple[float, float]:
    """Return the crops per second once every worker has answered, and the seconds until the first answer."""
    told: list[tuple[float, float]] = []
    begun = time.perf_counter()
    score_samples(
        detector,
        corpus,
        samples,
        per_clip=PER_CLIP,
        worker_config=WorkerConfig(workers=workers),
        report=lambda share, _: told.append((time.perf_counter(), share)),
    )
    (warm, done), (last, _) = told[workers - 1], told[-1]
    return PER_CLIP * len(samples) * (1 - done) / (last - warm), told[0][0] - begun


if __name__ == "__main__":
    main()
