"""Ask what else than manipulation gives the classes of a puppet corpus away; write results/probes.csv.

Packaging and codec traces are tried on the whole corpus with people kept apart; what a detector's features carry of
identities and of our mark, on the test split.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import torch
from results_csv import write_rows

from detectors import load_detector
from forensics.corpus import Corpus, Split
from forensics.evaluating import corpus_digest
from forensics.evaluation import Measure
from forensics.faces.crops import gather_crops
from forensics.probes.codec import probe_codec
from forensics.probes.identity import probe_identity
from forensics.probes.mark import probe_mark
from forensics.probes.metadata import probe_metadata

RESULTS = Path("results/probes.csv")


def main() -> None:
    """Probe and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--detector", default="cpu", metavar="NAME_OR_DIR")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus, detector = Corpus.load(options.corpus), load_detector(options.detector)
    shelf = gather_crops(corpus, corpus.where(split=Split.TEST), detector.spec, per_clip=8)
    named = [(options.detector, detector, shelf)]
    outcomes = (
        probe_metadata(corpus, seed=options.seed),
        probe_codec(corpus, detector.spec, seed=options.seed),
        probe_identity(named, seed=options.seed),
        probe_mark(named, seed=options.seed),
    )
    names = [item.name for item in fields(Measure) if item.name not in ("level", "distortion", "severity", "parameter")]
    digest = corpus_digest(corpus.samples)[:16]
    rows = []
    for outcome in outcomes:
        print(f"{outcome.probe}: {outcome.protocol}", *outcome.warnings, sep="\n  ")
        about = digest, outcome.probe, options.seed
        rows += [(*about, *(getattr(one, name) for name in names)) for one in outcome.measures]
    write_rows(RESULTS, ["corpus_digest", "probe", "seed", *names], rows)


if __name__ == "__main__":
    main()
