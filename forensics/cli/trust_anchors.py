"""Read root certificates that a user trusts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forensics.errors import InputError

_BEGIN = "-----BEGIN CERTIFICATE-----"


def read_anchors(paths: Sequence[Path]) -> tuple[str, ...]:
    """Read PEM files.

    Args:
        paths: Files with one or more certificates each.

    Raises:
        InputError: A file cannot be read or contains no certificate.
    """
    return tuple(read_pem(path) for path in paths)


def read_pem(path: Path) -> str:
    """Read the text of one PEM file.

    Args:
        path: A file with one or more certificates.

    Raises:
        InputError: The file cannot be read or contains no certificate.
    """
    try:
        text = path.read_text("utf-8-sig")  # bundles name their certificates in words
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as PEM; give a certificate in PEM form", path) from error
    if _BEGIN not in text:
        raise InputError(f"{path}: holds no certificate; give a certificate in PEM form", path)
    return text
