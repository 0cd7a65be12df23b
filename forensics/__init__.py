"""Examine files, build labelled corpora, train and evaluate detectors, and report; the top floor of facetrail.

Everything that the command line does can be done from here:

* examine a file: `Examiner(...).examine(path)` returns an `Examination` with a `Verdict` and its `Finding`;
* animate a picture: `animate_file(AnimationRequest(...), deployment)`;
* make, import and check a labelled `Corpus`: `synthesize`, `import_corpus`, `check_corpus`;
* train a detector on one: `train_on`;
* evaluate detectors, or the scores of another program: `evaluate_corpus`, `evaluate_files`, `measure_table`,
  `compare_all`;
* write the report, and verify a signed one: `write_report`, `verify_report`.

Each name is loaded when it is first used, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .animation.animate import AnimationRequest, animate_file
    from .corpus import Corpus, Label, Sample, Slice, Split, check_corpus
    from .corpus.importers import import_corpus
    from .evaluation import EvalReport, ScoreTable, compare_all, measure_table, read_scores
    from .evaluation.run import evaluate_corpus, evaluate_files, score_samples
    from .examination.examiner import Examination, Examiner
    from .examination.verdict import Finding, Verdict, judge
    from .faces import find_faces
    from .reporting import verify_report, write_report
    from .synthesis.plan import SynthesisConfig
    from .synthesis.synthesize import synthesize
    from .training.train import train_on
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "AnimationRequest",
    "Corpus",
    "EvalReport",
    "Examination",
    "Examiner",
    "Finding",
    "Label",
    "Sample",
    "ScoreTable",
    "Slice",
    "Split",
    "SynthesisConfig",
    "Verdict",
    "animate_file",
    "check_corpus",
    "compare_all",
    "evaluate_corpus",
    "evaluate_files",
    "find_faces",
    "import_corpus",
    "judge",
    "measure_table",
    "read_scores",
    "score_samples",
    "synthesize",
    "train_on",
    "verify_report",
    "write_report",
]
