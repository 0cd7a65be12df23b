"""Measure the shipped detector on the test split of the corpus it was trained on; write results/cpu_detector.csv.

The corpora and the training are those of docs/model-cards/cpu.md. Besides the measures of `facetrail evaluate`, the AUC
on each forgery against plain genuine samples is measured, in slices named after the forgery. The same is measured for
the forgeries that only a second corpus contains.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.detectors.cells import auc_on
from benchmarks.results_csv import write_rows
from forensics.corpus import Corpus, Label, Split
from forensics.evaluation.run import Settings, evaluate_corpus

RESULTS = Path("results/cpu_detector.csv")
NOT_LEARNED = "not learned"
COLUMNS = (
    "name", "level", "slice", "distortion", "severity", "value", "low", "high", "n_positive", "n_negative", "note"
)  # fmt: skip


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--unlearned", type=Path, required=True, metavar="CORPUS", help="with further forgeries")
    parser.add_argument("--detector", default="cpu", metavar="NAME_OR_DIR")
    options = parser.parse_args()
    rows: list[tuple[object, ...]] = []
    known: set[str] = set()
    for place, note in ((options.corpus, ""), (options.unlearned, NOT_LEARNED)):
        corpus = Corpus.load(place)
        (done,) = evaluate_corpus(corpus, [options.detector], Settings())
        if done.table is None:
            raise SystemExit("nothing was scored")
        if not note:
            rows += [tuple(getattr(measure, column) for column in COLUMNS) for measure in done.report.measures]
        videos = done.table.by_video()
        there = {sample.method for sample in corpus.where(split=Split.TEST, label=Label.FORGED)}
        for method in sorted(there - known):
            cell = auc_on([videos], method)
            rows.append((cell.measure, "video", f"method={method}", "none", 0, cell.value, cell.low, cell.high,
                         cell.forged, cell.genuine, note))  # fmt: skip
        known |= there
    write_rows(RESULTS, COLUMNS, rows)


if __name__ == "__main__":
    main()
