"""Ask what else a score could come from: packaging, codec traces, identities, our own mark.

Each probe is a small classifier that is kept from the evidence a detector should use, tried on people it was not fitted
on. Where it succeeds, a detector's success on the same files proves less. `metadata` needs no network and loads none.
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
