"""Crews: many independent tasks on warm workers, in this process, in several, or on a Ray cluster, with one answer.

Only the light part stands here: nothing that computes is imported before a worker is asked to.
"""

from .config import ALONE, LOCAL, RAY, Labour, Prepare, Work
from .worker_pool import Crew, open_crew

__all__ = ["ALONE", "LOCAL", "RAY", "Crew", "Labour", "Prepare", "Work", "open_crew"]
