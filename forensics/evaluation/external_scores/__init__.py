"""Read scores of other programs, name their videos and people, and compare published numbers with corrected ones."""

from .columns import GUESSES, parse_columns
from .grouping import SampleUnit
from .importing import ForeignScores, read_answers, read_foreign
from .published_beside_ours import BESIDE_NAME, Beside, describe_beside, put_beside, write_beside

__all__ = [
    "BESIDE_NAME",
    "GUESSES",
    "Beside",
    "ForeignScores",
    "SampleUnit",
    "describe_beside",
    "parse_columns",
    "put_beside",
    "read_answers",
    "read_foreign",
    "write_beside",
]
