"""Run many independent tasks on warm workers: in this process, in several, or on a Ray cluster.

The result does not depend on the engine. Only modules that load quickly are exported here: no computing code is
imported before a worker needs it.
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
