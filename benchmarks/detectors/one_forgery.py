"""Choose the samples of one forgery and the genuine ones to compare them with."""

from __future__ import annotations

from collections.abc import Iterable

from forensics.corpus import Label, Sample, Slice


def against_genuine(samples: Iterable[Sample], method: str) -> list[Sample]:
    """Return plain genuine samples and those of one forgery, in order.

    Args:
        samples: Samples of one split.
        method: Name of the forgery.
    """
    plain = (sample for sample in samples if sample.slice is Slice.MAIN)
    return [sample for sample in plain if sample.label is Label.GENUINE or sample.method == method]
