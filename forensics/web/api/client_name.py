"""Take a client's name of a file as a name on disk, where it can do no harm."""

from __future__ import annotations

import re

LONGEST_NAME = 255

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_LONGEST_ON_DISK = 100


def name_on_disk(name: str) -> str:
    """Return the last part of a name, without what a file system or a shell could misread; `upload` for nothing.

    Args:
        name: The name that a client gave.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = _FORBIDDEN.sub("_", last).strip(" .").encode("utf-8", "replace").decode("utf-8", "replace")
    while len(plain.encode()) > _LONGEST_ON_DISK:
        plain = plain[1:]
    return plain.lstrip("-") or "upload"
