"""Probe what else could explain a score: packaging, codec traces, identities, or our own mark.

Each probe is a small classifier without access to the evidence that a detector should use. It is tested on people that
it was not fitted on. Where it succeeds, a detector's success on the same files proves less. `metadata` needs no network
and loads none.
"""

from __future__ import annotations

from .codec import probe_codec
from .identity import probe_identity
from .mark import probe_mark
from .metadata import check_packaging, probe_metadata, probe_packaging
from .outcome import Outcome

__all__ = [
    "Outcome",
    "check_packaging",
    "probe_codec",
    "probe_identity",
    "probe_mark",
    "probe_metadata",
    "probe_packaging",
]
