"""Root certificates that a user trusts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .errors import InputError

_BEGIN = "-----BEGIN CERTIFICATE-----"


def read_anchors(paths: Sequence[Path]) -> tuple[str, ...]:
    """Read PEM files.

    Args:
        paths: Files with one or more certificates each.

    Raises:
        InputError: A file cannot be read or holds no certificate.
    """
    anchors: list[str] = []
    for path in paths:
        try:
            text = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read as PEM; give a root certificate in PEM form", path) from error
        if _BEGIN not in text:
            raise InputError(f"{path}: holds no certificate; give a root certificate in PEM form", path)
        anchors.append(text)
    return tuple(anchors)
