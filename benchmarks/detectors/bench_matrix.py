"""Train five methods on one forgery each and test them on every forgery; write results/detector_matrix.csv.

The corpus is written by
    facetrail corpus synthesize -o CORPUS --identities 200 --clips 1 --stills 0 --frames 8 \
        --methods reenactment,codec-twin,mesh-warp,face-swap,self-blend,mouth-edit,eyes-edit \
        --test-styles clay,pencil,watercolour
so that no training uses test identities and test styles, not even that of the generator. All methods share one small
backbone and one crop contract, and begin from random weights. Finished runs are stored in a folder and not repeated, so
an interrupted measurement can be resumed.
"""

from __future__ import annotations

import argparse
from dataclasses import astuple
from pathlib import Path

import torch

from benchmarks.detectors.cells import HEADER, auc_on, flagged
from benchmarks.detectors.methods import BLENDED, METHODS, new_detector, settings, training_source_of
from benchmarks.detectors.runs import is_done, run_once
from benchmarks.results_csv import write_rows
from forensics.corpus import Corpus, Label, Slice, Split
from forensics.evaluation.run import corpus_digest
from forensics.faces import KEPT

RESULTS = Path("results/detector_matrix.csv")
TRAINED_ON = ("geometry", "codec-twin", "mesh-warp", "face-swap", "self-blend", "mouth-edit")


def main() -> None:
    """Train, score, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--runs", type=Path, required=True, metavar="DIR", help="where runs are kept")
    parser.add_argument("--methods", nargs="+", default=METHODS, metavar="NAME")
    parser.add_argument("--epochs", type=int, default=6, metavar="N")
    parser.add_argument("--seeds", type=int, default=3, metavar="N")
    parser.add_argument(
        "--finished", action="store_true", help="write of the runs that are there; each row says how many"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the matrix too")
    parser.add_argument("--share", default="0/1", metavar="I/N", help="do every Nth run alone, from the Ith on")
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus = Corpus.load(options.corpus)
    (corpus.root / KEPT).mkdir(exist_ok=True)
    tested = sorted({sample.method for sample in corpus.where(split=Split.TEST, label=Label.FORGED)})
    rows_of = [(name, trained_on) for name in options.methods for trained_on in TRAINED_ON] + [(BLENDED, "genuine")]
    jobs = [(name, trained_on, seed) for seed in range(options.seeds) for name, trained_on in rows_of]
    first, step = map(int, options.share.split("/"))
    runs = {}
    for number, (name, trained_on, seed) in enumerate(jobs):
        folder = options.runs / f"{name}-{trained_on}-{seed}"
        if number % step != first or (options.finished and not is_done(folder)):
            continue
        print(f"{number + 1} of {len(jobs)}: {name} on {trained_on}, seed {seed}", flush=True)
        runs[name, trained_on, seed] = run_once(
            folder,
            corpus,
            new_detector(name, seed),
            settings(name, options.epochs, seed),
            training_source_of(name),
            () if name == BLENDED else (trained_on,),
        )
    if step > 1:
        return
    digest = corpus_digest(corpus.samples)[:16]
    rows: list[tuple[object, ...]] = []
    found: dict[tuple[str, str, str], float] = {}
    for name, trained_on in rows_of:
        these = [runs[name, trained_on, seed] for seed in range(options.seeds) if (name, trained_on, seed) in runs]
        about = digest, name, trained_on
        cells = {method: auc_on([run.videos for run in these], method) for method in tested}
        found |= {(name, trained_on, method): cell.value for method, cell in cells.items()}
        rows += [(*about, method, *astuple(cell)) for method, cell in cells.items()]
        rows.append((*about, "genuine", *astuple(flagged(these, Slice.MAIN))))
        rows.append((*about, "genuine, marked", *astuple(flagged(these, Slice.CONTROL))))
        rows.append((*about, "marked minus plain", *astuple(flagged(these, Slice.MAIN, Slice.CONTROL))))
    write_rows(RESULTS, ["corpus_digest", "method", "trained_on", "tested_on", *HEADER], rows)
    if options.picture is not None:
        from benchmarks.detectors.picture import draw_matrix  # needs matplotlib, in the extra `bench`

        draw_matrix(found, options.methods, TRAINED_ON, tested, options.picture)


if __name__ == "__main__":
    main()
