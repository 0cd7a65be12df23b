"""Check the keys of clients: who asks, what they may ask for, and how often.

A key is 32 random bytes. The file holds its SHA-256 only, so that whoever reads the file cannot ask with it; keys of
this length need no slow hash. Each line is `NAME SHA256 RIGHT[,RIGHT…]`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from forensics.errors import InputError

RIGHTS = ("lookup", "read", "examine", "sign", "seal", "metrics")
"""What a key may be allowed to ask for."""

_LINE = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,64})\s+(?P<digest>[0-9a-f]{64})\s+(?P<rights>[a-z,]+)")
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A client of the service.

    Attributes:
        name: Name of the client, for the log.
        digest: SHA-256 of its key, hexadecimal.
        rights: What it may ask for, of `RIGHTS`.
    """

    name: str
    digest: str = field(repr=False)
    rights: frozenset[str]


def read_keys(path: Path) -> tuple[ClientKey, ...]:
    """Read the file of keys.

    Raises:
        InputError: It cannot be read, others may change it, a line has another form, or a name stands twice.
    """
    try:
        if path.stat().st_mode & 0o022:
            raise InputError(f"{path}: can be changed by others; run chmod go-w on it", path)
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); make it with `facetrail serve --new-key`", path) from error
    keys: dict[str, ClientKey] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        found = _LINE.fullmatch(text)
        rights = frozenset(found["rights"].split(",")) if found else frozenset()
        if found is None or not rights.issubset(RIGHTS):
            raise InputError(f"{path}, line {number}: is no key; expected NAME SHA256 and {', '.join(RIGHTS)}", path)
        if found["name"] in keys:
            raise InputError(f"{path}, line {number}: {found['name']} stands twice", path)
        keys[found["name"]] = ClientKey(found["name"], found["digest"], rights)
    return tuple(keys.values())


def add_key(path: Path, name: str, rights: tuple[str, ...]) -> str:
    """Append a new key to the file, which is made where there is none, and return it; it is written nowhere else.

    Raises:
        InputError: The name is taken or cannot stand there, a right is unknown, or the file cannot be written.
    """
    if not _LINE.fullmatch(f"{name} {'0' * 64} {','.join(rights)}") or not set(rights).issubset(RIGHTS):
        raise InputError(f"{name!r} with {', '.join(rights)}: give letters, digits, and rights of {', '.join(RIGHTS)}")
    if path.exists() and name in [one.name for one in read_keys(path)]:
        raise InputError(f"{path}: has a key of {name} already; remove its line first", path)
    key = secrets.token_urlsafe(_KEY_BYTES)
    try:
        path.touch(mode=0o600)
        with path.open("a", encoding="ascii") as file:
            file.write(f"{name} {_digest(key)} {','.join(rights)}\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})", path) from error
    return key


def client_of(keys: tuple[ClientKey, ...], authorization: str | None) -> ClientKey | None:
    """Return whose key an `Authorization` header holds, or None.

    Args:
        keys: The known keys.
        authorization: The header's text, `Bearer KEY`.
    """
    kind, _, key = (authorization or "").partition(" ")
    if kind.lower() != "bearer":
        return None
    digest = _digest(key.strip())
    return next((one for one in keys if hmac.compare_digest(one.digest, digest)), None)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@dataclass(slots=True, eq=False)
class Budget:
    """Limit how often each client asks: a bucket that fills with time and holds the requests of one minute.

    Attributes:
        per_minute: Requests a minute, of each client; None for any number.
        clock: Returns the time in seconds.
    """

    per_minute: int | None
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, name: str) -> float:
        """Take one request of a client, and return 0; or return the seconds until the next one is allowed.

        Args:
            name: Name of the client.
        """
        if self.per_minute is None:
            return 0.0
        now = self.clock()
        left, then = self._left.get(name, (float(self.per_minute), now))
        left = min(left + (now - then) * self.per_minute / 60, float(self.per_minute))
        if left < 1:
            self._left[name] = (left, now)
            return (1 - left) * 60 / self.per_minute
        self._left[name] = (left - 1, now)
        return 0.0
