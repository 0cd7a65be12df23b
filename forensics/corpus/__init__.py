"""Labelled corpora: what a sample is, how a corpus is made, divided, read and checked.

Only the light parts stand here; `synthesize` and `folders` load the rooms below and are imported by who needs them.
"""

from __future__ import annotations

from .checks.check import Complaint, Fault, Tally, check_corpus, tally
from .manifest import Corpus, write_manifest
from .sample import Label, Sample, Slice, Split
from .split import split_by_identity

__all__ = [
    "Complaint",
    "Corpus",
    "Fault",
    "Label",
    "Sample",
    "Slice",
    "Split",
    "Tally",
    "check_corpus",
    "split_by_identity",
    "tally",
    "write_manifest",
]
