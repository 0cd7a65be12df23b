"""Configure the log in the same way in the command and in the processes that it starts."""

from __future__ import annotations

import logging


def open_log(*, verbose: bool) -> None:
    """Write the log to stderr, either completely or errors only; warnings of libraries are part of it.

    Args:
        verbose: Whether to write the complete log.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(name)s: %(message)s")
    logging.captureWarnings(True)
