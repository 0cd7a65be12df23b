"""Make a small labelled corpus of genuine and forged avatars, divided by identity, and check it.

The avatars are drawn on one parametric head, so no real person is shown. Half of the forgeries come from the generator,
half are face swaps. Every forged file is marked and signed, and some genuine files carry a control mark.

    python examples/avatars_to_corpus.py OUT [IDENTITIES]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from forensics.corpus import Corpus, check_corpus, tally
from forensics.synthesis.generator_forger import open_forger
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.synthesize import synthesize
from watermark import Deployment


def make_corpus(out: Path, config: SynthesisConfig) -> Corpus:
    """Make what a recipe describes; a run that was stopped continues."""
    deployment = Deployment.open()
    forger = open_forger(deployment, steps=config.steps)
    return synthesize(out, config, forger, deployment)


def main(arguments: Sequence[str] | None = None) -> Corpus:
    """Make, count, check and print."""
    out, *number = sys.argv[1:] if arguments is None else arguments
    config = SynthesisConfig(
        seed=7,
        identities=int(number[0]) if number else 12,
        clips=0,
        stills=1,
        methods=("reenactment", "face-swap"),
    )
    corpus = make_corpus(Path(out), config)
    for one in tally(corpus.samples):
        print(f"{one.split:6} {one.label:8} {one.slice:8} {one.stills} pictures of {one.identities} people")
    complaints = check_corpus(corpus)
    for complaint in complaints:
        print(f"{complaint.fault}: {complaint.message}")
    print("the corpus is sound" if not complaints else f"{len(complaints)} faults")
    return corpus


if __name__ == "__main__":
    main()
