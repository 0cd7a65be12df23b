"""Probe which cues other than manipulation separate the classes of an avatar corpus; write results/probes.csv.

Packaging and codec traces are probed on the whole corpus with disjoint people. The information of a detector's features
about identities and about our mark is probed on the test split.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import torch

from benchmarks.results_csv import write_rows
from detectors import Detector, load_detector
from forensics.corpus import Corpus, Split
from forensics.evaluation import Measure
from forensics.evaluation.probes import Outcome, probe_codec, probe_identity, probe_mark, probe_metadata
from forensics.evaluation.run import corpus_digest
from forensics.faces import CropTable, gather_crops

RESULTS = Path("results/probes.csv")
PROBES = ("metadata", "codec", "identity", "mark")


def main() -> None:
    """Probe and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--detector", default="cpu", metavar="NAME_OR_DIR")
    parser.add_argument("--only", nargs="+", choices=PROBES, default=PROBES, metavar="PROBE")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus, detector = Corpus.load(options.corpus), load_detector(options.detector)

    def named() -> list[tuple[str, Detector, CropTable]]:
        crop_table = gather_crops(corpus, corpus.where(split=Split.TEST), detector.spec, per_clip=8)
        return [(options.detector, detector, crop_table)]

    probes: dict[str, Callable[[], Outcome]] = {
        "metadata": lambda: probe_metadata(corpus, seed=options.seed),
        "codec": lambda: probe_codec(corpus, detector.spec, seed=options.seed),
        "identity": lambda: probe_identity(named(), seed=options.seed),
        "mark": lambda: probe_mark(named(), seed=options.seed),
    }
    names = [item.name for item in fields(Measure) if item.name not in ("level", "distortion", "severity", "parameter")]
    digest = corpus_digest(corpus.samples)[:16]
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in PROBES}
    if set(options.only) < set(PROBES):
        with RESULTS.open(encoding="utf-8", newline="") as file:
            for row in list(csv.reader(file))[1:]:
                rows[row[1]].append(tuple(row))
    for name in options.only:
        outcome = probes[name]()
        print(f"{outcome.probe}: {outcome.protocol}", *outcome.warnings, sep="\n  ")
        about = digest, outcome.probe, options.seed
        rows[name] = [(*about, *(getattr(one, field) for field in names)) for one in outcome.measures]
    write_rows(RESULTS, ["corpus_digest", "probe", "seed", *names], [row for name in PROBES for row in rows[name]])


if __name__ == "__main__":
    main()
