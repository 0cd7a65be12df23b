"""Declare the ways to test a detector on a corpus, and what each allows to conclude."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.corpus import Corpus, Sample, Split
from forensics.errors import CorpusError, InputError, did_you_mean


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way to test a detector.

    Attributes:
        name: Name on the command line.
        summary: One line on what it does and shows.
        whole: Whether every sample is tested, regardless of its split.
        own_threshold: Whether the threshold is frozen on the corpus' own validation split instead of the detector's.
        by_method: Whether each forgery method is measured separately against all genuine samples.
    """

    name: str
    summary: str
    whole: bool = False
    own_threshold: bool = False
    by_method: bool = False

    def samples(self, corpus: Corpus) -> tuple[Sample, ...]:
        """Return the samples to test.

        Raises:
            CorpusError: There is none.
        """
        samples = corpus.samples if self.whole else corpus.where(split=Split.TEST)
        if not samples:
            raise CorpusError(
                f"{corpus.root} has no test split; divide it with `facetrail corpus split`, or test the whole of it "
                "with `--protocol unseen`",
                corpus.root,
            )
        return samples


SEALED = Protocol("sealed", "the test split once, at the threshold the detector froze on its own validation data")
PROTOCOLS = (
    SEALED,
    Protocol(
        "cross", "as sealed, and each forgery method by itself: a row of the cross-forgery matrix", by_method=True
    ),
    Protocol("adapted", "as sealed, but the threshold comes from this corpus' validation split", own_threshold=True),
    Protocol(
        "unseen", "every sample of a corpus that the detector never saw, whatever its split", whole=True, by_method=True
    ),
)


def find_protocol(name: str) -> Protocol:
    """Find a protocol by name.

    Raises:
        InputError: No protocol has that name; the message suggests the nearest.
    """
    names = [protocol.name for protocol in PROTOCOLS]
    if name in names:
        return PROTOCOLS[names.index(name)]
    hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
    raise InputError(f"no protocol is called {name!r}; {hint}")
