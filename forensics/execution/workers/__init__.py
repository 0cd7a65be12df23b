"""Worker pools: many independent tasks on warm workers, in this process, in several, or on a Ray cluster.

Only the light part stands here: nothing that computes is imported before a worker is asked to.
"""

from .config import LOCAL, RAY, SERIAL, Prepare, Work, WorkerConfig
from .threads import one_thread, one_thread_each
from .worker_pool import WorkerPool, open_pool

__all__ = [
    "LOCAL",
    "RAY",
    "SERIAL",
    "Prepare",
    "Work",
    "WorkerConfig",
    "WorkerPool",
    "one_thread",
    "one_thread_each",
    "open_pool",
]
