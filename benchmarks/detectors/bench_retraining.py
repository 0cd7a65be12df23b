"""Retrain blending detectors on the generator's forgeries, with and without replay; write results/retraining.csv.

There are four stages. *Before* trains on the four edits that blend something into genuine footage. *Replay* continues
with these weights on the four edits and the generator's forgeries, each kind equally often. *Anew* trains on the data
of replay from random weights, for as many epochs as before and replay have together. *New alone* continues with the
weights of before on the generator's forgeries only. The corpus is that of `bench_matrix.py`, whose test styles are in
no training; `--seen` names a second one whose test people are drawn in the training's styles, written by

    facetrail corpus synthesize -o SEEN --identities 50 --clips 1 --stills 0 --frames 8 --seed 1 \
        --methods reenactment,face-swap,self-blend,mouth-edit,eyes-edit \
        --test-styles flat,toon,gloss,paint,lowpoly,pixel,halftone

Finished runs are stored and not repeated. Without stored runs, a seed takes about an hour on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import torch

from benchmarks.detectors.cells import HEADER, auc_change, auc_on, flagged
from benchmarks.detectors.methods import new_detector, settings
from benchmarks.detectors.runs import Run, run_once, scored_on
from benchmarks.results_csv import write_rows
from detectors import Detector, TrainingSource, load_detector
from forensics.corpus import Corpus, Label, Slice, Split
from forensics.evaluation.run import corpus_digest
from forensics.faces import KEPT

RESULTS = Path("results/retraining.csv")
BLENDED = ("eyes-edit", "face-swap", "mouth-edit", "self-blend")
NEW = "geometry"
PER_CLIP = 8
"""Frames of a clip for training and scoring: all frames of these clips."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One way to train.

    Attributes:
        methods: Forgeries.
        turns: Times the epochs of a turn.
        goes_on: Whether it begins with the weights of before.
        rate: Peak; None is the recipe's 5e-3. Replay at 2e-3 does worse on validation; alone, a lower one forgets less.
    """

    methods: tuple[str, ...]
    turns: int = 1
    goes_on: bool = False
    rate: float | None = None


STAGES = {
    "before": Stage(BLENDED),
    "replay": Stage((*BLENDED, NEW), goes_on=True),
    "anew": Stage((*BLENDED, NEW), turns=2),
    "new alone": Stage((NEW,), goes_on=True, rate=2e-3),
}


def main() -> None:
    """Train, retrain, score, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--seen", type=Path, required=True, metavar="CORPUS", help="tested on too, never trained on")
    parser.add_argument("--runs", type=Path, required=True, metavar="DIR", help="where runs are kept")
    parser.add_argument("--methods", nargs="+", default=["spsl"], metavar="NAME")
    parser.add_argument("--epochs", type=int, default=8, metavar="N")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument("--share", default="0/1", metavar="I/N", help="do every Nth seed alone, from the Ith on")
    options = parser.parse_args()
    first, step = map(int, options.share.split("/"))
    torch.set_num_threads(1)
    corpus, seen = Corpus.load(options.corpus), Corpus.load(options.seen)
    for one in (corpus, seen):
        (one.root / KEPT).mkdir(exist_ok=True)
    rows: list[tuple[object, ...]] = []
    for name in options.methods:
        found: dict[str, list[Run]] = {stage: [] for stage in STAGES}
        again: dict[str, list[Run]] = {stage: [] for stage in STAGES}
        for seed in range(first, options.seeds, step):
            for title, stage in STAGES.items():
                print(f"{name}, seed {seed}: {title}", flush=True)
                folder = options.runs / f"{name}-{title.replace(' ', '-')}-{seed}"
                detector = new_detector(name, seed)
                if stage.goes_on:
                    known = load_detector(options.runs / f"{name}-before-{seed}", detector.spec)
                    detector = Detector(known.spec, known.model)
                config = settings(name, stage.turns * options.epochs, seed, stage.rate)
                found[title].append(
                    run_once(folder, corpus, detector, config, TrainingSource.FORGED, stage.methods, PER_CLIP)
                )
                again[title].append(scored_on(seen, folder, detector.spec, PER_CLIP))
        rows += [(name, "unseen", *row) for row in _rows(corpus, found)]
        rows += [(name, "seen", *row) for row in _rows(seen, again)]
    if step > 1:
        return
    digest = corpus_digest(corpus.samples)[:16]
    header = ["corpus_digest", "method", "styles", "stage", "tested_on", *HEADER]
    write_rows(RESULTS, header, [(digest, *row) for row in rows])


def _rows(corpus: Corpus, found: dict[str, list[Run]]) -> Sequence[tuple[object, ...]]:
    tested = sorted({sample.method for sample in corpus.where(split=Split.TEST, label=Label.FORGED)})
    rows: list[tuple[object, ...]] = []
    videos = {stage: [run.videos for run in runs] for stage, runs in found.items()}
    for stage, runs in found.items():
        rows += [(stage, method, *astuple(auc_on(videos[stage], method))) for method in tested]
        if stage != "before":
            changes = [(method, auc_change(videos["before"], videos[stage], method)) for method in tested]
            rows += [(stage, method, *astuple(change)) for method, change in changes]
        rows.append((stage, "genuine", *astuple(flagged(runs, Slice.MAIN))))
        rows.append((stage, "genuine, marked", *astuple(flagged(runs, Slice.CONTROL))))
        rows.append((stage, "marked minus plain", *astuple(flagged(runs, Slice.MAIN, Slice.CONTROL))))
    return rows


if __name__ == "__main__":
    main()
