"""Declare `--kind`, what a user states about a file; there is no default, because nobody else can know."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from forensics.errors import UsageError

if TYPE_CHECKING:
    from watermark import PayloadKind

_MEANINGS = {
    "captured": "a camera or a microphone recorded it",
    "edited": "people changed a recording, without a generative model",
    "generated": "a generative model made it or a part of it",
    "control": "genuine, and marked for measurements",
}


def add_kind(parser: argparse.ArgumentParser, *kinds: str) -> None:
    """Declare `--kind`.

    Args:
        parser: The parser of the command.
        kinds: The kinds that the command accepts.
    """
    meanings = "; ".join(f"{kind}: {_MEANINGS[kind]}" for kind in kinds)
    parser.add_argument(
        "--kind", choices=kinds, help=f"where the file comes from: {meanings} (asked for where missing)"
    )
    parser.set_defaults(kinds=kinds)


def chosen_kind(options: argparse.Namespace) -> PayloadKind:
    """Return the kind that was given, or ask for it at a terminal.

    Raises:
        UsageError: It is missing and nobody can be asked, or the answer is none of the kinds.
    """
    from watermark import PayloadKind

    if options.kind is not None:
        return PayloadKind(options.kind)
    kinds = ", ".join(options.kinds)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"say with --kind where the file comes from ({kinds}); the credential states it under your name"
        )
    for kind in options.kinds:
        sys.stderr.write(f"  {kind:<10} {_MEANINGS[kind]}\n")
    sys.stderr.write(f"Where does the file come from? Type one of: {kinds}\n")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().lower()
    if answer not in options.kinds:
        raise UsageError(f"{answer!r} is none of {kinds}")
    return PayloadKind(answer)
