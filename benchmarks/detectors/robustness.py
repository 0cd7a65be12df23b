"""Measure the shipped detector under distortion suites on an avatar corpus; write results/robustness.csv.

The corpus is the one that the detector's card names, or any other from `facetrail corpus synthesize`. Only its test
split is scored, whose identities are in no training, with one kind of forgery. Scored cells are stored in the work
folder, so that an interrupted run can be resumed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.detectors.one_forgery import against_genuine
from benchmarks.results_csv import write_rows
from forensics.corpus import Corpus
from forensics.distortions import gather_cells
from forensics.evaluation import Measure
from forensics.evaluation.robustness import CELLS, GridRun, measure_grid
from forensics.evaluation.run import Settings, evaluate_corpus
from forensics.execution.workers import WorkerConfig

RESULTS = Path("results/robustness.csv")
SUITES = ("deeperforensics1", "everyday")
COLUMNS = (
    "corpus_digest", "detector", "threshold", "distortion", "severity", "parameter", "name", "value", "low", "high",
    "n_positive", "n_negative", "note",
)  # fmt: skip


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--detector", default="cpu", metavar="NAME_OR_DIR")
    parser.add_argument("--method", default="geometry", metavar="NAME", help="the forgery that is measured")
    parser.add_argument("--suite", nargs="+", default=SUITES, metavar="NAME")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="folder of scored cells")
    options = parser.parse_args()
    settings = Settings(seed=options.seed)
    (done,) = evaluate_corpus(Corpus.load(options.corpus), [options.detector], settings, out=options.work)
    threshold = done.report.threshold
    if done.detector is None or done.corpus is None or done.folder is None or threshold is None:
        parser.error(f"{options.detector} is a probe or has no threshold; name a detector")
    cells, absent = gather_cells(options.suite)
    for cell in absent:
        print(f"left out for want of {cell.distortion.encoder}: {cell}")
    run = GridRun(
        done.detector, done.corpus, tuple(against_genuine(done.samples, options.method)),
        done.report.detector_digest, seed=options.seed, finder=done.finder, folder=done.folder / CELLS,
        worker_config=WorkerConfig(workers=options.workers),
    )  # fmt: skip
    grid = measure_grid(
        run, [(cell.name, cell.severity) for cell in cells], threshold=threshold,
        report=lambda share, note: print(f"{share:4.0%} {note}", flush=True),
    )  # fmt: skip
    write(done.report.corpus_digest, options.detector, threshold, grid.measures)


def write(corpus: str, detector: str, threshold: float, measures: tuple[Measure, ...]) -> None:
    """Write the measures as CSV."""
    about = corpus[:16], detector, threshold
    cells = [(*about, *(getattr(one, name) for name in COLUMNS[len(about) :])) for one in measures]
    write_rows(RESULTS, COLUMNS, cells)


if __name__ == "__main__":
    main()
