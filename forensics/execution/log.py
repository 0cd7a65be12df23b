"""Where the log goes, the same in the command and in the processes it starts."""

from __future__ import annotations

import logging


def open_log(*, verbose: bool) -> None:
    """Send the log to stderr: all of it, or errors only; what libraries warn of is part of it.

    Args:
        verbose: All of it.
    """
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, format="%(name)s: %(message)s")
    logging.captureWarnings(True)
