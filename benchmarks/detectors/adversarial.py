"""Attack detectors on an avatar corpus, white box and by transfer; write results/adversarial.csv.

Two detectors are measured: the shipped one, and a small one of another architecture that is trained here on the corpus'
train split. Each is attacked, and its adversarial frames are also scored by the other. Only the test split is attacked,
whose identities are new to both detectors, with one kind of forgery. The thresholds are those fitted on validation
data.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

import torch

from benchmarks.detectors.one_forgery import against_genuine
from benchmarks.results_csv import write_rows
from detectors import TrainConfig, find_spec, load_detector
from forensics.corpus import Corpus, Split
from forensics.evaluation import Measure
from forensics.evaluation.adversarial import EPSILONS, AttackPlan, measure_attacks
from forensics.evaluation.run import corpus_digest, frozen_threshold
from forensics.training.run_settings import TrainingRun
from forensics.training.train import train_on

RESULTS = Path("results/adversarial.csv")
LEFT_OUT = ("level", "slice")


def main() -> None:
    """Train, attack, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--detector", default="cpu", metavar="NAME_OR_DIR")
    parser.add_argument(
        "--trained", default="toy_efficientnet_b0", metavar="NAME", help="detector that is trained here"
    )
    parser.add_argument("--method", default="geometry", metavar="NAME", help="the forgery that is attacked")
    parser.add_argument("--epochs", type=int, default=4, metavar="N")
    parser.add_argument("--per-clip", type=int, default=1, metavar="N", help="frames of a clip that are attacked")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus = Corpus.load(options.corpus)
    config = TrainConfig.of(find_spec(options.trained), epochs=options.epochs, seed=options.seed)
    trained, log = train_on(corpus, TrainingRun(detector=options.trained, per_clip=2, config=config))
    print(f"{options.trained}: frame AUC {log.validation_auc:.3f} on validation", flush=True)
    targets = {options.detector: load_detector(options.detector), options.trained: trained}
    samples = against_genuine(corpus.where(split=Split.TEST), options.method)
    rows: list[tuple[str, Measure]] = []
    for method in ("fgsm", "pgd"):
        measured = measure_attacks(
            targets,
            {name: frozen_threshold(detector) for name, detector in targets.items()},
            corpus,
            samples,
            AttackPlan(method, EPSILONS, per_clip=options.per_clip, seed=options.seed),
            report=lambda share, note: print(f"{share:4.0%} {note}", flush=True),
        )
        rows += [(name, one) for name, measures in measured.items() for one in measures]
    write(rows, corpus_digest(samples), {name: frozen_threshold(one) for name, one in targets.items()}, options)


def write(
    rows: list[tuple[str, Measure]], digest: str, thresholds: dict[str, float], options: argparse.Namespace
) -> None:
    """Write the measures as CSV."""
    names = [item.name for item in fields(Measure) if item.name not in LEFT_OUT]
    cells = [
        (
            *(digest[:16], detector, thresholds[detector], options.seed, options.per_clip),
            *(getattr(one, name) for name in names),
        )
        for detector, one in rows
    ]
    write_rows(RESULTS, ["corpus_digest", "detector", "threshold", "seed", "frames_of_a_clip", *names], cells)


if __name__ == "__main__":
    main()
