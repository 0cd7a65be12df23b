"""Describe, divide, read and check labelled corpora.

Only modules that load quickly are exported here. `synthesize` and `folders` load other packages and are imported where
they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .attributes import ATTRIBUTES, attributes_of, read_attributes
    from .checks.check import Complaint, Fault, check_corpus, check_pictures, find_duplicates, find_leaks, tally
    from .checks.formats import Format, probe_format
    from .checks.near_pairs import near_pairs
    from .manifest import MANIFEST, Corpus, read_manifest, write_manifest, write_places
    from .masks import load_masks, mask_hash, mask_place, save_masks, take_masks
    from .media import read_frames
    from .sample import Label, Sample, Slice, Split
    from .segments import Segment, altered_frames, runs_of, segments_of, true_segments
    from .split import SHARES, components, split_by_identity
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "ATTRIBUTES",
    "MANIFEST",
    "SHARES",
    "Complaint",
    "Corpus",
    "Fault",
    "Format",
    "Label",
    "Sample",
    "Segment",
    "Slice",
    "Split",
    "altered_frames",
    "attributes_of",
    "check_corpus",
    "check_pictures",
    "components",
    "find_duplicates",
    "find_leaks",
    "load_masks",
    "mask_hash",
    "mask_place",
    "near_pairs",
    "probe_format",
    "read_attributes",
    "read_frames",
    "read_manifest",
    "runs_of",
    "save_masks",
    "segments_of",
    "split_by_identity",
    "take_masks",
    "tally",
    "true_segments",
    "write_manifest",
    "write_places",
]
