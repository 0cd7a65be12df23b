"""Corpora that travel: WebDataset tar shards, Parquet, and folders that the `datasets` library loads.

Only the light part stands here; `exporting` and `unpacking` read and write and are imported by who needs them.
"""

from .index import Index, Shard, is_export

__all__ = ["Index", "Shard", "is_export"]
