"""Export corpora as WebDataset tar shards, as Parquet, and as folders that the `datasets` library loads.

Only modules that load quickly are exported here. `exporting` and `unpacking` read and write, and are imported where
they are needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .exporting import Target, export_corpus
    from .index import is_export
    from .parquet import write_manifest_parquet
    from .planning import ShardPlan, plan_shards
    from .unpacking import unpack_corpus
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "ShardPlan",
    "Target",
    "export_corpus",
    "is_export",
    "plan_shards",
    "unpack_corpus",
    "write_manifest_parquet",
]
